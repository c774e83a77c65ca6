"""Makes sealed.json: what docs/CHAT.md says in bytes, for every program that speaks it.

    python tests/vectors/make_sealed.py

Every secret and every random value is given, so that another program makes the same bytes from them, and opens them.
The same input gives the same file, byte for byte.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from chat.sealed import log
from chat.sealed.layout import LAST, STOCK, KeyStatement, room_id
from chat.sealed.messages import ACCOUNT, FILE, Chance, Content, opening, seal, text
from tests.vectors import evidence, files, refusals, signatures
from tests.vectors.people import (
    AT,
    CHAIN,
    PEOPLE,
    ROOM_IDS,
    ROOMS,
    STATEMENTS,
    Vector,
    drawn,
    ed25519,
    front_of,
    x25519,
)  # fmt: skip

PATH = Path(__file__).with_name("sealed.json")
# Contents of more bytes are sealed by one person in one room only.
LONG = 1_500


def vectors() -> dict[str, list[Vector] | list[str]]:
    """Every vector by what it shows."""
    return {
        "rooms": list(rooms()),
        "devices": list(devices()),
        "statements": list(statements()),
        "messages": list(messages()),
        "logs": list(logs()),
        "signatures": list(signatures.signatures()),
        "files": list(files.files()),
        "bundles": list(evidence.bundles()),
        "acceptedJson": refusals.accepted_json(),
        "refusedStatements": list(refusals.refused_statements()),
        "refusedMessages": list(refusals.refused_messages()),
        "refusedAgreements": list(refusals.refused_agreements()),
        "refusedFiles": list(files.refused_files()),
        "refusedManifests": list(files.refused_manifests()),
        "refusedJson": refusals.refused_json(),
    }


def rooms() -> Iterator[Vector]:
    for chain, contract, name in product((1, CHAIN, 2**40), ("00", "5f", "ff"), ROOMS):
        where = "0x" + contract * 20
        yield {
            "chain": chain,
            "contract": where,
            "name": name,
            "room": room_id(chain, where, name).hex(),
        }


def devices() -> Iterator[Vector]:
    for name, who in PEOPLE.items():
        yield {
            "name": name,
            "address": who.address.hex(),
            "signingSecret": drawn(f"{name} signing").hex(),
            "signing": who.signing_key.hex(),
            "agreement": who.agreement_key.hex(),
            "device": who.name.hex(),
        }


def statements() -> Iterator[Vector]:
    for (name, room), statement in STATEMENTS.items():
        yield stated(name, statement, f"{name} {room}")
    for name, kind in product(PEOPLE, (STOCK, LAST)):
        secret = f"{name} stock {kind}"
        made = PEOPLE[name].stock_key(is_last=kind == LAST, secret=x25519(secret), made=AT + kind)
        yield stated(name, made, secret)


def stated(name: str, statement: KeyStatement, secret: str) -> Vector:
    return {
        "device": name,
        "kind": statement.kind,
        "room": statement.room.hex(),
        "made": statement.made,
        "secret": drawn(secret).hex(),
        "key": statement.key.hex(),
        "bytes": statement.packed.hex(),
        "hash": statement.name.hex(),
    }


TEXTS = (
    "x",
    "Sent. Please look.",
    "Grüße, 你好, 👋🏽",
    "\u202eright to left\u202c",
    "a" * 218,
    "a" * 219,
    "b" * 220,
    "line\nline\ttab",
    "ñ" * 237,
    "c" * 987,
    "d" * 988,
    "e" * 2011,
    "f" * 2012,
    "g" * 4000,
)


def contents() -> Iterator[Content]:
    yield from map(text, TEXTS)
    account = {
        "details": {"iban": "DE89 3704", "name": "Zoë"},
        "method": "sepa",
        "salt": "0x" + "ab" * 32,
    }
    yield Content(ACCOUNT, log.canonical_json(account).encode())
    for size in (1, 5 * 2**20):
        file = {"blob": "0b8a7c2e-1111-4222-8333-944455556666", "key": "ab" * 32, "name": "slip.pdf",
                "sha256": "cd" * 32, "size": size, "type": "application/pdf"}  # fmt: skip
        yield Content(FILE, log.canonical_json(file).encode())
    for count in (1, 2, 3, 60, 120):
        yield opening([(drawn(f"name {n}"), drawn(f"key {n}")) for n in range(count)])


def messages() -> Iterator[Vector]:
    number = 0
    for content, sender, room in product(list(contents()), ("alice", "bob", "carol"), ROOMS):
        if len(content.data) > LONG and (sender, room) != ("alice", ROOMS[0]):
            continue
        for readers in (("bob",), ("alice", "bob"), ("bob", "alice", "carol", "dana")):
            number += 1
            yield message(number, content, sender, room, readers)


def message(
    number: int, content: Content, sender: str, room: str, readers: tuple[str, ...]
) -> Vector:
    index = number % 7 + 1
    front = front_of(sender, room, number, index=index)
    chance = Chance(drawn(f"f {number}"), drawn(f"key {number}"))
    envelope, _ = seal(
        front,
        content,
        signing=PEOPLE[sender].signing,
        statement=STATEMENTS[sender, room],
        secret=x25519(f"{sender} {room}"),
        readers=[STATEMENTS[reader, room] for reader in readers],
        chance=chance,
    )
    return {
        "sender": sender,
        "room": room,
        "readers": list(readers),
        "clientId": front.client_id.hex(),
        "index": index,
        "previous": front.previous.hex(),
        "seen": front.seen,
        "seenHead": front.seen_head.hex(),
        "at": front.at,
        "f": chance.f.hex(),
        "key": chance.key.hex(),
        "type": content.type,
        "content": content.data.hex(),
        "sha256": envelope.name.hex(),
        # The long ones by their hash alone: they are made anew from what stands above.
        **({"bytes": envelope.packed.hex()} if number % 20 == 1 else {}),
    }


def logs() -> Iterator[Vector]:
    """Logs of some entries each, with every hash, head and receipt."""
    hub = ed25519("hub")
    for number, room in enumerate(ROOMS * 3):
        room_bytes = ROOM_IDS[room]
        head, rows = log.empty_head(room_bytes), []
        for seq in range(1, 9):
            kind = ("message", "key", "system", "staff")[(seq + number) % 4]
            line = log.line_json(
                "trade.Funded",
                {"name": "Zoë \u2028 <b>", "count": seq, "rows": [{"was": None}]},
                "Petra" if kind == "staff" else "",
            )
            content = (
                line.encode()
                if kind in ("system", "staff")
                else drawn(f"content {number} {seq}", 300)
            )
            digest = log.entry_hash(seq, AT + seq, kind, content)
            head = log.next_head(head, digest)
            rows.append({
                "seq": seq, "at": AT + seq, "kind": kind, "content": content.hex(), "hash": digest.hex(),
                "head": head.hex(), "receipt": log.sign_receipt(hub, room_bytes, seq, AT + seq, head).hex(),
            })  # fmt: skip
        yield {
            "room": room_bytes.hex(),
            "hub": hub.public_key().public_bytes_raw().hex(),
            "empty": log.empty_head(room_bytes).hex(),
            "entries": rows,
        }


def rendered() -> str:
    """The file's text: a vector a line."""
    parts = []
    for name, rows in vectors().items():
        told = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        parts.append(f'"{name}": [\n{told}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    PATH.write_text(rendered(), encoding="utf-8")
    print({name: len(rows) for name, rows in vectors().items()})
