"""Evidence files as vectors: true ones, partial ones, and false ones that their maker signed as if they were true.

A file is given as what differs from an earlier one: `base` names it, `with` has other fields, and in `entries` a number
stands for the base's entry at that place. `hash` is keccak256 of the whole text. `lines` is what each number proves.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from Crypto.Hash import keccak

from chat.sealed import log
from chat.sealed.bundle import sign_bytes
from chat.sealed.device import SealingDevice
from chat.sealed.file import Manifest
from chat.sealed.keys import SMALL_ED25519
from chat.sealed.layout import Envelope, room_id
from chat.sealed.messages import FILE, Content, opening, text
from tests.vectors.files import BLOB
from tests.vectors.people import AT, CHAIN, CONTRACT, ROOMS, Vector, drawn, x25519
from tests.vectors.rooms import PARTIES, File, Room, binding


def ordinary(name: str = ROOMS[0], bent: str = "") -> Room:
    """Numbers 1 and 2 are keys, 3 and 4 and 6 text, 5 a line, 7 a file, 8 an opening, 9 a staff line."""
    room = Room(name, bent=bent)
    room.join("alice")
    room.join("bob")
    room.say("alice", "I sent 231.40 EUR.")
    room.say("bob", "Nothing came, Zoë. 👋")
    room.line("locked", amount="250.00 USDC", rows=[{"label": "Rate", "now": "0.92"}])
    room.say("alice", "Look again, please.")
    slip = Manifest(BLOB, "ab" * 32, "slip.pdf", "cd" * 32, 84_000, "application/pdf")
    room.say("alice", Content(FILE, slip.content))
    room.say("bob", opening([(drawn("name 1"), drawn("key 1"))]))
    room.line("opened", kind="staff", by="Petra", number=7)
    return room


def signed(file: File, by: SealingDevice) -> File:
    body = {name: value for name, value in file.items() if name != "signature"}
    return body | {"signature": by.signing.sign(sign_bytes(body)).hex()}


def spelt(file: File) -> str:
    return log.canonical_json(file)


ALL = ("key", "key", "message", "message", "line", "message", "message", "opening", "line")


def lines(*whats: str, **bad: str) -> list[list[Any]]:
    """Numbers from 1 with what they prove; `n4="bad"` changes one."""
    made = [[seq, what] for seq, what in enumerate(whats, 1)]
    for name, what in bad.items():
        made[int(name[1:]) - 1][1] = what
    return made


def bundles() -> Iterator[Vector]:
    """Every evidence file: those that hold first."""
    whole = ordinary().file()
    yield vector("whole", whole, True, lines(*ALL))
    yield from _true(whole)
    yield from _false(whole)
    yield from _by_a_false_hub()
    yield from _none(whole)


def _true(whole: File) -> Iterator[Vector]:
    yield vector("E07: one message is shown", closed(whole, 3, 6, 7, 8), True,
                 lines(*ALL, n3="closed", n6="closed", n7="closed", n8="closed"))  # fmt: skip
    yield vector("E07: none is shown", closed(whole, 3, 4, 6, 7, 8), True,
                 lines(*ALL, n3="closed", n4="closed", n6="closed", n7="closed", n8="closed"))  # fmt: skip
    yield vector("E07: nothing but hashes", closed(whole, *range(1, 10)), True, lines(*["closed"] * 9))  # fmt: skip
    yield vector("bodies without keys", changed(whole, lambda f: [at(f, n).update(key="") for n in (3, 4)]),
                 True, lines(*ALL, n3="closed", n4="closed"))  # fmt: skip
    yield vector("by the other side", whole | {"by": PARTIES["bob"].name.hex()}, True, lines(*ALL), by="bob")  # fmt: skip
    contract_wallet = [binding("alice"), binding("bob", signer="alice")]
    yield vector("a wallet that only the chain can ask", whole | {"bindings": contract_wallet}, True, lines(*ALL))  # fmt: skip
    room = Room(bent="stock")
    room.join("alice")
    room.join("bob", PARTIES["bob"].stock_key(secret=x25519("bob party stock"), made=AT))
    room.say("alice", "To your stock.")
    yield vector("a key of the stock", room.file(), True, lines("key", "key", "message"))
    room = ordinary(bent="restored")
    room.restored(9, skip=5)
    room.say("alice", "Still here.", index=4, previous=bytes.fromhex(last_name(room, "alice")))
    yield vector("a declared gap", room.file(), True, [*lines(*ALL), [15, "line"], [16, "message"]])
    room = Room(bent="went back")
    room.join("alice")
    room.join("bob")
    first = room.say("alice", "Kept.")
    room.say("alice", "Lost.")
    room.say("bob", "Lost too.")
    room.restored(3, skip=10)
    room.say("alice", "Lost, said again.", index=2, previous=first.name)
    room.say("bob", "Said again.")
    yield vector("a copy that ended earlier", room.file(), True,
                 [*lines("key", "key", *["message"] * 3), [16, "line"], [17, "message"], [18, "message"]])  # fmt: skip
    room.restored(17, skip=4)
    room.say("alice", "And again.", index=3, previous=bytes.fromhex(last_name(room, "alice")))
    room.say("bob", "From the start.")
    yield vector("two copies", room.file(), True,
                 [*lines("key", "key", *["message"] * 3), [16, "line"], [17, "message"], [18, "message"],
                  [23, "line"], [24, "message"], [25, "message"]])  # fmt: skip


def _false(whole: File) -> Iterator[Vector]:
    """E06, E08: alice changes what was said and signs the file again; the hub's receipt stays what it was."""
    there = ordinary(ROOMS[1]).file()

    def touched(why: str, change: Callable[[File], object], *told: Any, **bad: str) -> Vector:
        return vector(why, changed(whole, change), False, lines(*ALL, **bad), *told)

    yield touched("E06: a byte of a text", lambda f: flip(at(f, 4), "body", 500), n4="bad", n6="bad", n7="bad", n8="bad")  # fmt: skip
    yield touched("E06: a byte of a signature", lambda f: flip(at(f, 4), "body", -1), n4="bad", n6="bad", n7="bad", n8="bad")  # fmt: skip
    yield touched("E06: a byte of a key", lambda f: flip(at(f, 4), "key", 5), n4="bad")
    yield touched("E06: another message's key", lambda f: at(f, 4).update(key=at(f, 3)["key"]), n4="bad")  # fmt: skip
    # The line itself cannot tell: the time is the hub's. But then the log is not the one that it signed.
    yield touched("E06: another time", lambda f: at(f, 3).update(at=5), n4="bad", n6="bad", n7="bad", n8="bad")  # fmt: skip
    yield touched("E06: another time of the last line", lambda f: at(f, 9).update(at=5))
    yield touched("E06: another word in the last line", lambda f: flip(at(f, 9), "body", 9))
    yield touched("E07: a false hash", lambda f: hide(f, 9, "00" * 32), n9="closed")
    yield touched("E08: another trade's room", lambda f: f.update(name=ROOMS[1]), **dict.fromkeys(("n1", "n2", "n3", "n4", "n6", "n7", "n8"), "bad"))  # fmt: skip
    yield touched("E08: another chain", lambda f: f.update(chainId=CHAIN + 1), **dict.fromkeys(("n1", "n2", "n3", "n4", "n6", "n7", "n8"), "bad"))  # fmt: skip
    yield touched("E08: another contract", lambda f: flip(f, "contract", 0), **dict.fromkeys(("n1", "n2", "n3", "n4", "n6", "n7", "n8"), "bad"))  # fmt: skip
    yield touched("E08: a message of another trade", lambda f: at(f, 4).update(at(there, 4)), n4="bad", n6="bad", n7="bad", n8="bad")  # fmt: skip
    yield vector("E08: the receipt of another trade", whole | {"receipt": there["receipt"]}, False, lines(*ALL))  # fmt: skip
    yield touched("an earlier receipt", lambda f: f.update(receipt=ordinary_receipt(8)))
    yield touched("a receipt of another number", lambda f: f["receipt"].update(seq=8))
    yield touched("a receipt of another time", lambda f: f["receipt"].update(at=8))
    yield touched("a receipt of another head", lambda f: flip(f["receipt"], "head", 3))
    yield touched("a receipt of another signature", lambda f: flip(f["receipt"], "signature", 3))
    yield touched("another hub's key", lambda f: f.update(hub=PARTIES["bob"].signing_key.hex()))
    yield touched("E15: a hub's key under which all is signed", lambda f: f.update(hub=min(SMALL_ED25519).hex(), receipt=f["receipt"] | {"signature": "01" + "00" * 63}))  # fmt: skip
    yield vector("E06: the last entry left out", whole | {"entries": whole["entries"][:-1]}, False, lines(*ALL[:-1]))  # fmt: skip
    left_out = [*lines(*ALL[:3]), *([seq, "bad"] for seq in range(5, 10))]
    yield vector("E04: a message left out", changed(whole, lambda f: f["entries"].pop(3)), False, left_out)  # fmt: skip
    twice = changed(whole, lambda f: f["entries"].insert(3, at(f, 3)))
    yield vector("E04: a message twice", twice, False, [*lines(*ALL[:3]), [3, "bad"], *lines(*ALL)[3:]])  # fmt: skip
    swapped = changed(whole, lambda f: f["entries"].insert(2, f["entries"].pop(3)))
    yield vector("E04: two messages exchanged", swapped, False, [*lines(*ALL[:2]), [4, "bad"], [3, "message"], *([seq, "bad"] for seq in range(5, 10))])  # fmt: skip
    yield from _bindings(whole)


def _bindings(whole: File) -> Iterator[Vector]:
    """E01: whose device it is, an account has to sign."""
    hers = binding("alice")
    bobs = dict.fromkeys(("n2", "n4", "n8"), "bad")
    both = bobs | dict.fromkeys(("n1", "n3", "n6", "n7"), "bad")
    said = binding("bob")["message"]
    for why, bindings, bad in (
        ("none of bob", [hers], bobs),
        ("none at all", [], both),
        ("of another chain", [hers, binding("bob", chain=1)], bobs),
        ("of another account", [hers, binding("bob") | {"address": hers["address"]}], bobs),
        ("of two sites", [hers, binding("bob", said.replace("parley.example wants", "evil.example wants"))], bobs),
        ("with a line too many", [hers, binding("bob", said + "\n- https://parley.example")], bobs),
        ("with a space too many", [hers, binding("bob", said + " ")], bobs),
        ("of no device", [hers, binding("bob", said[: said.index("\nResources")])], bobs),
        ("of another device", [hers, binding("bob", said.replace(PARTIES["bob"].signing_key.hex(), "11" * 32))], bobs),
    ):  # fmt: skip
        yield vector(f"E01: a sign-in {why}", whole | {"bindings": bindings}, False, lines(*ALL, **bad))  # fmt: skip


def _by_a_false_hub() -> Iterator[Vector]:
    """E04, E08: the hub signed a log that it should have refused; each line is held against its sender's own words."""

    def case(why: str, room: Room, *whats: str) -> Vector:
        return vector(why, room.file(), False, lines(*whats))

    def fresh(why: str) -> Room:
        room = Room(bent=why)
        room.join("alice")
        room.join("bob")
        return room

    for why, bent in (
        ("seen later than itself", {"seen": 3}),
        ("seen far later", {"seen": 2**53 - 1}),
        ("another head seen", {"seen_head": drawn("no head")}),
        ("an index too high", {"index": 2, "previous": drawn("no previous")}),
        ("of another room", {"room": room_id(CHAIN, CONTRACT, ROOMS[1])}),
        ("of another account", {"address": PARTIES["bob"].address}),
        ("of another device", {"device": PARTIES["bob"].name}),
    ):
        room = fresh(why)
        room.say("alice", "Hello.", **bent)
        yield case(f"a message {why}", room, "key", "key", "bad")
    room = fresh("replayed")
    envelope = room.say("alice", "Once.")
    room.add("message", envelope.packed, key=room.entries[-1]["key"])
    yield case("E04: a message replayed", room, "key", "key", "message", "bad")
    room = fresh("dropped")
    room.sealed("alice", text("Dropped."))
    room.chains["alice"] = (1, drawn("dropped"))
    room.say("alice", "After it.")
    yield case("E04: a message dropped", room, "key", "key", "bad")
    room = fresh("reordered")
    one, key = room.sealed("alice", text("One."))
    room.chains["alice"] = (1, one.name)
    room.say("alice", "Two.")
    room.add("message", one.packed, key=key.hex())
    yield case("E04: two messages exchanged by the hub", room, "key", "key", "bad", "bad")
    room = fresh("hidden")
    room.say("bob", "Hidden.")
    room.chains["alice"] = (2, drawn("hidden"))
    room.say("alice", "Third, after one hidden.")
    yield vector("E07: more messages missing than are hidden", closed(room.file(), 3), False, lines("key", "key", "closed", "bad"))  # fmt: skip
    room = fresh("late key")
    room.own["carol"] = PARTIES["bob"].stock_key(secret=x25519("carol party"), made=AT)
    room.say("alice", "To a key that is not there.", ("alice", "carol"))
    yield case("a reader who is not in the log", room, "key", "key", "bad")
    room = Room(bent="no key")
    room.own["alice"] = PARTIES["alice"].room_key(room.id, x25519("alice no key"), AT)
    room.say("alice", "Without a key.", ("alice",))
    yield case("a sender whose key is not in the log", room, "bad")
    room = Room(bent="borrowed")
    borrowed = replace(PARTIES["alice"], address=PARTIES["bob"].address)
    room.join("alice", borrowed.room_key(room.id, x25519("alice borrowed"), AT))
    room.say("alice", "As if Bob said it.", ("alice",), address=PARTIES["bob"].address)
    yield case("E01: an account that the device is not bound to", room, "bad", "bad")
    room = Room(bent="foreign key")
    room.join("alice", PARTIES["alice"].room_key(room_id(CHAIN, CONTRACT, ROOMS[1]), x25519("alice party"), AT))  # fmt: skip
    yield vector("E08: a key of another room", room.file(statements=[]), False, lines("bad"))
    yield vector("E08: a key of another room beside the log", room.file(entries=[]) | {"receipt": Room().file()["receipt"] or no_receipt(room)}, False, [])  # fmt: skip
    for kind, why in (("system", "an undeclared gap"), ("staff", "a gap that a person declares")):
        room = fresh(why)
        params = {"after": 2, "first": 3, "last": 5}
        room.line("restored" if kind == "staff" else "locked", kind=kind, skip=3, **params)
        yield vector(why, room.file(), False, [*lines("key", "key"), [6, "bad"]])
    room = fresh("gap ahead")
    room.line("restored", skip=3, after=4)
    yield vector("a gap that begins ahead", room.file(), False, [*lines("key", "key"), [6, "bad"]])
    for why, body in (
        ("spelt otherwise", b'{"by":"","code":"x","params":{} }'),
        ("with a field too many", b'{"by":"","code":"x","more":1,"params":{}}'),
        ("with params that are none", b'{"by":"","code":"restored","params":[]}'),
        ("that is a list", b"[]"),
        ("of broken numbers", b'{"by":"","code":"x","params":{"amount":1.5}}'),
        ("that is no text", b"\xff"),
    ):
        room = fresh(why)
        room.add("system", body)
        yield case(f"a line {why}", room, "key", "key", "bad")
    bad = Manifest(BLOB, "ab" * 32, "slip\u202efdp.exe", "cd" * 32, 84_000, "application/pdf")
    room = fresh("file")
    room.say("alice", Content(FILE, bad.content))
    yield case("a file with a false name", room, "key", "key", "bad")


def _none(whole: File) -> Iterator[Vector]:
    """What is no evidence file of this version, or holds an entry in another shape."""
    for why, fields in (
        ("another kind", {"kind": "parley backup"}), ("another version", {"v": 2}), ("a version that is true", {"v": True}),
        ("a field too many", {"more": 1}), ("a contract with 0x", {"contract": CONTRACT}), ("a contract in capitals", {"contract": "5F" * 20}),
        ("a short hub key", {"hub": "00"}), ("a chain as text", {"chainId": "1"}), ("a chain below zero", {"chainId": -1}),
        ("made never", {"made": None}), ("entries that are none", {"entries": {}}), ("an entry that is none", {"entries": [7]}),
        ("statements that are numbers", {"statements": [7]}), ("a receipt that is none", {"receipt": []}),
        ("a receipt with more", {"receipt": whole["receipt"] | {"more": 1}}), ("a receipt of half a head", {"receipt": whole["receipt"] | {"head": "00"}}),
        ("a receipt below zero", {"receipt": whole["receipt"] | {"seq": -1}}), ("bindings that are none", {"bindings": "x"}), ("by nobody", {"by": ""}),
    ):  # fmt: skip
        yield vector(f"no bundle: {why}", whole | fields, False, None)
    for why, fields in (
        ("a time below zero", {"at": -1}), ("a time as text", {"at": "5"}), ("a time that is true", {"at": True}), ("an unknown kind", {"kind": "note"}),
        ("a kind that is a list", {"kind": ["message"]}), ("a field too many", {"hash": "00" * 32}), ("a number below zero", {"seq": -9}),
        ("a number as text", {"seq": "9"}), ("a key to a line", {"key": "00" * 32}), ("a key that is none", {"key": None}), ("a body in capitals", {"body": "AA"}),
        ("half a byte", {"body": "a"}), ("a body that is none", {"body": None}),
    ):  # fmt: skip
        number = 0 if fields.get("seq") is not None else 9
        told = [*lines(*ALL[:-1]), [number, "bad"]]
        yield vector(f"an entry with {why}", changed(whole, lambda f, new=fields: at(f, 9).update(new)), False, told)  # fmt: skip
    yield vector("an entry of nothing", changed(whole, lambda f: at(f, 9).clear()), False, [*lines(*ALL[:-1]), [0, "bad"]])  # fmt: skip
    unsigned = whole | {"made": 5}
    first = signed(whole, PARTIES["alice"])
    yield vector("E06: changed after it was signed", unsigned | {"signature": first["signature"]}, False, lines(*ALL), keep=True)  # fmt: skip
    yield vector("E06: another trade after it was signed", whole | {"trade": "", "signature": first["signature"]}, False, lines(*ALL), keep=True)  # fmt: skip
    yield vector("signed by another device", whole, False, lines(*ALL), by="bob")


# --- changing ------------------------------------------------------------------------------------------

_made: dict[str, File] = {}


def vector(why: str, file: File, holds: bool, told: list[list[Any]] | None, *, by: str = "alice", keep: bool = False) -> Vector:  # fmt: skip
    """`told` is None for what is no bundle at all."""
    whole = file if keep else signed(file, PARTIES[by])
    base = _made.get("whole", {})
    _made.setdefault(why, whole)
    differs = {name: value for name, value in whole.items() if base.get(name) != value or name not in base or type(base[name]) is not type(value)}  # fmt: skip
    if base and isinstance(differs.get("entries"), list):
        at_base = [spelt(one) for one in base["entries"]]
        differs["entries"] = [
            at_base.index(spelt(one)) if isinstance(one, dict) and spelt(one) in at_base else one
            for one in whole["entries"]
        ]
    text_ = spelt(whole)
    return {
        "why": why,
        "base": "whole" if base else "",
        "with": differs,
        "hash": "0x" + keccak.new(digest_bits=256, data=text_.encode()).hexdigest(),
        "holds": holds,
        "lines": told,
    }


def assembled(row: Vector, whole: File) -> str:
    """The text of a vector's file; `whole` is the first one's."""
    file = copy.deepcopy((whole if row["base"] else {}) | row["with"])
    if row["base"] and isinstance(file["entries"], list) and "entries" in row["with"]:
        file["entries"] = [
            whole["entries"][one] if type(one) is int and row["lines"] is not None else one
            for one in file["entries"]
        ]
    return spelt(file)


def changed(file: File, change: Callable[[File], object]) -> File:
    made = copy.deepcopy(file)
    change(made)
    return made


def at(file: File, seq: int) -> dict[str, Any]:
    entry: dict[str, Any] = next(one for one in file["entries"] if one["seq"] == seq)
    return entry


def closed(file: File, *seqs: int) -> File:
    made = copy.deepcopy(file)
    for seq in seqs:
        hide(made, seq)
    return made


def hide(file: File, seq: int, digest: str = "") -> None:
    """Leave the hash of an entry alone."""
    entry = at(file, seq)
    right = log.entry_hash(seq, entry["at"], entry["kind"], bytes.fromhex(entry["body"])).hex()
    entry.clear()
    entry.update(hash=digest or right, seq=seq)


def flip(holder: dict[str, Any], field: str, at_byte: int) -> None:
    data = bytearray.fromhex(holder[field])
    data[at_byte] ^= 1
    holder[field] = data.hex()


def last_name(room: Room, name: str) -> str:
    """The name of a party's newest message in the log."""
    bodies = [Envelope.parse(bytes.fromhex(one["body"])) for one in room.entries if one["kind"] == "message"]  # fmt: skip
    return next(one.name.hex() for one in reversed(bodies) if one.front.device == PARTIES[name].name)  # fmt: skip


def ordinary_receipt(seq: int) -> dict[str, Any]:
    """The receipt that the hub gave for number `seq` of the ordinary log."""
    room = ordinary()
    room.seq, room.head = seq, room.heads[seq]
    room.sign()
    return room.receipt


def no_receipt(room: Room) -> dict[str, Any]:
    """The receipt for the empty log of a room."""
    empty = Room(room.name)
    empty.sign()
    return empty.receipt
