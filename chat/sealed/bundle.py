"""Evidence in one file: checked by anybody without the hub (docs/CHAT.md, "Evidence").

Written from the text of docs/CHAT.md, like the page's own reader. Whose wallet signed a sign-in message is asked of a
function that is handed in, since this floor knows no chain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from Crypto.Hash import keccak

from chat.sealed.errors import Unsealed, must
from chat.sealed.keys import check_signed, checked_statement, verifies
from chat.sealed.layout import ZEROS, Envelope, KeyStatement, room_id
from chat.sealed.log import (
    KINDS,
    canonical_json,
    empty_head,
    entry_hash,
    is_receipt,
    next_head,
    parsed_json,
)
from chat.sealed.messages import OPENING, TEXT, Content, open_with, opened_keys
from chat.sealed.reading import label

KIND: Final = "parley evidence"
FIELDS: Final = frozenset(
    [
        "bindings",
        "by",
        "chainId",
        "contract",
        "entries",
        "hub",
        "kind",
        "made",
        "name",
        "receipt",
        "signature",
        "statements",
        "trade",
        "v",
    ]
)
MOST_BYTES: Final = 64 * 2**20
_HEX: Final = re.compile("(?:[0-9a-f]{2})*")


@dataclass(frozen=True, slots=True)
class Bound:
    """What a sign-in message says: the account, the site, and the device's signing key; `by_wallet` if the account's key signed it."""

    address: str
    site: str
    device: bytes
    signing: bytes
    by_wallet: bool


# A binding's address, message and signature, and the chain's id in; what it binds out, or Unsealed.
Recover = Callable[[str, str, str, int], Bound]


@dataclass(frozen=True, slots=True)
class Line:
    """One number of the log, as far as the file shows it. `what`: message, opening, line, key, closed or bad."""

    seq: int
    what: str
    at: int = 0
    address: str = ""
    text: str = ""
    why: str = ""


@dataclass(slots=True)
class Verdict:
    """What a bundle proves."""

    name: str
    chain_id: int
    contract: str
    trade: str
    hash: str
    hub: str
    by: str = ""
    is_signed: bool = False
    has_receipt: bool = False
    sites: list[str] = field(default_factory=list)
    unsigned_devices: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether nothing in the file is false."""
        bad = any(line.what == "bad" for line in self.lines)
        return self.is_signed and self.has_receipt and not self.faults and not bad


def verify_bundle(data: bytes, recover: Recover) -> Verdict:
    """Everything that the file proves, line by line.

    Raises: Unsealed if it is no bundle at all.
    """
    file = _parsed(data)
    room = room_id(file["chainId"], file["contract"], file["name"])
    verdict = Verdict(
        name=file["name"],
        chain_id=file["chainId"],
        contract="0x" + file["contract"],
        trade=file["trade"],
        hash="0x" + keccak.new(digest_bits=256, data=data).hexdigest(),
        hub=file["hub"],
    )
    devices = _devices(file, recover, verdict)
    _check_maker(file, devices, verdict)
    reading = _Reading(room, devices)
    for stated in file["statements"]:
        try:
            reading.know(_hex(stated))
        except Unsealed:
            verdict.faults.append("A key statement of the file does not hold.")
    for entry in file["entries"]:
        verdict.lines.append(reading.take(entry))
    verdict.faults += reading.faults
    receipt = file["receipt"]
    verdict.has_receipt = (
        receipt["seq"] == reading.seq
        and receipt["head"] == reading.head.hex()
        and is_receipt(
            _hex(file["hub"]),
            _hex(receipt["signature"]),
            room,
            receipt["seq"],
            receipt["at"],
            reading.head,
        )
    )
    return verdict


class _Reading:
    """Goes through the entries in order: hashes, heads, chains of devices, commitments."""

    def __init__(self, room: bytes, devices: Mapping[bytes, Bound]) -> None:
        self.room, self.devices = room, devices
        self.seq, self.head = 0, empty_head(room)
        self.heads = {0: self.head}
        self.statements: dict[bytes, KeyStatement] = {}
        self.chains: dict[bytes, tuple[int, bytes]] = {}
        # Devices of which a message is only known by its hash: what follows cannot be held against it.
        self.is_broken = False
        self.faults: list[str] = []

    def know(self, data: bytes) -> KeyStatement:
        statement = checked_statement(data)
        self.statements[statement.name] = statement
        return statement

    def take(self, entry: Any) -> Line:
        seq = entry.get("seq") if isinstance(entry, dict) else None
        if type(seq) is not int or seq < 0:
            self.faults.append("An entry has no number.")
            return Line(0, "bad", why="It has no number.")
        try:
            return self._taken(seq, entry)
        except (Unsealed, KeyError, TypeError, ValueError) as fault:
            why = str(fault) if isinstance(fault, Unsealed) else "It is malformed."
            return Line(seq, "bad", why=why)

    def _taken(self, seq: int, entry: dict[str, Any]) -> Line:
        if "body" not in entry:
            self._go_on(seq, _hex(entry["hash"], 32), gap_to=None)
            self.is_broken = True
            return Line(seq, "closed")
        kind, at, body = entry["kind"], int(entry["at"]), _hex(entry["body"])
        must(kind in KINDS, "kind", "This kind of entry is unknown.")
        is_line = kind in ("system", "staff")
        gap_to = _gap(body) if is_line else None
        self._go_on(seq, entry_hash(seq, at, kind, body), gap_to)
        if is_line:
            return Line(seq, "line", at, text=body.decode())
        if kind == "key":
            return self._key(seq, at, body)
        return self._message(seq, at, body, entry.get("key") or "")

    def _go_on(self, seq: int, digest: bytes, gap_to: int | None) -> None:
        expected = self.seq + 1
        if seq != expected and not (gap_to is not None and gap_to == self.seq and seq > expected):
            self.faults.append(f"Number {expected} is missing.")
        self.seq, self.head = seq, next_head(self.head, digest)
        self.heads[seq] = self.head

    def _key(self, seq: int, at: int, body: bytes) -> Line:
        statement = self.know(body)
        self._check_bound(statement)
        return Line(seq, "key", at, "0x" + statement.address.hex())

    def _message(self, seq: int, at: int, body: bytes, key: str) -> Line:
        envelope = Envelope.parse(body)
        front = envelope.front
        must(front.room == self.room, "room", "It was sealed for another room.")
        statement = self.statements.get(front.statement)
        if statement is None:
            raise Unsealed("statement", "Its sender's key is not in this file.")
        check_signed(envelope, statement)
        self._check_bound(statement)
        self._check_chain(envelope)
        head = self.heads.get(front.seen)
        if front.seen < seq and head is not None and head != front.seen_head:
            raise Unsealed("seen", "Its sender had seen another log.")
        address = "0x" + front.address.hex()
        if not key:
            return Line(seq, "closed", at, address)
        content = open_with(envelope, _hex(key, 32))
        what = "opening" if content.type == OPENING else "message"
        return Line(seq, what, at, address, words_of(content))

    def _check_bound(self, statement: KeyStatement) -> None:
        bound = self.devices.get(statement.device)
        address = "0x" + statement.address.hex()
        if bound is None or bound.address.lower() != address:
            raise Unsealed(
                "binding", "Its device is not bound to the account by a sign-in in this file."
            )

    def _check_chain(self, envelope: Envelope) -> None:
        """The device's own chain, as far as the messages before are in the file."""
        front = envelope.front
        index, last = self.chains.get(front.device, (0, ZEROS))
        follows = (front.index, front.previous) == (index + 1, last)
        self.chains[front.device] = (front.index, envelope.name)
        may_be = self.is_broken and front.index > index + 1
        must(follows or may_be, "chain", "It does not continue its device's chain of messages.")


def words_of(content: Content) -> str:
    """What a message says, for a person."""
    if content.type == TEXT:
        return content.data.decode()
    if content.type == OPENING:
        return f"opens {len(opened_keys(content))} messages"
    return content.data.decode()


def sign_bytes(body: Mapping[str, Any]) -> bytes:
    """What the maker's device signs: all fields but the signature."""
    return label("parley bundle 1") + sha256(canonical_json(body).encode()).digest()


def _parsed(data: bytes) -> dict[str, Any]:
    must(len(data) <= MOST_BYTES, "size", "The file is too large for a bundle.")
    try:
        file = parsed_json(data.decode())
    except UnicodeDecodeError as error:
        raise Unsealed("json", "This file is no evidence bundle.") from error
    is_bundle = isinstance(file, dict) and file.get("kind") == KIND and file.get("v") == 1
    must(is_bundle, "kind", "This file is no evidence bundle of a known version.")
    must(file.keys() == FIELDS, "fields", "The bundle has fields too many or too few.")
    receipt = file["receipt"]
    texts = [file[name] for name in ("by", "contract", "hub", "name", "trade", "signature")]
    lists = [file[name] for name in ("bindings", "entries", "statements")]
    is_shaped = (
        isinstance(receipt, dict)
        and all(isinstance(one, str) for one in [*texts, *file["statements"]])
        and all(isinstance(one, list) for one in lists)
        and all(type(one) is int and 0 <= one < 2**53 for one in (file["chainId"], file["made"]))
        and all(type(receipt.get(name)) is int for name in ("at", "seq"))
        and all(isinstance(receipt.get(name), str) for name in ("head", "signature"))
    )
    must(is_shaped, "types", "The bundle's fields are not of their types.")
    _hex(file["contract"], 20)
    _hex(file["hub"], 32)
    return dict(file)


def _devices(file: Mapping[str, Any], recover: Recover, verdict: Verdict) -> dict[bytes, Bound]:
    found: dict[bytes, Bound] = {}
    for binding in file["bindings"]:
        try:
            bound = recover(
                str(binding["address"]),
                str(binding["message"]),
                str(binding["signature"]),
                file["chainId"],
            )
        except (Unsealed, KeyError, TypeError):
            # One that does not hold binds nothing; what depends on it is reported there.
            continue
        found[bound.device] = bound
        if not bound.by_wallet:
            verdict.unsigned_devices.append(bound.address)
    verdict.sites = sorted({bound.site for bound in found.values()})
    return found


def _check_maker(file: Mapping[str, Any], devices: Mapping[bytes, Bound], verdict: Verdict) -> None:
    maker = devices.get(_hex(file["by"], 32))
    if maker is None:
        return
    body = {name: value for name, value in file.items() if name != "signature"}
    verdict.by = maker.address
    verdict.is_signed = verifies(maker.signing, _hex(file["signature"]), sign_bytes(body))


def _gap(body: bytes) -> int | None:
    """The number before a gap that a line itself declares."""
    said = parsed_json(body.decode())
    after = said.get("params", {}).get("after") if said.get("code") == "restored" else None
    return after if type(after) is int else None


def _hex(value: Any, size: int | None = None) -> bytes:
    """The bytes of lower-case hex text, which has one spelling."""
    wrong = Unsealed("hex", "A field is not lower-case hex of its size.")
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise wrong
    data = bytes.fromhex(value)
    if size is not None and len(data) != size:
        raise wrong
    return data
