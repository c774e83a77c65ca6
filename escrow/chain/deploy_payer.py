"""Who pays for a deployment: a key file that its owner opens with a password, or an account that the node itself holds.

No key is taken from the command line or from the hub's environment, and none is kept after the one transaction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from eth_account import Account
from eth_utils.address import is_address, to_checksum_address

from escrow.chain.rpc import NodeRefused, NodeUnavailable, Rpc

# What nodes say when an earlier try, whose answer was lost, had reached them.
_KNOWN = re.compile(r"already (known|imported)|known transaction", re.I)


class NoPayer(Exception):
    """The paying account cannot be used; the text says why. Nothing was sent."""


class Payer(Protocol):
    """An account that pays for gas."""

    @property
    def address(self) -> str:
        """In its EIP-55 form."""
        ...

    def send(self, rpc: Rpc, transaction: dict[str, Any]) -> str:
        """Sign and hand over; the transaction's hash."""
        ...


class KeyFile:
    """A key file as wallets and nodes write it (web3 secret storage); the password is asked only when sending."""

    def __init__(self, path: Path, ask_password: Callable[[str], str]) -> None:
        try:
            self._content = json.loads(path.read_text(encoding="utf-8"))
            found = "0x" + str(self._content["address"]).removeprefix("0x")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoPayer(
                f"{path} is not a key file with its address in it. Nothing was sent."
            ) from error
        self.address = _checksummed(found)
        self._ask_password = ask_password

    def send(self, rpc: Rpc, transaction: dict[str, Any]) -> str:
        """Open the file, sign, hand over; the transaction's hash.

        Raises: NoPayer, NodeRefused.
        """
        password = self._ask_password(f"Password of the key file of {self.address}: ")
        try:
            account = Account.from_key(Account.decrypt(self._content, password))
        except (ValueError, KeyError, TypeError) as error:
            raise NoPayer("The password does not open this key file. Nothing was sent.") from error
        if account.address != self.address:
            raise NoPayer(
                f"The key file says {self.address}, but holds the key of {account.address}. Nothing was sent."
            )
        signed = account.sign_transaction({"type": 2, **transaction})
        tx_hash = "0x" + bytes(signed.hash).hex()
        try:
            rpc.ask_always("eth_sendRawTransaction", "0x" + bytes(signed.raw_transaction).hex())
        except NodeUnavailable:
            # It may have arrived all the same: whoever waits for the hash will see.
            return tx_hash
        except NodeRefused as error:
            if not _KNOWN.search(error.message):
                raise
        return tx_hash


class NodeAccount:
    """An account whose key the node holds, unlocked."""

    def __init__(self, rpc: Rpc, address: str) -> None:
        self.address = _checksummed(address)
        held = {str(to_checksum_address(found)) for found in rpc.ask_always("eth_accounts")}
        if self.address not in held:
            raise NoPayer(f"The node holds no account {self.address}. Nothing was sent.")

    def send(self, rpc: Rpc, transaction: dict[str, Any]) -> str:
        """Let the node sign and send; the transaction's hash.

        Raises: NodeRefused, NodeUnavailable.
        """
        fields = {
            name: hex(value) if isinstance(value, int) else value
            for name, value in transaction.items()
        }
        return str(rpc.ask_always("eth_sendTransaction", {"from": self.address, **fields}))


def _checksummed(text: str) -> str:
    if not is_address(text):
        raise NoPayer(f"“{text}” is not an address. Nothing was sent.")
    return str(to_checksum_address(text))
