"""EIP-712 hashing, signatures and commitments, for the types in typed_data.json.

Strict on purpose: a message must carry exactly the fields of its type, in the types' own ranges, or it is refused; a
missing or surplus field would make a signature mean something else than the page said.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from escrow.chain.addresses import checksum

TYPES_PATH = Path(__file__).with_name("typed_data.json")
HALF_CURVE_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0

# What String.prototype.trim removes, spelled out: Python's own strip differs in six characters.
_TRIMMED = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,77})\Z")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*\Z")

Message = Mapping[str, Any]


class MessageRefused(ValueError):
    """A typed message does not have exactly the fields and ranges of its type."""


class SignatureRefused(ValueError):
    """The signature is malformed: wrong length, high s, or not a point of the curve."""


def hash_struct(primary: str, message: Message) -> bytes:
    """The 32-byte hashStruct of a message.

    Integers may be int or decimal text, bytes32 values "0x" text or bytes.
    Raises: MessageRefused.
    """
    if primary not in types():
        raise MessageRefused(f"There is no message type {primary}.")
    return keccak(_type_hash(primary) + _encoded_fields(primary, message))


def domain_separator(*, chain_id: int, contract: str) -> bytes:
    """The hash of our domain on one chain and contract."""
    return hash_struct("EIP712Domain", _domain(chain_id, contract))


def digest(primary: str, message: Message, *, chain_id: int, contract: str) -> bytes:
    """The 32 bytes that a wallet signs for a message.

    Raises: MessageRefused.
    """
    separator = domain_separator(chain_id=chain_id, contract=contract)
    return keccak(b"\x19\x01" + separator + hash_struct(primary, message))


def typed_message(primary: str, message: Message, chain_id: int, contract: str) -> dict[str, Any]:
    """The complete eth_signTypedData_v4 document, ready for JSON: integers are decimal text, bytes32 "0x" text.

    Raises: MessageRefused.
    """
    hash_struct(primary, message)
    names = sorted(_dependencies(primary))
    return {
        "types": {name: types()[name] for name in ["EIP712Domain", primary, *names]},
        "primaryType": primary,
        "domain": _domain(chain_id, contract),
        "message": _as_json(primary, message),
    }


def recover(digest_bytes: bytes, signature: str | bytes) -> str:
    """The address whose key made the signature; 65 bytes, or 64 in the EIP-2098 form, low s only.

    Raises: SignatureRefused.
    """
    raw = _signature_bytes(signature)
    if len(raw) == 64:
        y_parity, s = raw[32] >> 7, bytes([raw[32] & 0x7F]) + raw[33:]
        raw = raw[:32] + s + bytes([27 + y_parity])
    if len(raw) != 65 or raw[64] not in (27, 28):
        raise SignatureRefused("The signature has the wrong length. Sign again in the wallet.")
    if int.from_bytes(raw[32:64], "big") > HALF_CURVE_ORDER:
        raise SignatureRefused(
            "The signature is not in its canonical form. Sign again in the wallet."
        )
    try:
        found = Signature(raw[:64] + bytes([raw[64] - 27])).recover_public_key_from_msg_hash(
            digest_bytes
        )
    except (BadSignature, ValueError) as error:
        raise SignatureRefused(
            "The signature does not belong to any account. Sign again in the wallet."
        ) from error
    return str(to_checksum_address(found.to_address()))


def is_signed_by(account: str, digest_bytes: bytes, signature: str | bytes) -> bool:
    """Whether the account stands behind the signature: by its key first, else by its EIP-1271 contract.

    The order is the contract's own, so that what passes here passes on chain. Asks the node only when the key fails.
    """
    try:
        if recover(digest_bytes, signature) == to_checksum_address(account):
            return True
    except SignatureRefused:
        pass
    # Imported late: the gateway needs this module for the terms it encodes.
    from escrow.chain.gateway import gateway

    return gateway().is_contract_signature(account, digest_bytes, _signature_bytes(signature))


def canonical(details: Mapping[Any, Any]) -> str:
    """Account details as the one text that is committed to: JSON, sorted keys, no spaces, NFC, trimmed values.

    Byte for byte what the page makes of it. Raises: MessageRefused when a key is not ASCII text or a value not text.
    """
    if not all(isinstance(key, str) and key.isascii() for key in details):
        raise MessageRefused("The names of account details must be plain texts.")
    clean = {
        key: unicodedata.normalize("NFC", _text(details[key], key)).strip(_TRIMMED)
        for key in details
    }
    return json.dumps(clean, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def commitment(details: Mapping[str, str], salt: str | bytes) -> str:
    """keccak256(abi.encode(salt, keccak256(canonical details))) as "0x" text.

    Raises: MessageRefused.
    """
    hashed = keccak(text=canonical(details))
    return "0x" + keccak(encode(["bytes32", "bytes32"], [_bytes32(salt), hashed])).hex()


def method_salt(offer_salt: str | bytes, code: str) -> str:
    """The salt of one payment method of an offer: keccak256(abi.encode(offer salt, keccak256(code)))."""
    return (
        "0x"
        + keccak(encode(["bytes32", "bytes32"], [_bytes32(offer_salt), keccak(text=code)])).hex()
    )


def device_hash(signing_key: bytes, agreement_key: bytes) -> str:
    """keccak256 of the Ed25519 signing key followed by the X25519 agreement key, 32 bytes each.

    Raises: MessageRefused when a key has another length.
    """
    if len(signing_key) != 32 or len(agreement_key) != 32:
        raise MessageRefused("A device key has the wrong length.")
    return "0x" + keccak(signing_key + agreement_key).hex()


@cache
def types() -> dict[str, list[dict[str, str]]]:
    """All types of typed_data.json: name -> ordered fields."""
    loaded: dict[str, list[dict[str, str]]] = _document()["types"]
    return loaded


def encode_type(primary: str) -> str:
    """The type text of EIP-712: the type itself, then those it uses in alphabetical order."""
    names = [primary, *sorted(_dependencies(primary))]
    return "".join(
        f"{name}({','.join(f['type'] + ' ' + f['name'] for f in types()[name])})" for name in names
    )


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(TYPES_PATH.read_text(encoding="utf-8"))
    return document


def _domain(chain_id: int, contract: str) -> dict[str, Any]:
    return {
        **_document()["domain"],
        "chainId": chain_id,
        "verifyingContract": to_checksum_address(contract),
    }


@cache
def _type_hash(primary: str) -> bytes:
    return keccak(text=encode_type(primary))


@cache
def _dependencies(primary: str) -> frozenset[str]:
    found: set[str] = set()
    for field in types()[primary]:
        name = field["type"].removesuffix("[]")
        if name in types():
            found |= {name} | _dependencies(name)
    return frozenset(found)


def _encoded_fields(primary: str, message: Message) -> bytes:
    fields = _fields(primary)
    if set(message) != fields.keys():
        wrong = sorted(set(message) ^ fields.keys())
        raise MessageRefused(f"{primary} has missing or surplus fields: {', '.join(wrong)}.")
    return b"".join(_encoded(kind, message[name], where) for name, (kind, where) in fields.items())


@cache
def _fields(primary: str) -> dict[str, tuple[str, str]]:
    """By name, in order: a field's type, and what a refusal calls it."""
    return {f["name"]: (f["type"], f"{primary}.{f['name']}") for f in types()[primary]}


def _encoded(kind: str, value: Any, where: str) -> bytes:
    if kind.endswith("[]"):
        if not isinstance(value, list | tuple):
            raise MessageRefused(f"{where} must be a list.")
        return keccak(b"".join(_encoded(kind[:-2], item, where) for item in value))
    if kind.startswith("uint"):
        return _uint(kind, value, where)
    if kind == "address":
        return bytes.fromhex(_address(value, where)[2:]).rjust(32, b"\0")
    if kind == "bytes32":
        return _bytes32(value)
    if kind == "string":
        return keccak(_text(value, where).encode())
    return hash_struct(kind, value)


def _uint(kind: str, value: Any, where: str) -> bytes:
    number = _integer(value, where)
    if not 0 <= number < 1 << int(kind.removeprefix("uint")):
        raise MessageRefused(f"{where} does not fit {kind}: {value!r}.")
    return number.to_bytes(32, "big")


def _address(value: Any, where: str) -> str:
    if not isinstance(value, str) or not _ADDRESS.match(value):
        raise MessageRefused(f"{where} must be an address.")
    checksummed, digits = checksum(value), value[2:]
    if value != checksummed and not digits.islower() and not digits.isupper():
        raise MessageRefused(f"{where} is a mistyped address: {value}.")
    return checksummed


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or any("\ud800" <= character <= "\udfff" for character in value):
        raise MessageRefused(f"{where} must be a text.")
    return value


def _integer(value: Any, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _DECIMAL.match(value):
        return int(value)
    raise MessageRefused(f"{where} must be a whole number.")


def _bytes32(value: object) -> bytes:
    raw = bytes.fromhex(value[2:]) if isinstance(value, str) and _HEX.match(value) else value
    if not isinstance(raw, bytes) or len(raw) != 32:
        raise MessageRefused(f"{value!r} is not a 32-byte value.")
    return bytes(raw)


def _signature_bytes(signature: str | bytes) -> bytes:
    if isinstance(signature, bytes):
        return bytes(signature)
    if not _HEX.match(signature):
        raise SignatureRefused("The signature is not a hexadecimal text. Sign again in the wallet.")
    return bytes.fromhex(signature[2:])


def _as_json(primary: str, message: Message) -> dict[str, Any]:
    return {
        field["name"]: _json_value(field["type"], message[field["name"]])
        for field in types()[primary]
    }


def _json_value(kind: str, value: Any) -> Any:
    if kind.endswith("[]"):
        return [_json_value(kind[:-2], item) for item in value]
    if kind in types():
        return _as_json(kind, value)
    if kind.startswith("uint"):
        return str(value)
    if kind == "bytes32":
        return "0x" + _bytes32(value).hex()
    return to_checksum_address(value) if kind == "address" else value
