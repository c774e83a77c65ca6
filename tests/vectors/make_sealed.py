"""Makes sealed.json: what docs/CHAT.md says in bytes, for every program that speaks it.

    python tests/vectors/make_sealed.py

Every secret and every random value is given, so that another program makes the same bytes from them, and opens them.
The same input gives the same file, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chat.sealed import log
from chat.sealed.device import SealingDevice
from chat.sealed.keys import SMALL_ED25519, SMALL_X25519
from chat.sealed.layout import (
    LAST,
    MADE,
    STOCK,
    ZEROS,
    Envelope,
    Front,
    KeyStatement,
    Wrap,
    device_of,
    room_id,
)  # fmt: skip
from chat.sealed.messages import (
    ACCOUNT,
    FILE,
    Chance,
    Content,
    commit,
    opening,
    pack,
    seal,
    text,
    wrapping_key,
)
from chat.sealed.reading import u32

PATH = Path(__file__).with_name("sealed.json")
CHAIN, CONTRACT = 72731, "0x" + "5f" * 20
ROOMS = ("trade-7F3K-22", "trade-AAAA-11")
AT = 1_796_000_000
# Contents of more bytes are sealed by one person in one room only.
LONG = 1_500
Vector = dict[str, Any]


def drawn(name: str, size: int = 32) -> bytes:
    """Bytes that this name always gives."""
    return hashlib.shake_256(b"parley vectors " + name.encode()).digest(size)


def x25519(name: str) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(drawn(name))


def device(name: str) -> SealingDevice:
    """A person's device with secrets of its own."""
    return SealingDevice(
        address=drawn(f"{name} address", 20),
        signing=Ed25519PrivateKey.from_private_bytes(drawn(f"{name} signing")),
        agreement=x25519(f"{name} agreement"),
    )


PEOPLE = {name: device(name) for name in ("alice", "bob", "carol", "dana")}
STATEMENTS = {
    (name, room): who.room_key(room_id(CHAIN, CONTRACT, room), x25519(f"{name} {room}"), AT)
    for name, who in PEOPLE.items()
    for room in ROOMS
}


def vectors() -> dict[str, list[Vector]]:
    """Every vector by what it shows."""
    return {
        "rooms": list(rooms()),
        "devices": list(devices()),
        "statements": list(statements()),
        "messages": list(messages()),
        "logs": list(logs()),
        "refusedStatements": list(refused_statements()),
        "refusedMessages": list(refused_messages()),
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


def front_of(sender: str, room: str, number: int, *, index: int) -> Front:
    who = PEOPLE[sender]
    return Front(
        room=room_id(CHAIN, CONTRACT, room),
        address=who.address,
        device=who.name,
        statement=STATEMENTS[sender, room].name,
        client_id=drawn(f"client {number}", 16),
        index=index,
        previous=ZEROS if index == 1 else drawn(f"previous {number}"),
        seen=number,
        seen_head=drawn(f"head {number}"),
        at=AT + number,
    )


def logs() -> Iterator[Vector]:
    """Logs of some entries each, with every hash, head and receipt."""
    hub = Ed25519PrivateKey.from_private_bytes(drawn("hub"))
    for number, room in enumerate(ROOMS * 3):
        room_bytes = room_id(CHAIN, CONTRACT, room)
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


def refused_statements() -> Iterator[Vector]:
    good = STATEMENTS["alice", ROOMS[0]]
    whole = good.packed
    for at in range(0, 256, 9):
        yield {"why": f"byte {at} changed", "bytes": flipped(whole, at)}
    for size in (0, 1, 255):
        yield {"why": f"cut to {size}", "bytes": whole[:size].hex()}
    yield {"why": "surplus", "bytes": (whole + b"\0").hex()}
    who = PEOPLE["alice"]
    for point, top in product(sorted(SMALL_X25519), (0, 0x80)):
        weak = point[:31] + bytes([point[31] | top])
        bare = KeyStatement(
            MADE,
            good.room,
            who.address,
            who.name,
            who.signing_key,
            who.agreement_key,
            weak,
            AT,
            b"",
        )
        yield {"why": "weak room key", "bytes": (bare.body + who.signing.sign(bare.signed)).hex()}
    for point in sorted(SMALL_ED25519):
        bare = KeyStatement(
            MADE,
            good.room,
            who.address,
            device_of(point, who.agreement_key),
            point,
            who.agreement_key,
            good.key,
            AT,
            b"",
        )
        # Under such a key this one signature fits every message.
        yield {"why": "weak signing key", "bytes": (bare.body + b"\x01" + bytes(63)).hex()}
    for kind, room in (
        (MADE, ZEROS),
        (STOCK, good.room),
        (LAST, good.room),
        (0, good.room),
        (4, ZEROS),
    ):
        bare = KeyStatement(
            kind, room, who.address, who.name, who.signing_key, who.agreement_key, good.key, AT, b""
        )
        yield {
            "why": f"kind {kind} and its room",
            "bytes": (bare.body + who.signing.sign(bare.signed)).hex(),
        }


def refused_messages() -> Iterator[Vector]:
    """`key` opens the ciphertext where the fault is inside; the reader is bob."""
    room = ROOMS[0]
    front = front_of("alice", room, 9000, index=1)
    chance = Chance(drawn("f 9000"), drawn("key 9000"))
    content = text("I sent 231.40 EUR.")
    plain = pack(chance.f, content)
    commitment = commit(chance.f, front, content)
    good = made(front, commitment, plain, chance.key)
    whole = good.packed
    for at in range(0, len(whole), 11):
        yield {"why": f"byte {at} changed", "bytes": flipped(whole, at), "key": chance.key.hex()}
    for size in (0, 2, 255, len(whole) - 1):
        yield {"why": f"cut to {size}", "bytes": whole[:size].hex(), "key": chance.key.hex()}
    yield {"why": "surplus", "bytes": (whole + b"\0").hex(), "key": chance.key.hex()}
    for why, inside in (
        ("padding is not zero", plain[:-1] + b"\1"),
        ("padding of another bucket", plain + bytes(256)),
        ("type unknown", plain[:32] + b"\7" + plain[33:]),
        ("length beyond the end", plain[:33] + u32(9999) + plain[37:]),
        ("no text", pack_any(chance.f, 1, b"")),
        ("text too long", pack_any(chance.f, 1, b"x" * 4001)),
        ("text is no UTF-8", pack_any(chance.f, 1, b"\xff\xfe")),
        ("account in another spelling", pack_any(chance.f, 2, b'{"b": 1}')),
        ("account is no JSON", pack_any(chance.f, 2, b"{")),
        ("opening of half a key", pack_any(chance.f, 4, bytes(63))),
        ("another text under the commitment", pack(chance.f, text("I sent 999.40 EUR."))),
        ("another f under the commitment", pack(drawn("other f"), content)),
    ):
        yield {
            "why": why,
            "bytes": made(front, commitment, inside, chance.key).packed.hex(),
            "key": chance.key.hex(),
        }
    yield {
        "why": "reader named twice",
        "bytes": made(front, commitment, plain, chance.key, twice=True).packed.hex(),
        "key": chance.key.hex(),
    }
    other = made(front, commitment, plain, chance.key, signer="bob")
    yield {"why": "signed by another device", "bytes": other.packed.hex(), "key": chance.key.hex()}
    yield two_faced(front)


def two_faced(front: Front) -> Vector:
    """E05: one ciphertext that two keys open, to two texts of one length; only one fits the commitment.

    GCM's tag is linear in the ciphertext: under two keys one block of it can be solved for one tag. Both plaintexts are
    noise where they differ from a message, so only the commitment and the padding can tell; the key given is the wrong one.
    """
    key, wrong = drawn("key two"), drawn("key other")
    content = text("The true text.")
    f = drawn("f two")
    commitment = commit(f, front, content)
    header = front.packed + commitment
    sealed = bytearray(AESGCM(key).encrypt(bytes(12), pack(f, content), header)[:-16])
    block = len(sealed) - 16
    hashes = [ghash_key(k) for k in (key, wrong)]
    masks = [mask(k) for k in (key, wrong)]
    # Both tags as functions of the last block X: tag = rest ^ X*h^2, where h^2 weighs the last block before the lengths.
    sealed[block:] = bytes(16)
    rests = [ghash(h, header, bytes(sealed)) ^ m for h, m in zip(hashes, masks, strict=True)]
    squares = [multiply(h, h) for h in hashes]
    solved = multiply(rests[0] ^ rests[1], inverse(squares[0] ^ squares[1]))
    sealed[block:] = solved.to_bytes(16, "big")
    tag = ghash(hashes[0], header, bytes(sealed)) ^ masks[0]
    ciphertext = bytes(sealed) + tag.to_bytes(16, "big")
    for each in (key, wrong):
        AESGCM(each).decrypt(bytes(12), ciphertext, header)
    return {
        "why": "one ciphertext, two keys",
        "bytes": wrapped(front, commitment, ciphertext, wrong).packed.hex(),
        "key": wrong.hex(),
        "opensUnderBoth": [key.hex(), wrong.hex()],
    }


def made(
    front: Front,
    commitment: bytes,
    plain: bytes,
    key: bytes,
    *,
    signer: str = "alice",
    twice: bool = False,
) -> Envelope:
    """An envelope around any plaintext, rightly sealed and signed."""
    ciphertext = AESGCM(key).encrypt(bytes(12), plain, front.packed + commitment)
    return wrapped(front, commitment, ciphertext, key, signer=signer, twice=twice)


def wrapped(
    front: Front,
    commitment: bytes,
    ciphertext: bytes,
    key: bytes,
    *,
    signer: str = "alice",
    twice: bool = False,
) -> Envelope:
    sender, reader = STATEMENTS["alice", ROOMS[0]], STATEMENTS["bob", ROOMS[0]]
    header = front.packed + commitment
    wrapping = wrapping_key(x25519(f"alice {ROOMS[0]}"), reader.key, sender, reader, header)
    wrap = Wrap(reader.name, AESGCM(wrapping).encrypt(bytes(12), key, header))
    wraps = (wrap, wrap) if twice else (wrap,)
    bare = Envelope(front, commitment, wraps, ciphertext, b"")
    return Envelope(front, commitment, wraps, ciphertext, PEOPLE[signer].signing.sign(bare.signed))


def pack_any(f: bytes, kind: int, data: bytes) -> bytes:
    """A padded plaintext that `pack` would refuse to make."""
    plain = f + bytes([kind]) + u32(len(data)) + data
    size = next(bucket for bucket in (256, 512, 1024, 2048, 4096, 8192) if bucket >= len(plain))
    return plain.ljust(size, b"\0")


def flipped(data: bytes, at: int) -> str:
    return (data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]).hex()


# --- GCM's field (SP 800-38D, 6.3): 128 bits, the first bit is the lowest power ----------------------


def multiply(x: int, y: int) -> int:
    product_, v = 0, x
    for bit in range(127, -1, -1):
        if y >> bit & 1:
            product_ ^= v
        v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
    return product_


def inverse(x: int) -> int:
    """x^(2^128 - 2)."""
    result, power = 1 << 127, x
    for _ in range(127):
        power = multiply(power, power)
        result = multiply(result, power)
    return result


def ghash_key(key: bytes) -> int:
    return int.from_bytes(
        Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(bytes(16)), "big"
    )


def mask(key: bytes) -> int:
    first = bytes(12) + u32(1)
    return int.from_bytes(Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(first), "big")


def ghash(h: int, header: bytes, ciphertext: bytes) -> int:
    padded = header.ljust(-(-len(header) // 16) * 16, b"\0") + ciphertext
    lengths = (8 * len(header)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    y = 0
    for at in range(0, len(padded) + 16, 16):
        block = (padded + lengths)[at : at + 16]
        y = multiply(y ^ int.from_bytes(block, "big"), h)
    return y


def rendered() -> str:
    return json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(rendered(), encoding="utf-8")
    print({name: len(rows) for name, rows in vectors().items()})
