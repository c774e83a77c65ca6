"""The public keys of the devnet's cast. Worth nothing anywhere else: everybody knows the words."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from eth_account import Account
from eth_account.signers.local import LocalAccount

Signer = LocalAccount

DEVNET_CHAIN_ID = 72731
DEVNET_MNEMONIC = "test test test test test test test test test test test junk"
DEVNET_ACCOUNTS = 20

DEPLOYER, RELAYER, ARBITRATOR, OPERATOR = 0, 1, 2, 3
MARTA, JONAS, LUCIA, KOFI, AMINA, PAVEL = 4, 5, 6, 7, 8, 9
ALICE, BOB, CAROL, DANA = 10, 11, 12, 13


@cache
def cast_account(index: int) -> LocalAccount:
    """The signing account of one member of the devnet's cast, 0 .. 19.

    Raises: IndexError outside that range.
    """
    if not 0 <= index < DEVNET_ACCOUNTS:
        raise IndexError(f"The devnet has accounts 0 to {DEVNET_ACCOUNTS - 1}.")
    Account.enable_unaudited_hdwallet_features()
    account: LocalAccount = Account.from_mnemonic(
        DEVNET_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}"
    )
    return account


class NoRelayerKey(Exception):
    """RELAYER_KEY is empty on a chain that is not the devnet: nothing can be relayed until it is set."""


def relayer_account() -> LocalAccount:
    """The gas account: RELAYER_KEY, or on the devnet the cast's relayer when that is empty.

    Raises: NoRelayerKey.
    """
    if settings.RELAYER_KEY:
        account: LocalAccount = Account.from_key(settings.RELAYER_KEY)
        return account
    if settings.CHAIN_ID != DEVNET_CHAIN_ID:
        raise NoRelayerKey(NoRelayerKey.__doc__)
    return cast_account(RELAYER)
