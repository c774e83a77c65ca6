"""What every reader refuses, and under which code: statements, messages, agreements, spellings of JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chat.sealed.keys import SMALL_ED25519, SMALL_X25519
from chat.sealed.layout import (
    BUCKETS,
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
)
from chat.sealed.messages import Chance, Content, commit, pack, text, wrapping_key
from chat.sealed.reading import u8, u32, u64
from tests.vectors import two_faced
from tests.vectors.people import (
    AT,
    CHAIN,
    CONTRACT,
    PEOPLE,
    ROOM_IDS,
    ROOMS,
    STATEMENTS,
    Vector,
    drawn,
    front_of,
    x25519,
)  # fmt: skip

ROOM, OTHER = ROOMS
L = 2**252 + 27742317777372353535851937790883648493


def refused_statements() -> Iterator[Vector]:
    good = STATEMENTS["alice", ROOM]
    whole, who = good.packed, PEOPLE["alice"]

    def signed(**fields: object) -> str:
        bare = replace(good, **fields)  # type: ignore[arg-type]
        return (bare.body + who.signing.sign(bare.signed)).hex()

    for at in range(0, 256, 9):
        yield refusal(statement_code(at), f"byte {at} changed", flipped(whole, at))
    for size in (0, 1, 3, 255):
        yield refusal("cut", f"cut to {size}", whole[:size])
    yield refusal("surplus", "surplus", whole + b"\0")
    for point, top in product(sorted(SMALL_X25519), (0, 0x80)):
        weak = point[:31] + u8(point[31] | top)
        yield {"code": "weak_key", "why": "weak room key", "bytes": signed(key=weak)}
    for point, top in product(sorted(SMALL_ED25519), (0, 0x80)):
        weak = point[:31] + u8(point[31] | top)
        device = device_of(weak, who.agreement_key)
        bare = replace(good, signing=weak, device=device)
        # Under such a key this one signature fits every message.
        yield refusal("signature", "weak signing key", bare.body + b"\x01" + bytes(63))
    for kind, room in ((MADE, ZEROS), (STOCK, good.room), (LAST, good.room)):
        bytes_ = signed(kind=kind, room=room)
        yield {"code": "room", "why": f"kind {kind} and its room", "bytes": bytes_}
    for kind in (0, 4, 255):
        yield {"code": "kind", "why": f"kind {kind}", "bytes": signed(kind=kind)}
    yield {"code": "device", "why": "another device", "bytes": signed(device=bytes(32))}
    body = good.body[:184] + u64(2**53)
    late = who.signing.sign(b"parley key 1\0" + body)
    yield refusal("range", "made at 2^53", body + late)
    yield refusal("signature", "a message's label", good.body + relabelled(good))
    yield refusal("signature", "s and the order of the curve", plus_order(whole))


def refused_messages() -> Iterator[Vector]:
    """`key` opens the ciphertext; without it the reader bob opens his own wrap."""
    front = front_of("alice", ROOM, 9000, index=1)
    chance = Chance(drawn("f 9000"), drawn("key 9000"))
    content = text("I sent 231.40 EUR.")
    plain = pack(chance.f, content)
    commitment = commit(chance.f, front, content)
    good = made(front, commitment, plain, chance.key)
    whole = good.packed

    def keyed(code: str, why: str, data: bytes) -> Vector:
        return refusal(code, why, data) | {"key": chance.key.hex()}

    for at in range(0, len(whole), 11):
        yield keyed(message_code(at), f"byte {at} changed", flipped(whole, at))
    for size in (0, 2, 255, 321, 400, len(whole) - 1):
        yield keyed("cut", f"cut to {size}", whole[:size])
    yield keyed("surplus", "surplus", whole + b"\0")
    yield keyed("signature", "s and the order of the curve", plus_order(whole))
    for code, why, inside in _insides(chance, plain, content):
        yield keyed(code, why, made(front, commitment, inside, chance.key).packed)
    for code, why, changed in _fronts(front):
        # Signed by the sender himself: the ciphertext is bound to the front it was made for.
        yield keyed(code, f"{why}, signed again", resigned(replace(good, front=changed)).packed)
    moved = replace(good, commitment=drawn("commitment"))
    yield keyed("key", "another commitment, signed again", resigned(moved).packed)
    for why, size in (("0", 0), ("no bucket", 300), ("2^32-1", 2**32 - 1)):
        where = whole.index(u32(len(good.ciphertext)) + good.ciphertext)
        yield keyed("size", f"size {why}", whole[:where] + u32(size) + whole[where + 4 :])
    for count in (0, 17, 255):
        where = len(good.header)
        yield keyed(
            "readers",
            f"{count} readers",
            whole[:where] + u8(count) + many(count, whole[where + 1 :]),
        )
    twice = resigned(replace(good, wraps=good.wraps * 2))
    yield keyed("readers", "reader named twice", twice.packed)
    yield keyed("signature", "signed by another device", resigned(good, "bob").packed)
    elsewhere = resigned(
        replace(good, front=replace(front, statement=STATEMENTS["alice", OTHER].name))
    )
    yield keyed("statement", "under the key of another room", elsewhere.packed)
    yield from _wraps(good, chance)
    yield from _reflected(good, chance)
    yield from _two_faced(front)


def refused_agreements() -> Iterator[Vector]:
    """E15: a secret and a point that gives 32 zeros."""
    for point, top in product(sorted(SMALL_X25519), (0, 0x80)):
        key = point[:31] + u8(point[31] | top)
        yield {"code": "weak_key", "secret": drawn("any secret").hex(), "key": key.hex()}


def refused_json() -> list[str]:
    """Texts that are no JSON, or spell a value in another way than the one."""
    return [
        "", "{", "{}x", "NaN", "[1,]", "'a'", "[" * 9 + "]" * 9, '{"a":1,"a":1}', " {}", "{}\n", '{"b":1,"a":1}', '{"a": 1}',
        "1.0", "1.5", "1e3", "-0", "-0.0", "9007199254740992", "-9007199254740992", '"\\u0041"', '"\\/"', '"\\ud800"',
        '{"\\ud800":1}', '"\\ud83d\\ude00"', '"\\u000A"', '"\\u000a"', '{"\U0001f600":1,"\uffee":1}', '"\\u2028"', "\ufeff{}",
    ]  # fmt: skip


def accepted_json() -> list[str]:
    """Texts in their one spelling."""
    return [
        "{}", "[]", "null", "true", '""', "0", "-1", "9007199254740991", "-9007199254740991", "[" * 8 + "]" * 8,
        '{"a":[1,{"b":null}],"b":"x"}', '"\\n\\t\\b\\f\\r\\"\\\\/"', '"\\u0000\\u001f\x7f"', '"\u2028\u2029\ufeff"',
        '{"\uffee":1,"\U0001f600":1}', '{"":1}', '{"1":1,"10":1,"2":1}', '{"__proto__":{"a":1}}', '"\U0001f600"',
    ]  # fmt: skip


def _insides(chance: Chance, plain: bytes, content: Content) -> Iterator[tuple[str, str, bytes]]:
    yield from (
        ("padding", "padding is not zero", plain[:-1] + b"\1"),
        ("padding", "first byte of padding is not zero", plain[:55] + b"\1" + plain[56:]),
        ("padding", "padding of another bucket", plain + bytes(256)),
        ("content", "type 0", plain[:32] + b"\0" + plain[33:]),
        ("content", "type unknown", plain[:32] + b"\5" + plain[33:]),
        ("cut", "length beyond the end", plain[:33] + u32(9999) + plain[37:]),
        ("content", "no text", pack_any(chance.f, 1, b"")),
        ("content", "text too long", pack_any(chance.f, 1, b"x" * 4001)),
        ("content", "text is no UTF-8", pack_any(chance.f, 1, b"\xff\xfe")),
        ("content", "text of half a pair", pack_any(chance.f, 1, b"\xed\xa0\x80")),
        ("content", "overlong text", pack_any(chance.f, 1, b"\xc0\x80")),
        ("spelling", "account in another spelling", pack_any(chance.f, 2, b'{"b": 1}')),
        ("json", "account is no JSON", pack_any(chance.f, 2, b"{")),
        ("content", "account is no UTF-8", pack_any(chance.f, 2, b'{"a":"\xff"}')),
        ("spelling", "file in another spelling", pack_any(chance.f, 3, b'{"b":1,"a":1}')),
        ("content", "opening of nothing", pack_any(chance.f, 4, b"")),
        ("content", "opening of half a key", pack_any(chance.f, 4, bytes(63))),
        ("content", "opening of 121", pack_any(chance.f, 4, bytes(64 * 121))),
        ("commitment", "another text", pack(chance.f, text("I sent 999.40 EUR."))),
        ("commitment", "another f", pack(drawn("other f"), content)),
        ("commitment", "another type", pack_any(chance.f, 4, content.data.ljust(64, b"\0"))),
    )


def _fronts(front: Front) -> Iterator[tuple[str, str, Front]]:
    """Every field of the front, one by one; those that name the sender fail before anything is opened."""
    chain = room_id(1, CONTRACT, ROOM)
    contract = room_id(CHAIN, "0x" + "60" * 20, ROOM)
    yield "key", "another room", replace(front, room=ROOM_IDS[OTHER])
    yield "key", "another chain", replace(front, room=chain)
    yield "key", "another contract", replace(front, room=contract)
    yield "statement", "another account", replace(front, address=PEOPLE["bob"].address)
    yield "statement", "another device", replace(front, device=PEOPLE["bob"].name)
    yield "statement", "another statement", replace(front, statement=STATEMENTS["bob", ROOM].name)
    yield "key", "another client id", replace(front, client_id=bytes(16))
    yield "key", "another index", replace(front, index=2, previous=drawn("previous"))
    yield "chain", "index 0", replace(front, index=0)
    yield "chain", "index 1 after another", replace(front, previous=drawn("previous"))
    yield "chain", "index 2 after none", replace(front, index=2)
    yield "key", "another seen", replace(front, seen=front.seen + 1)
    yield "range", "seen 2^53", replace(front, seen=2**53)
    yield "key", "another head", replace(front, seen_head=bytes(32))
    yield "key", "another time", replace(front, at=AT)
    yield "range", "at 2^64-1", replace(front, at=2**64 - 1)


def _wraps(good: Envelope, chance: Chance) -> Iterator[Vector]:
    """Signed by the sender himself, opened by bob from his wrap."""
    (wrap,) = good.wraps
    bob, carol = STATEMENTS["bob", ROOM], STATEMENTS["carol", ROOM]
    yield refusal("no_wrap", "sealed to another", resigned(replace(good, wraps=(replace(wrap, reader=carol.name),))).packed)  # fmt: skip
    for at in (0, 31, 32, 47):
        key = wrap.key[:at] + u8(wrap.key[at] ^ 1) + wrap.key[at + 1 :]
        touched = replace(good, wraps=(Wrap(wrap.reader, key),))
        yield refusal("key", f"byte {at} of the wrap, signed again", resigned(touched).packed)
    hers = wrapped_for("carol", good.header, chance.key)
    crossed = (Wrap(bob.name, hers.key), Wrap(carol.name, wrap.key))
    yield refusal("key", "wraps exchanged", resigned(replace(good, wraps=crossed)).packed)
    later = wrapped_for("bob", good.front.packed + bytes(32), chance.key)
    yield refusal("key", "wrap of another message", resigned(replace(good, wraps=(later,))).packed)
    false = wrapped_for("bob", good.header, drawn("no key"))
    yield refusal("key", "wrap of another key", resigned(replace(good, wraps=(false,))).packed)


def _reflected(good: Envelope, chance: Chance) -> Iterator[Vector]:
    """E03: bob sends alice's ciphertext and wraps as his own."""
    front = replace(
        good.front,
        address=PEOPLE["bob"].address,
        device=PEOPLE["bob"].name,
        statement=STATEMENTS["bob", ROOM].name,
    )
    turned = resigned(replace(good, front=front), "bob")
    for key in ({}, {"key": chance.key.hex()}):
        yield refusal("key", "another direction", turned.packed) | {"sender": "bob"} | key


def _two_faced(front: Front) -> Iterator[Vector]:
    """E05: with either key; the sender gives bob the one and an arbitrator the other."""
    f = drawn("f two")
    commitment = commit(f, front, Content(1, two_faced.TEXT))
    sealed = two_faced.ciphertext(f, front.packed + commitment)
    for code, key in zip(("commitment", "content"), two_faced.KEYS, strict=True):
        wrap = wrapped_for("bob", front.packed + commitment, key)
        envelope = resigned(Envelope(front, commitment, (wrap,), sealed, b""))
        both = [each.hex() for each in two_faced.KEYS]
        yield refusal(code, "one ciphertext, two keys", envelope.packed) | {
            "key": key.hex(),
            "opensUnderBoth": both,
        }


def made(front: Front, commitment: bytes, plain: bytes, key: bytes) -> Envelope:
    """An envelope around any plaintext, rightly sealed and signed by alice for bob."""
    header = front.packed + commitment
    sealed = AESGCM(key).encrypt(bytes(12), plain, header)
    wrap = wrapped_for("bob", header, key)
    return resigned(Envelope(front, commitment, (wrap,), sealed, b""))


def resigned(envelope: Envelope, signer: str = "alice") -> Envelope:
    return replace(envelope, signature=PEOPLE[signer].signing.sign(envelope.signed))


def wrapped_for(reader: str, header: bytes, key: bytes) -> Wrap:
    sender, his = STATEMENTS["alice", ROOM], STATEMENTS[reader, ROOM]
    wrapping = wrapping_key(x25519(f"alice {ROOM}"), his.key, sender, his, header)
    return Wrap(his.name, AESGCM(wrapping).encrypt(bytes(12), key, header))


def many(count: int, rest: bytes) -> bytes:
    """As many wraps of different names."""
    wraps = b"".join(drawn(f"reader {n}") + bytes(48) for n in range(count))
    return wraps + rest[80:]


def pack_any(f: bytes, kind: int, data: bytes) -> bytes:
    """A padded plaintext that `pack` would refuse to make."""
    plain = f + u8(kind) + u32(len(data)) + data
    size = next(bucket for bucket in BUCKETS if bucket >= len(plain))
    return plain.ljust(size, b"\0")


def plus_order(data: bytes) -> bytes:
    """The same signature with the order of the curve added to s: some programs take both."""
    s = int.from_bytes(data[-32:], "little") + L
    return data[:-32] + s.to_bytes(32, "little")


def relabelled(statement: KeyStatement) -> bytes:
    return PEOPLE["alice"].signing.sign(b"parley message 1\0" + statement.body)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + u8(data[at] ^ 1) + data[at + 1 :]


def refusal(code: str, why: str, data: bytes) -> Vector:
    return {"code": code, "why": why, "bytes": data.hex()}


def statement_code(at: int) -> str:
    """What a changed byte of a statement breaks first."""
    for end, code in ((2, "magic"), (3, "version"), (4, "kind"), (56, "signature"), (152, "device"), (256, "signature")):  # fmt: skip
        if at < end:
            return code
    raise AssertionError(at)


def message_code(at: int) -> str:
    """What a changed byte of a message at index 1 to one reader breaks first."""
    fields = (
        (2, "magic"), (3, "version"), (35, "signature"), (119, "statement"), (135, "signature"), (171, "chain"),
        (172, "range"), (251, "signature"), (252, "readers"), (332, "signature"), (336, "size"),
    )  # fmt: skip
    return next((code for end, code in fields if at < end), "signature")
