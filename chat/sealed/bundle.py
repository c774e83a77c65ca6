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
from chat.sealed.file import Manifest
from chat.sealed.keys import check_signed, checked_statement, verifies
from chat.sealed.layout import LARGEST_WHOLE, ZEROS, Envelope, KeyStatement, room_id
from chat.sealed.log import (
    KINDS,
    canonical_json,
    empty_head,
    entry_hash,
    is_receipt,
    line_of,
    next_head,
    parsed_json,
)
from chat.sealed.messages import FILE, OPENING, TEXT, Content, open_with, opened_keys
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
        # By device: the index and name of its last message, and how many entries were closed before that.
        self.chains: dict[bytes, tuple[int, bytes]] = {}
        self.closed_before: dict[bytes, int] = {}
        self.closed = 0
        # What came at each number, to go back to after a restore.
        self.came: list[tuple[int, KeyStatement | Envelope]] = []
        self.lost: list[range] = []

    def know(self, data: bytes) -> KeyStatement:
        """A statement that is of this room or of the stock."""
        statement = checked_statement(data)
        must(statement.room in (ZEROS, self.room), "room", "The key is for another room.")
        self.statements.setdefault(statement.name, statement)
        return statement

    def take(self, entry: Mapping[str, Any]) -> Line:
        """What one entry proves. One that is malformed or out of order has no place, and neither has what follows it."""
        number = entry["seq"] if _is_whole(entry.get("seq")) else 0
        try:
            shown = _shown(entry)
            return self._closed(shown) if isinstance(shown, _Hidden) else self._taken(shown)
        except Unsealed as fault:
            return Line(number, "bad", why=str(fault))

    def _closed(self, hidden: _Hidden) -> Line:
        self._go_on(hidden.seq, hidden.hash, None)
        self.closed += 1
        return Line(hidden.seq, "closed")

    def _taken(self, entry: _Shown) -> Line:
        seq, at, kind, body = entry.seq, entry.at, entry.kind, entry.body
        line = line_of(_text(body)) if kind in ("system", "staff") else None
        gap_after = _gap(kind, line) if line else None
        self._go_on(seq, entry_hash(seq, at, kind, body), gap_after)
        if line:
            return Line(seq, "line", at, text=_text(body))
        return self._key(entry) if kind == "key" else self._message(entry)

    def _go_on(self, seq: int, digest: bytes, gap_after: int | None) -> None:
        skips = gap_after is not None and gap_after <= self.seq < seq
        must(seq == self.seq + 1 or skips, "gap", f"Number {self.seq + 1} is missing before it.")
        if gap_after is not None and skips:
            self._go_back(gap_after)
            self.lost.append(range(gap_after + 1, seq))
        self.seq, self.head = seq, next_head(self.head, digest)
        self.heads[seq] = self.head

    def _go_back(self, seq: int) -> None:
        """The hub went back to an older copy: nothing can be built on what it lost."""
        for at, one in self.came:
            if at > seq and isinstance(one, KeyStatement):
                self.statements.pop(one.name, None)
        self.came = [(at, one) for at, one in self.came if at <= seq]
        self.heads = {at: head for at, head in self.heads.items() if at <= seq}
        self.seq, self.head = seq, self.heads.get(seq, self.head)
        self.chains.clear()
        for _, one in self.came:
            if isinstance(one, Envelope):
                self.chains[one.front.device] = (one.front.index, one.name)

    def _key(self, entry: _Shown) -> Line:
        statement = self.know(entry.body)
        self.came.append((entry.seq, statement))
        self._check_bound(statement)
        return Line(entry.seq, "key", entry.at, "0x" + statement.address.hex())

    def _message(self, entry: _Shown) -> Line:
        envelope = Envelope.parse(entry.body)
        front = envelope.front
        must(front.room == self.room, "room", "It was sealed for another room.")
        statement = self.statements.get(front.statement)
        if statement is None:
            raise Unsealed("statement", "Its sender's key is not in this file.")
        check_signed(envelope, statement)
        self.came.append((entry.seq, envelope))
        self._follow(envelope)
        known = all(wrap.reader in self.statements for wrap in envelope.wraps)
        must(known, "readers", "It is sealed to a key that is not in this file.")
        self._compare(envelope, entry.seq)
        self._check_bound(statement)
        address = "0x" + front.address.hex()
        if entry.key is None:
            return Line(entry.seq, "closed", entry.at, address)
        content = open_with(envelope, entry.key)
        what = "opening" if content.type == OPENING else "message"
        return Line(entry.seq, what, entry.at, address, words_of(content))

    def _check_bound(self, statement: KeyStatement) -> None:
        bound = self.devices.get(statement.device)
        address = "0x" + statement.address.hex()
        if bound is None or bound.address.lower() != address:
            raise Unsealed(
                "binding", "Its device is not bound to the account by a sign-in in this file."
            )

    def _follow(self, envelope: Envelope) -> None:
        """The device's own chain; what is closed may hide messages, but no more of them than there are entries."""
        front = envelope.front
        index, last = self.chains.get(front.device, (0, ZEROS))
        hidden = self.closed - self.closed_before.get(front.device, 0)
        self.closed_before[front.device] = self.closed
        self.chains[front.device] = (front.index, envelope.name)
        follows = (front.index, front.previous) == (index + 1, last)
        may_be = 1 <= front.index - index - 1 <= hidden
        must(follows or may_be, "chain", "It does not continue its device's chain of messages.")

    def _compare(self, envelope: Envelope, seq: int) -> None:
        """What its sender had seen is this log."""
        seen, head = envelope.front.seen, self.heads.get(envelope.front.seen)
        must(seen < seq, "seen", "It claims to have seen what came later.")
        is_lost = head is None and any(seen in gap for gap in self.lost)
        same = head == envelope.front.seen_head
        must(same or is_lost, "seen", "Its sender had seen another log.")


@dataclass(frozen=True, slots=True)
class _Hidden:
    """An entry of which the file gives the hash alone."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class _Shown:
    """An entry of which the file gives the content, and for a message perhaps its key."""

    seq: int
    at: int
    kind: str
    body: bytes
    key: bytes | None


def _shown(entry: Mapping[str, Any]) -> _Hidden | _Shown:
    """The entry in its one shape.

    Raises: Unsealed.
    """
    wrong = Unsealed("entry", "It is malformed.")
    if not _is_whole(entry.get("seq")):
        raise wrong
    if entry.keys() == {"hash", "seq"}:
        return _Hidden(entry["seq"], _hex(entry["hash"], 32))
    is_full = entry.keys() == {"at", "body", "key", "kind", "seq"} and _is_whole(entry["at"])
    if not is_full or not isinstance(entry["kind"], str) or entry["kind"] not in KINDS:
        raise wrong
    key = None if entry["key"] == "" else _hex(entry["key"], 32)
    if key is not None and entry["kind"] != "message":
        raise wrong
    return _Shown(entry["seq"], entry["at"], entry["kind"], _hex(entry["body"]), key)


def _is_whole(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_WHOLE


def words_of(content: Content) -> str:
    """What a message says, for a person.

    Raises: Unsealed if it names no file although its type says so.
    """
    if content.type == TEXT:
        return content.data.decode()
    if content.type == OPENING:
        return f"opens {len(opened_keys(content))} messages"
    if content.type == FILE:
        file = Manifest.parse(content.data)
        return f"sent a file: {file.name}, {file.size} bytes, sealed bytes {file.sha256}"
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
    is_bundle = isinstance(file, dict) and file.get("kind") == KIND
    is_bundle = is_bundle and type(file.get("v")) is int and file["v"] == 1
    must(is_bundle, "kind", "This file is no evidence bundle of a known version.")
    must(file.keys() == FIELDS, "fields", "The bundle has fields too many or too few.")
    receipt = file["receipt"]
    texts = [file[name] for name in ("by", "contract", "hub", "name", "trade", "signature")]
    lists = [file[name] for name in ("bindings", "entries", "statements")]
    is_shaped = (
        isinstance(receipt, dict)
        and all(isinstance(one, str) for one in [*texts, *file["statements"]])
        and all(isinstance(one, list) for one in lists)
        and all(isinstance(one, dict) for one in file["entries"])
        and all(_is_whole(one) for one in (file["chainId"], file["made"]))
        and receipt.keys() == {"at", "head", "seq", "signature"}
        and all(_is_whole(receipt[name]) for name in ("at", "seq"))
        and all(isinstance(receipt[name], str) for name in ("head", "signature"))
    )
    must(is_shaped, "types", "The bundle's fields are not of their types.")
    for name, size in (("by", 32), ("contract", 20), ("hub", 32), ("signature", 64)):
        _hex(file[name], size)
    _hex(receipt["head"], 32)
    _hex(receipt["signature"], 64)
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


def _gap(kind: str, line: Mapping[str, Any]) -> int | None:
    """The number before a gap that a line itself declares."""
    after = line["params"].get("after")
    declares = kind == "system" and line["code"] == "restored" and _is_whole(after)
    return after if declares else None


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Unsealed("line", "The line is no text.") from error


def _hex(value: Any, size: int | None = None) -> bytes:
    """The bytes of lower-case hex text, which has one spelling."""
    wrong = Unsealed("hex", "A field is not lower-case hex of its size.")
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise wrong
    data = bytes.fromhex(value)
    if size is not None and len(data) != size:
        raise wrong
    return data
