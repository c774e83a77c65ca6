"""The hub's log: the hash of each entry, the chain of heads, and the hub's signature under them (docs/CHAT.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chat.sealed.errors import Unsealed, must
from chat.sealed.keys import verifies
from chat.sealed.layout import LARGEST_WHOLE
from chat.sealed.reading import label, u8, u64
from realtime.strict import strict_value

KINDS: Final[Mapping[str, int]] = {"message": 1, "key": 2, "system": 3, "staff": 4}


def entry_hash(seq: int, at: int, kind: str, content: bytes) -> bytes:
    """The hash of one entry; `at` in Unix seconds, `content` the envelope, the statement or the line's canonical JSON."""
    place = u64(seq) + u64(at) + u8(KINDS[kind])
    return sha256(label("parley entry 1") + place + sha256(content).digest()).digest()


def empty_head(room: bytes) -> bytes:
    """The head of a log without entries."""
    return sha256(label("parley log 1") + room).digest()


def next_head(head: bytes, entry: bytes) -> bytes:
    """The head after one more entry."""
    return sha256(head + entry).digest()


def receipt_bytes(room: bytes, seq: int, at: int, head: bytes) -> bytes:
    """What the hub signs: it stands for the whole log up to `seq`."""
    return label("parley receipt 1") + room + u64(seq) + u64(at) + head


def sign_receipt(hub: Ed25519PrivateKey, room: bytes, seq: int, at: int, head: bytes) -> bytes:
    """The hub's receipt for an entry."""
    return hub.sign(receipt_bytes(room, seq, at, head))


def is_receipt(hub: bytes, signature: bytes, room: bytes, seq: int, at: int, head: bytes) -> bool:
    """Whether the hub with this public key signed for the log up to `seq`."""
    return verifies(hub, signature, receipt_bytes(room, seq, at, head))


def canonical_json(value: Any) -> str:
    """The one spelling of a value: keys sorted by code point, no spaces, escapes as JSON.stringify makes them."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def parsed_json(said: str) -> Any:
    """The value of a text in its one spelling, a few levels deep.

    Raises: Unsealed.
    """
    try:
        value = strict_value(said)
    except ValueError as error:
        raise Unsealed("json", "This is no JSON.") from error
    _check_numbers(value)
    must(canonical_json(value) == said, "spelling", "The JSON is not in its one spelling.")
    return value


def line_of(said: str) -> dict[str, Any]:
    """The code, params and author of a line's content.

    Raises: Unsealed.
    """
    line = parsed_json(said)
    is_line = (
        isinstance(line, dict)
        and line.keys() == {"by", "code", "params"}
        and isinstance(line["by"], str)
        and isinstance(line["code"], str)
        and isinstance(line["params"], dict)
    )
    must(is_line, "line", "The line is none of the hub's.")
    return dict(line)


def line_json(code: str, params: Mapping[str, Any], by: str) -> str:
    """The content of a system or staff line; `by` is empty for the hub's own."""
    return canonical_json({"by": by, "code": code, "params": params})


def _check_numbers(value: Any) -> None:
    """Others are spelt differently by every language."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            _check_numbers(each)
    is_plain = type(value) is not float and (type(value) is not int or abs(value) <= LARGEST_WHOLE)
    must(is_plain, "spelling", "A number in the JSON is not whole, or too large.")
