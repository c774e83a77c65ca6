"""The sealed format in bytes: the committed vectors are what the code makes, open again, and are refused where they are wrong."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chat.sealed import log
from chat.sealed.errors import Unsealed
from chat.sealed.keys import check_signed, checked_statement
from chat.sealed.layout import BUCKETS, Envelope, KeyStatement, device_of, room_id
from chat.sealed.messages import Content, open_with, pack, text, unwrap
from tests.vectors import make_sealed

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(make_sealed.PATH.read_text(encoding="utf-8"))


def test_committed_vectors_are_what_the_script_makes() -> None:
    assert make_sealed.PATH.read_text(encoding="utf-8") == make_sealed.rendered()
    assert sum(map(len, VECTORS.values())) >= 500


def test_rooms_and_devices_have_their_names() -> None:
    """E03, E08: another chain, contract or name is another room."""
    for row in VECTORS["rooms"]:
        assert room_id(row["chain"], row["contract"], row["name"]).hex() == row["room"]
    assert len({row["room"] for row in VECTORS["rooms"]}) == len(VECTORS["rooms"])
    for row in VECTORS["devices"]:
        keys = bytes.fromhex(row["signing"]), bytes.fromhex(row["agreement"])
        assert device_of(*keys).hex() == row["device"]


def test_statements_hold() -> None:
    for row in VECTORS["statements"]:
        statement = checked_statement(bytes.fromhex(row["bytes"]))
        assert (statement.name.hex(), statement.key.hex()) == (row["hash"], row["key"])
        assert statement.packed.hex() == row["bytes"]


def test_messages_open_for_each_reader_and_by_their_key() -> None:
    for number, row in enumerate(VECTORS["messages"], 1):
        content = Content(row["type"], bytes.fromhex(row["content"]))
        made = make_sealed.message(
            number, content, row["sender"], row["room"], tuple(row["readers"])
        )
        assert made == row
        if "bytes" not in row:
            continue
        envelope = Envelope.parse(bytes.fromhex(row["bytes"]))
        sender = make_sealed.STATEMENTS[row["sender"], row["room"]]
        check_signed(envelope, sender)
        for reader in row["readers"]:
            secret = make_sealed.x25519(f"{reader} {row['room']}")
            own = make_sealed.STATEMENTS[reader, row["room"]]
            key = unwrap(envelope, sender=sender, reader=own, secret=secret)
            assert key.hex() == row["key"]
            assert open_with(envelope, key) == content


def test_logs_have_their_hashes_heads_and_receipts() -> None:
    for row in VECTORS["logs"]:
        room, hub = bytes.fromhex(row["room"]), bytes.fromhex(row["hub"])
        head = log.empty_head(room)
        assert head.hex() == row["empty"]
        for entry in row["entries"]:
            digest = log.entry_hash(
                entry["seq"], entry["at"], entry["kind"], bytes.fromhex(entry["content"])
            )
            head = log.next_head(head, digest)
            assert (digest.hex(), head.hex()) == (entry["hash"], entry["head"])
            receipt = bytes.fromhex(entry["receipt"])
            assert log.is_receipt(hub, receipt, room, entry["seq"], entry["at"], head)
            assert not log.is_receipt(hub, receipt, room, entry["seq"] + 1, entry["at"], head)


@pytest.mark.parametrize("row", VECTORS["refusedStatements"], ids=lambda row: row["why"])
def test_wrong_statements_are_refused(row: dict[str, Any]) -> None:
    """E15: weak points, and anything that its device did not sign."""
    with pytest.raises(Unsealed):
        checked_statement(bytes.fromhex(row["bytes"]))


def refused(data: bytes, key: bytes) -> bool:
    """Whether any check of a reader says no."""
    sender = make_sealed.STATEMENTS["alice", make_sealed.ROOMS[0]]
    try:
        envelope = Envelope.parse(data)
        check_signed(envelope, sender)
        open_with(envelope, key)
    except Unsealed:
        return True
    return False


@pytest.mark.parametrize("row", VECTORS["refusedMessages"], ids=lambda row: row["why"])
def test_wrong_messages_are_refused(row: dict[str, Any]) -> None:
    """E03, E05, E06: cut, surplus, altered, wrongly padded, under another commitment, or by another device."""
    assert refused(bytes.fromhex(row["bytes"]), bytes.fromhex(row["key"]))


def test_every_single_byte_of_a_message_counts() -> None:
    """E03: header, wraps, ciphertext and signature."""
    row = VECTORS["messages"][0]
    whole, key = bytes.fromhex(row["bytes"]), bytes.fromhex(row["key"])
    assert not refused(whole, key)
    for at in range(len(whole)):
        for flip in (1, 0x80):
            changed = whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :]
            assert refused(changed, key), f"byte {at}"


def test_one_ciphertext_of_two_keys_is_no_message_under_either() -> None:
    """E05: AES-GCM itself lets both keys open it; padding and commitment do not."""
    row = next(row for row in VECTORS["refusedMessages"] if "opensUnderBoth" in row)
    envelope = Envelope.parse(bytes.fromhex(row["bytes"]))
    for key in map(bytes.fromhex, row["opensUnderBoth"]):
        make_sealed.AESGCM(key).decrypt(bytes(12), envelope.ciphertext, envelope.header)
        with pytest.raises(Unsealed):
            open_with(envelope, key)


def test_sizes_say_only_the_bucket() -> None:
    """E17: 4,000 lengths of text make six sizes."""
    sizes = Counter(len(pack(bytes(32), text("x" * length))) for length in range(1, 4001))
    assert sorted(sizes) == list(BUCKETS[:5])
    assert sizes[256] == 256 - 37


def test_message_of_another_room_or_direction_is_refused() -> None:
    """E03, E08: the same bytes under another statement, and a wrap turned round."""
    row = next(row for row in VECTORS["messages"] if "bytes" in row and "alice" in row["readers"])
    envelope = Envelope.parse(bytes.fromhex(row["bytes"]))
    here, there = make_sealed.ROOMS
    for name, room in (("alice", there), ("bob", here)):
        statement: KeyStatement = make_sealed.STATEMENTS[name, room]
        if statement.name != envelope.front.statement:
            with pytest.raises(Unsealed):
                check_signed(envelope, statement)
    sender = make_sealed.STATEMENTS[row["sender"], row["room"]]
    own = make_sealed.STATEMENTS["bob", row["room"]]
    with pytest.raises(Unsealed):
        unwrap(envelope, sender=own, reader=sender, secret=make_sealed.x25519(f"bob {row['room']}"))


def test_hubs_key_signs_nothing_but_receipts() -> None:
    """E04: a receipt is bound to its room, number and head."""
    hub = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = hub.public_key().public_bytes_raw()
    room, head = bytes(32), bytes(range(32))
    receipt = log.sign_receipt(hub, room, 7, 9, head)
    assert log.is_receipt(public, receipt, room, 7, 9, head)
    for other in (
        (bytes([1] * 32), 7, 9, head),
        (room, 8, 9, head),
        (room, 7, 8, head),
        (room, 7, 9, bytes(32)),
    ):
        assert not log.is_receipt(public, receipt, *other)
