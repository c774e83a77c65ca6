"""The sealed format in bytes: the committed vectors are what the code makes, open again, and are refused where they are wrong, each for its reason."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chat.sealed import log
from chat.sealed.bundle import verify_bundle
from chat.sealed.errors import Unsealed
from chat.sealed.file import Manifest, open_file, seal_file
from chat.sealed.keys import agree, check_signed, checked_statement, verifies
from chat.sealed.layout import BUCKETS, Envelope, KeyStatement, device_of, room_id
from chat.sealed.messages import Content, open_with, pack, seal, text, unwrap
from marketplace.management.commands.verify_bundle import recovered
from stack.folders import ROOT
from tests.vectors import evidence, files, make_sealed, refusals
from tests.vectors.people import PEOPLE, ROOMS, STATEMENTS, front_of, x25519

VECTORS: dict[str, list[Any]] = json.loads(make_sealed.PATH.read_text(encoding="utf-8"))
Row = dict[str, Any]


def why(row: Row) -> str:
    return str(row.get("why", ""))


def test_committed_vectors_are_what_the_script_makes() -> None:
    assert make_sealed.PATH.read_text(encoding="utf-8") == make_sealed.rendered()
    assert sum(map(len, VECTORS.values())) >= 500


def test_script_needs_nothing_but_its_libraries() -> None:
    """Whoever writes another program can run it: no settings, no database."""
    code = "from tests.vectors.make_sealed import vectors; vectors()"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={}, check=True)


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
    kinds = set()
    for number, row in enumerate(VECTORS["messages"], 1):
        content = Content(row["type"], bytes.fromhex(row["content"]))
        readers = tuple(row["readers"])
        assert make_sealed.message(number, content, row["sender"], row["room"], readers) == row
        kinds.add((row["type"], len(pack(bytes(32), content))))
        if "bytes" not in row:
            continue
        envelope = Envelope.parse(bytes.fromhex(row["bytes"]))
        assert envelope.packed.hex() == row["bytes"]
        sender = STATEMENTS[row["sender"], row["room"]]
        check_signed(envelope, sender)
        for reader in readers:
            secret = x25519(f"{reader} {row['room']}")
            own = STATEMENTS[reader, row["room"]]
            key = unwrap(envelope, sender=sender, reader=own, secret=secret)
            assert key.hex() == row["key"]
            assert open_with(envelope, key) == content
    assert {kind for kind, _ in kinds} == {1, 2, 3, 4}
    assert {bucket for _, bucket in kinds} == set(BUCKETS)


def test_logs_have_their_hashes_heads_and_receipts() -> None:
    """E04: a receipt is bound to its room, number, time and head."""
    for row in VECTORS["logs"]:
        room, hub = bytes.fromhex(row["room"]), bytes.fromhex(row["hub"])
        head = log.empty_head(room)
        assert head.hex() == row["empty"]
        for entry in row["entries"]:
            seq, at, content = entry["seq"], entry["at"], bytes.fromhex(entry["content"])
            digest = log.entry_hash(seq, at, entry["kind"], content)
            head = log.next_head(head, digest)
            assert (digest.hex(), head.hex()) == (entry["hash"], entry["head"])
            receipt = bytes.fromhex(entry["receipt"])
            assert log.is_receipt(hub, receipt, room, seq, at, head)
            for other in (
                (bytes(32), seq, at, head),
                (room, seq + 1, at, head),
                (room, seq, at + 1, head),
                (room, seq, at, digest),
            ):
                assert not log.is_receipt(hub, receipt, *other)


def test_signatures_hold_by_one_equation() -> None:
    """E03, E15: parts of small order and other spellings of s, where programs differ."""
    for row in VECTORS["signatures"]:
        key, data = bytes.fromhex(row["signing"]), bytes.fromhex(row["data"])
        assert verifies(key, bytes.fromhex(row["signature"]), data) is row["holds"], row["why"]


def code_of(check: Any, *given: Any, **named: Any) -> str:
    """The code of the refusal; empty if there is none."""
    try:
        check(*given, **named)
    except Unsealed as fault:
        return fault.code
    return ""


@pytest.mark.parametrize("row", VECTORS["refusedStatements"], ids=why)
def test_wrong_statements_are_refused(row: Row) -> None:
    """E15: weak points, and anything that its device did not sign."""
    assert code_of(checked_statement, bytes.fromhex(row["bytes"])) == row["code"]


def test_agreement_that_everybody_knows_is_refused() -> None:
    """E15: each point of small order, in each of its spellings."""
    for row in VECTORS["refusedAgreements"]:
        secret = x25519("any secret")
        assert secret.private_bytes_raw().hex() == row["secret"]
        assert code_of(agree, secret, bytes.fromhex(row["key"])) == row["code"]


def read(data: bytes, key: str = "", sender: str = "alice") -> Content:
    """What bob reads: from his own wrap, or with a key that he was given."""
    statement, own = STATEMENTS[sender, ROOMS[0]], STATEMENTS["bob", ROOMS[0]]
    envelope = Envelope.parse(data)
    check_signed(envelope, statement)
    opened = bytes.fromhex(key) or unwrap(
        envelope, sender=statement, reader=own, secret=x25519(f"bob {ROOMS[0]}")
    )
    return open_with(envelope, opened)


@pytest.mark.parametrize("row", VECTORS["refusedMessages"], ids=why)
def test_wrong_messages_are_refused(row: Row) -> None:
    """E03, E05, E06: cut, surplus, altered, moved, turned round, wrongly padded, under another commitment or device."""
    given = row.get("key", ""), row.get("sender", "alice")
    assert code_of(read, bytes.fromhex(row["bytes"]), *given) == row["code"]


def test_every_single_byte_of_a_message_counts() -> None:
    """E03: header, wraps, ciphertext and signature; seven bits of a byte and each alone."""
    row = VECTORS["messages"][0]
    whole = bytes.fromhex(row["bytes"])
    assert read(whole) == read(whole, row["key"]) == Content(1, bytes.fromhex(row["content"]))
    for at in range(len(whole)):
        for flip in (1, 0x80, 0xFF):
            changed = whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :]
            assert code_of(read, changed, row["key"]), f"byte {at}"
    for size in range(len(whole)):
        assert code_of(Envelope.parse, whole[:size]) in ("cut", "magic"), f"cut to {size}"


def test_every_single_byte_counts_also_when_the_sender_signs_again() -> None:
    """E03: what the signature covers, the ciphers cover as well; the wrap is opened, not the key given."""
    whole = Envelope.parse(bytes.fromhex(VECTORS["messages"][0]["bytes"]))
    for at in range(len(whole.body)):
        try:
            envelope = Envelope.parse(refusals.flipped(whole.body, at) + whole.signature)
        except Unsealed:
            continue
        again = refusals.resigned(envelope)
        assert code_of(read, again.packed) in ("key", "no_wrap", "statement"), f"byte {at}"


def test_one_ciphertext_of_two_keys_is_no_message_under_either() -> None:
    """E05: AES-GCM itself lets both keys open it, to type, length and bytes of a message; the commitment does not."""
    rows = [row for row in VECTORS["refusedMessages"] if "opensUnderBoth" in row]
    plains = []
    for row in rows:
        envelope = Envelope.parse(bytes.fromhex(row["bytes"]))
        for key in map(bytes.fromhex, row["opensUnderBoth"]):
            plains.append(AESGCM(key).decrypt(bytes(12), envelope.ciphertext, envelope.header))
            assert code_of(open_with, envelope, key)
    assert len(set(plains)) == 2
    assert {plain[32:37] for plain in plains} == {b"\x01\x00\x00\x00\xdb"}
    assert plains[0][37:].decode().startswith("I never got a single cent")
    assert [row["code"] for row in rows] == ["commitment", "content"]


def test_sizes_say_only_the_bucket() -> None:
    """E17: 4,000 lengths of text make five sizes, and a sealed message shows no other."""
    sizes = Counter(len(pack(bytes(32), text("x" * length))) for length in range(1, 4001))
    edges = [bucket - 37 for bucket in BUCKETS[:4]]
    assert sizes == {
        256: edges[0],
        512: edges[1] - edges[0],
        1024: edges[2] - edges[1],
        2048: edges[3] - edges[2],
        4096: 4000 - edges[3],
    }
    seen = Counter(
        len(
            seal(
                front_of("alice", ROOMS[0], 1, index=1),
                text("x" * length),
                signing=PEOPLE["alice"].signing,
                statement=STATEMENTS["alice", ROOMS[0]],
                secret=x25519(f"alice {ROOMS[0]}"),
                readers=[STATEMENTS["bob", ROOMS[0]]],
            )[0].packed
        )
        for length in range(1, 4001, 13)
    )
    assert len(seen) == 5


def test_no_random_part_comes_twice() -> None:
    """E10: without given chances each message has its own key, f and wraps."""
    readers = [STATEMENTS["bob", ROOMS[0]]]
    envelopes = [
        seal(
            front_of("alice", ROOMS[0], 1, index=1),
            text("Once."),
            signing=PEOPLE["alice"].signing,
            statement=STATEMENTS["alice", ROOMS[0]],
            secret=x25519(f"alice {ROOMS[0]}"),
            readers=readers,
        )
        for _ in range(50)
    ]
    for parts in (
        {key for _, key in envelopes},
        {one.commitment for one, _ in envelopes},
        {one.ciphertext for one, _ in envelopes},
        {one.wraps[0].key for one, _ in envelopes},
    ):
        assert len(parts) == 50


def test_message_of_another_room_or_direction_is_refused() -> None:
    """E03, E08: the same bytes under another statement, and a wrap turned round."""
    row = next(row for row in VECTORS["messages"] if "bytes" in row and "alice" in row["readers"])
    envelope = Envelope.parse(bytes.fromhex(row["bytes"]))
    here, there = ROOMS
    for name, room in (("alice", there), ("bob", here)):
        statement: KeyStatement = STATEMENTS[name, room]
        if statement.name != envelope.front.statement:
            assert code_of(check_signed, envelope, statement) == "statement"
    sender, own = STATEMENTS[row["sender"], row["room"]], STATEMENTS["bob", row["room"]]
    with pytest.raises(Unsealed):
        unwrap(envelope, sender=own, reader=sender, secret=x25519(f"bob {row['room']}"))


def test_files_are_sealed_and_open_again() -> None:
    for row in VECTORS["files"]:
        file = b"".join(bytes.fromhex(data) * count for data, count in row["file"])
        manifest = Manifest.parse(row["manifest"].encode())
        sealed = seal_file(file, bytes.fromhex(manifest.key))
        assert (len(sealed), sealed[:48].hex()) == (row["sealedSize"], row["sealedStart"])
        assert sha256(sealed).hexdigest() == manifest.sha256
        assert open_file(sealed, manifest) == file
        assert manifest.content.decode() == row["manifest"]


def test_sizes_of_files_say_only_the_blocks() -> None:
    """E17: in whole 64 KiB."""
    assert {(row["sealedSize"] - 16) % files.BLOCK for row in VECTORS["files"]} == {0}


@pytest.mark.parametrize("row", VECTORS["refusedFiles"], ids=why)
def test_wrong_files_are_refused(row: Row) -> None:
    """E03: a file that differs in anything from what its message says."""
    plain = b"".join(bytes.fromhex(data) * count for data, count in row["plain"])
    key, label = bytes.fromhex(row["sealKey"]), bytes.fromhex(row["label"])
    sealed = AESGCM(key).encrypt(bytes(12), plain, label)
    manifest = Manifest.parse(row["manifest"].encode())
    assert code_of(open_file, sealed, manifest) == row["code"]


def test_each_byte_of_a_sealed_file_counts() -> None:
    """E03: also under a message that names the changed bytes."""
    file, key = b"%PDF-1.7", bytes(range(32))
    sealed = seal_file(file, key)
    for at in (0, 1, 8, 100, 65_535, len(sealed) - 1):
        touched = refusals.flipped(sealed, at)
        honest = files.manifest(sealed, len(file), key, "application/pdf")
        assert code_of(open_file, touched, honest) == "file_hash"
        named = replace(honest, sha256=sha256(touched).hexdigest())
        assert code_of(open_file, touched, named) == "key"


@pytest.mark.parametrize("row", VECTORS["refusedManifests"], ids=lambda row: row["manifest"][:60])
def test_wrong_descriptions_of_files_are_refused(row: Row) -> None:
    assert code_of(Manifest.parse, row["manifest"].encode()) == row["code"]


@pytest.mark.parametrize("said", VECTORS["acceptedJson"])
def test_json_in_its_one_spelling_is_read(said: str) -> None:
    assert log.canonical_json(log.parsed_json(said)) == said


@pytest.mark.parametrize("said", VECTORS["refusedJson"])
def test_json_in_another_spelling_is_refused(said: str) -> None:
    assert code_of(log.parsed_json, said) in ("json", "spelling")


@pytest.mark.parametrize("row", VECTORS["bundles"], ids=why)
def test_evidence_files_prove_what_they_prove(row: Row) -> None:
    """E01, E04, E06, E07, E08: true, partial and false ones; false ones are signed by the one who made them false."""
    whole = VECTORS["bundles"][0]["with"]
    data = evidence.assembled(row, whole).encode()
    if row["lines"] is None:
        assert code_of(verify_bundle, data, recovered)
        return
    verdict = verify_bundle(data, recovered)
    assert verdict.hash == row["hash"]
    assert [[line.seq, line.what] for line in verdict.lines] == row["lines"]
    assert verdict.is_whole is row["holds"]
