"""Asks an account whether a signature is its own, for what never goes to the chain: signing in.

Key first, then the account's contract (EIP-1271), then, for a wallet that does not stand there yet, the factory that the
signature names (ERC-6492). Everything is one eth_call on the newest block: nothing is ever sent, and whatever a factory does
is forgotten with the call. Moves are checked by `typed_data.is_signed_by` instead, as the contract itself checks them,
which knows no wallet that is not there.
"""

from __future__ import annotations

from enum import Enum

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address

from escrow.chain.codec import constructor_data
from escrow.chain.gateway import Gateway, gateway
from escrow.chain.typed_data import SignatureRefused, recover

ERC6492_SUFFIX = bytes.fromhex("6492" * 16)
# What contracts/src/offchain/AskWallet.sol gives factory and wallet, and a little for itself.
ERC6492_GAS = 4_000_000

_KEY_SIGNATURE_LENGTHS = (64, 65)


class Answer(Enum):
    """What came of asking."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    # No contract stands at the address, and the signature brings none along.
    NOT_THERE = "not there"


def ask_account(account: str, digest: bytes, signature: bytes) -> Answer:
    """Whether the account stands behind the signature now. The node is asked only when no key of the account made it.

    Raises: NodeUnavailable.
    """
    if _is_by_key(account, digest, signature):
        return Answer.ACCEPTED
    return ask_contract(gateway(), account, digest, signature)


def ask_contract(node: Gateway, account: str, digest: bytes, signature: bytes) -> Answer:
    """As ask_account, for an account without a key.

    Raises: NodeUnavailable.
    """
    wrapped = _unwrapped(signature)
    if node.rpc.ask_always("eth_getCode", account, "latest") not in ("0x", ""):
        # A factory is never called for a wallet that is there: the call would be a stranger's words to anybody's contract.
        return _ask_there(node, account, digest, signature if wrapped is None else wrapped[2])
    if wrapped is None:
        return Answer.NOT_THERE
    return _ask_not_yet_there(node, account, digest, wrapped)


def is_key_signature(signature: bytes) -> bool:
    """Whether the signature has the length of one made by a key."""
    return len(signature) in _KEY_SIGNATURE_LENGTHS


def _is_by_key(account: str, digest: bytes, signature: bytes) -> bool:
    try:
        return recover(digest, signature) == to_checksum_address(account)
    except SignatureRefused:
        return False


def _unwrapped(signature: bytes) -> tuple[str, bytes, bytes] | None:
    """Factory, its calldata and the signature inside, or None when the signature is a plain one or no such thing."""
    if not signature.endswith(ERC6492_SUFFIX):
        return None
    try:
        factory, call, inner = decode(
            ["address", "bytes", "bytes"], signature[: -len(ERC6492_SUFFIX)]
        )
    except (DecodingError, ValueError, OverflowError):
        return None
    return str(to_checksum_address(factory)), bytes(call), bytes(inner)


def _ask_there(node: Gateway, account: str, digest: bytes, signature: bytes) -> Answer:
    accepts = node.is_contract_signature(account, digest, signature)
    return Answer.ACCEPTED if accepts else Answer.REFUSED


def _ask_not_yet_there(
    node: Gateway, account: str, digest: bytes, wrapped: tuple[str, bytes, bytes]
) -> Answer:
    data = constructor_data("AskWallet", account, digest, *wrapped)
    answer = node.ask_within({"data": data}, ERC6492_GAS)
    found = {f"{2:064x}": Answer.ACCEPTED, f"{1:064x}": Answer.REFUSED}
    return found.get(answer, Answer.NOT_THERE)
