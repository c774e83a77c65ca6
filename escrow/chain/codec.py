"""Turns calls, events and errors of our contracts into bytes and back. Pure: asks no node.

The committed artifacts of chain/abi are the only description of the contracts.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi.abi import decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.abi import (
    abi_to_signature,
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
    function_signature_to_4byte_selector,
)
from eth_utils.abi import get_abi_input_types as input_types

from escrow.chain.addresses import checksum
from escrow.chain.types import DecodedEvent, RawLog, TradeTerms

ABI_FOLDER = Path(__file__).with_name("abi")
PANIC_SELECTOR, REASON_SELECTOR = "4e487b71", "08c379a0"


class CallMalformed(ValueError):
    """The arguments do not fit the function; the text names both."""


@cache
def artifact(name: str) -> dict[str, Any]:
    """The committed artifact of a contract: abi, bytecode and deployedBytecode."""
    loaded: dict[str, Any] = json.loads((ABI_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def encode_call(function: str, *arguments: Any, contract: str = "Escrow") -> str:
    """The calldata of a function call as "0x" text; structs are tuples.

    Raises: CallMalformed.
    """
    described = _entries(contract, "function")[function]
    try:
        encoded = abi_encode(input_types(described), arguments)
    except (EncodingError, TypeError, ValueError) as error:
        raise CallMalformed(f"{function} cannot be called with {arguments!r}: {error}") from error
    return "0x" + (function_abi_to_4byte_selector(described) + encoded).hex()


def decode_result(function: str, result: str, contract: str = "Escrow") -> tuple[Any, ...]:
    """The return values of a function.

    Raises: DecodingError when the node's answer is no such result.
    """
    described = _entries(contract, "function")[function]
    outputs = [output["type"] for output in described["outputs"]]
    return tuple(decode(outputs, bytes.fromhex(result[2:])))


def contract_signature_question(digest: bytes, signature: bytes) -> str:
    """The calldata that asks a contract account about a signature (EIP-1271)."""
    selector = function_signature_to_4byte_selector("isValidSignature(bytes32,bytes)")
    return "0x" + (selector + abi_encode(["bytes32", "bytes"], [digest, signature])).hex()


def constructor_data(contract: str, *arguments: Any) -> str:
    """The data of the transaction that deploys a contract."""
    described: dict[str, Any] = next(
        (e for e in artifact(contract)["abi"] if e["type"] == "constructor"), {"inputs": []}
    )
    types = [entry["type"] for entry in described["inputs"]]
    return str(artifact(contract)["bytecode"]) + abi_encode(types, arguments).hex()


def decode_event(log: RawLog) -> DecodedEvent | None:
    """The event in a log of our contract, or None when its topic is none of ours.

    Integers become decimal text, bytes "0x" text, addresses EIP-55, structs dicts.
    """
    described = _events().get(log.topics[0]) if log.topics else None
    if described is None:
        return None
    indexed = [entry for entry in described["inputs"] if entry["indexed"]]
    plain = [entry for entry in described["inputs"] if not entry["indexed"]]
    try:
        values = decode([_type_of(entry) for entry in plain], bytes.fromhex(log.data[2:]))
        topics = [
            decode([e["type"]], bytes.fromhex(t[2:]))[0]
            for e, t in zip(indexed, log.topics[1:], strict=True)
        ]
    except (DecodingError, ValueError):
        return None
    args = {
        entry["name"]: _readable(entry, value)
        for entry, value in zip(plain + indexed, [*values, *topics], strict=True)
    }
    return DecodedEvent(name=described["name"], trade_id=str(args.pop("id", "")), args=args)


def decode_error(data: str) -> tuple[str, dict[str, str]] | None:
    """The name and arguments of a custom error, or None when the data is none of those in error_names.

    Arguments are texts: decimal for integers.
    """
    selector = data[2:10]
    if selector in (PANIC_SELECTOR, REASON_SELECTOR):
        return ("Panic" if selector == PANIC_SELECTOR else "Reason"), {"data": data}
    described = _errors().get(selector)
    if described is None:
        return None
    try:
        values = decode(input_types(described), bytes.fromhex(data[10:]))
    except (DecodingError, ValueError):
        return None
    pairs = zip(described["inputs"], values, strict=True)
    return described["name"], {
        entry["name"]: str(_readable(entry, value)) for entry, value in pairs
    }


def called_trade(data: str) -> tuple[str, str]:
    """The function that calldata calls and the id of the trade it brings; both empty when it is none of ours."""
    described = _functions().get(data[2:10])
    if described is None:
        return "", ""
    inputs = described["inputs"]
    if not inputs or inputs[0]["type"] != "tuple":
        return described["name"], ""
    try:
        values = decode(input_types(described), bytes.fromhex(data[10:]))
    except (DecodingError, ValueError):
        return "", ""
    return described["name"], TradeTerms.from_typed(_readable(inputs[0], values[0])).trade_id


def error_names() -> list[str]:
    """The names of all custom errors of the escrow contract, and of Permit2, which speaks through it when it funds."""
    return sorted(entry["name"] for entry in _errors().values())


def event_topic(name: str) -> str:
    """The first topic of an event of the escrow contract."""
    return "0x" + event_abi_to_log_topic(_entries("Escrow", "event")[name]).hex()


def event_topics() -> Collection[str]:
    """The first topics of all events of the escrow contract."""
    return _events().keys()


@cache
def _entries(contract: str, kind: str) -> dict[str, Any]:
    return {entry["name"]: entry for entry in artifact(contract)["abi"] if entry["type"] == kind}


@cache
def _functions() -> dict[str, Any]:
    functions = _entries("Escrow", "function").values()
    return {function_abi_to_4byte_selector(entry).hex(): entry for entry in functions}


@cache
def _events() -> dict[str, Any]:
    return {event_topic(name): entry for name, entry in _entries("Escrow", "event").items()}


@cache
def _errors() -> dict[str, Any]:
    # A custom error's selector is that of a function with the same signature.
    errors = [entry for name in ("Escrow", "Permit2") for entry in _entries(name, "error").values()]
    return {
        function_signature_to_4byte_selector(abi_to_signature(entry)).hex(): entry
        for entry in errors
    }


def _type_of(entry: dict[str, Any]) -> str:
    if not entry["type"].startswith("tuple"):
        return str(entry["type"])
    inner = ",".join(_type_of(component) for component in entry["components"])
    return f"({inner}){entry['type'].removeprefix('tuple')}"


def _readable(entry: dict[str, Any], value: Any) -> Any:
    if entry["type"] == "tuple":
        return {
            part["name"]: _readable(part, item)
            for part, item in zip(entry["components"], value, strict=True)
        }
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if entry["type"] == "address":
        return checksum(value)
    return str(value) if isinstance(value, int) else value
