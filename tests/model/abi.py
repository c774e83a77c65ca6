"""The contract's functions, errors and events as bytes: the little of the ABI that the replay needs, written out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from eth_hash.auto import keccak

from tests.model.contract import Event
from tests.model.messages import Keys, Plain, Signature, Trade

_T = "(address,address,address,uint128,address,uint16,uint32,uint32,uint32,bytes32)"

# By the names of the model's methods.
FUNCTIONS = {
    "fund": f"fund({_T})",
    "fund_with_permit": f"fundWithPermit({_T},uint256,uint8,bytes32,bytes32)",
    "fund_with_permit2": f"fundWithPermit2({_T},uint256,uint256,bytes)",
    "mark_paid": f"markPaid({_T})",
    "mark_paid_by_sig": f"markPaidBySig({_T},uint256,bytes)",
    "batch_mark_paid": f"batchMarkPaid(({_T},uint256,bytes)[])",
    "grant_time": f"grantTime({_T},uint40)",
    "grant_time_by_sig": f"grantTimeBySig({_T},uint40,uint256,bytes)",
    "reclaim": f"reclaim({_T})",
    "reclaim_by_sig": f"reclaimBySig({_T},uint256,bytes)",
    "release": f"release({_T})",
    "release_by_sig": f"releaseBySig({_T},uint256,bytes)",
    "batch_release": f"batchRelease(({_T},uint256,bytes)[])",
    "cancel": f"cancel({_T})",
    "cancel_by_sig": f"cancelBySig({_T},uint256,bytes)",
    "settle": f"settle({_T},uint128,uint256,bytes,bytes)",
    "dispute": f"dispute({_T},bytes32)",
    "dispute_by_sig": f"disputeBySig({_T},bytes32,address,uint256,bytes)",
    "rule": f"rule({_T},uint128,bytes32)",
    "rule_by_sig": f"ruleBySig({_T},uint128,bytes32,uint256,bytes)",
    "dispute_and_rule": f"disputeAndRule({_T},uint128,bytes32,address,bytes32,bytes,uint256)",
    "timeout": f"timeout({_T})",
    "withdraw": "withdraw(address,address)",
    "withdraw_by_sig": "withdrawBySig(address,address,uint256,address,uint256,bytes)",
    "withdraw_fees": "withdrawFees(address)",
    # What the world's steps call.
    "approve": "approve(address,uint256)",
    "set_mood": "setMood(uint8)",
    "set_oddity": "setOddity(uint8)",
    "set_cut": "setCut(uint256)",
    "set_blocked": "setBlocked(address,bool)",
}

ERRORS = {
    "BadState": "bytes32,uint8",
    "NotSeller": "address",
    "NotBuyer": "address",
    "NotArbitrator": "address",
    "NotParty": "address",
    "TooEarly": "uint256,uint256",
    "TooLate": "uint256,uint256",
    "Expired": "uint256,uint256",
    "BadSignature": "address",
    "BadParties": "address,address,address",
    "ZeroAmount": "",
    "FeeTooHigh": "uint256,uint256",
    "PayWindowOutOfRange": "uint256,uint256,uint256",
    "ReleaseWindowOutOfRange": "uint256,uint256,uint256",
    "RulingWindowOutOfRange": "uint256,uint256,uint256",
    "PayByOutOfRange": "uint256,uint256,uint256",
    "ShareTooLarge": "uint256,uint256",
    "WrongValue": "uint256,uint256",
    "NotAToken": "address",
    "TransferFailed": "address,address,address,uint256",
    "WrongAmountReceived": "uint256,uint256",
    "BatchTooLong": "uint256,uint256",
    "NoCredit": "address,address",
    "WrongCredit": "uint256,uint256",
    "BadRecipient": "address",
    "NoFees": "address",
    # Of Permit2 and the token library that it uses.
    "SignatureExpired": "uint256",
    "InvalidNonce": "",
    "InvalidSigner": "",
    "InvalidSignature": "",
    "InvalidSignatureLength": "",
    "InvalidContractSignature": "",
    "Error": "string",
}

# The types, and how many of them, from the first on, are topics.
EVENTS = {
    "Funded": (f"bytes32,address,address,{_T}", 3),
    "MarkedPaid": ("bytes32", 1),
    "TimeGranted": ("bytes32,uint40", 1),
    "Disputed": ("bytes32,address,bytes32", 2),
    "Released": ("bytes32", 1),
    "Cancelled": ("bytes32", 1),
    "Reclaimed": ("bytes32", 1),
    "Settled": ("bytes32,uint128", 1),
    "Ruled": ("bytes32,uint128,bytes32", 1),
    "TimedOut": ("bytes32,uint128", 1),
    "Credited": ("bytes32,address,address,uint256", 3),
    "Withdrawn": ("address,address,address,uint256", 2),
    "FeesWithdrawn": ("address,uint256", 1),
}


def call(function: str, arguments: Sequence[object], keys: Keys) -> bytes:
    """The calldata of a call, with every signature made."""
    values = [_spelled(argument, keys) for argument in arguments]
    if function == "fund_with_permit":
        values[2:] = _permit(arguments[2], keys)
    return _selector(FUNCTIONS[function]) + encode(values)


def error(name: str, arguments: Sequence[object]) -> bytes:
    """What a refused call answers."""
    return _selector(f"{name}({ERRORS[name]})") + encode(arguments) if name else b""


def log(event: Event) -> tuple[list[object], bytes]:
    """The topics and the data of an event."""
    name, *values = event
    types, indexed = EVENTS[str(name)]
    return [_topic(f"{name}({types})"), *values[:indexed]], encode(values[indexed:])


def encode(values: Sequence[object]) -> bytes:
    """abi.encode of numbers, bytes, Trades, tuples and lists of them."""
    heads: list[bytes] = []
    tails: list[bytes] = []
    offset = sum(_head_size(value) for value in values)
    for value in values:
        if not _is_dynamic(value):
            heads.append(_fixed(value))
            continue
        tail = _tail(value)
        heads.append(offset.to_bytes(32, "big"))
        tails.append(tail)
        offset += len(tail)
    return b"".join(heads + tails)


def _is_dynamic(value: object) -> bool:
    if isinstance(value, bytes | list):
        return True
    return isinstance(value, tuple) and any(_is_dynamic(item) for item in value)


def _head_size(value: object) -> int:
    return 32 * len(value) if isinstance(value, tuple) and not _is_dynamic(value) else 32


def _fixed(value: object) -> bytes:
    if isinstance(value, tuple):
        return b"".join(_fixed(item) for item in value)
    assert isinstance(value, int)
    return value.to_bytes(32, "big")


def _tail(value: object) -> bytes:
    if isinstance(value, bytes):
        return _fixed(len(value)) + value + bytes(-len(value) % 32)
    if isinstance(value, list):
        return _fixed(len(value)) + encode(value)
    assert isinstance(value, tuple)
    return encode(value)


def _spelled(argument: object, keys: Keys) -> object:
    if isinstance(argument, Signature | Plain):
        return keys.bytes_of(argument)
    if isinstance(argument, list):
        return [tuple(_spelled(part, keys) for part in item) for item in argument]
    return tuple(argument) if isinstance(argument, Trade) else argument


def _permit(spoken: object, keys: Keys) -> tuple[int, int, int]:
    if not isinstance(spoken, Signature):
        return (0, 0, 0)
    r, s, v = keys.sign(spoken)
    return (v, r, s)


@lru_cache(maxsize=128)
def _selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


@lru_cache(maxsize=32)
def _topic(signature: str) -> int:
    return int.from_bytes(keccak(signature.encode()), "big")
