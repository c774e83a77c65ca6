"""Sealed files: kept whole or not at all, read by those in the room, counted, and removed when nothing names them."""

from __future__ import annotations

import hashlib
import io
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from chat import files, services
from chat.errors import FileTooLarge, NotAMember, RoomClosed, TooManyFiles
from chat.models import Room, SealedFile

pytestmark = pytest.mark.django_db
BYTES = bytes(range(256)) * 300


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "sealed": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }


@pytest.fixture
def room(alice: Any, bob: Any) -> Room:
    return services.open_room("trade-7F3K-22", members=[(alice, "seller"), (bob, "buyer")])


def store(room: Room, sender: Any, content: bytes = BYTES) -> SealedFile:
    digest = hashlib.sha256(content).hexdigest()
    return files.store_file(room=room, sender=sender, source=io.BytesIO(content), sha256=digest)


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, content: bytes, sha256: str | None = None) -> Any:
    digest = hashlib.sha256(content).hexdigest() if sha256 is None else sha256
    return client.post(
        "/rooms/trade-7F3K-22/files/",
        content,
        content_type="application/octet-stream",
        headers={"X-Sha256": digest},
    )


def test_what_one_sends_the_other_reads_byte_for_byte(room: Room, alice: Any, bob: Any) -> None:
    """As a download of no type that a browser would show; a stranger finds nothing."""
    name = post(client_of(alice), BYTES).json()["file"]["id"]
    answer = client_of(bob).get(f"/rooms/trade-7F3K-22/files/{name}/")
    assert b"".join(answer.streaming_content) == BYTES
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}.sealed"'
    assert "no-store" in answer["Cache-Control"]


def test_stranger_and_another_room_find_nothing(
    room: Room, alice: Any, carol: Any, page_bundle: None
) -> None:
    """K09: the file of one room is none of another's."""
    row = store(room, alice)
    services.open_room("trade-OTHER-1", members=[(carol, "buyer")])
    for key in ("trade-7F3K-22", "trade-OTHER-1"):
        assert client_of(carol).get(f"/rooms/{key}/files/{row.name}/").status_code == 404
    assert Client().get(f"/rooms/trade-7F3K-22/files/{row.name}/").status_code == 404
    with pytest.raises(NotAMember):
        store(room, carol)
    assert post(Client(), BYTES).status_code == 401


@pytest.mark.parametrize("digest", ["", "00" * 32, "zz" * 32, "A" * 64])
def test_bytes_that_are_not_what_was_named_are_not_kept(
    room: Room, alice: Any, digest: str, tmp_path: Path
) -> None:
    answer = post(client_of(alice), BYTES, digest)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "file_broken")
    assert not SealedFile.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_empty_file_is_none(room: Room, alice: Any) -> None:
    assert post(client_of(alice), b"").json()["error"]["code"] == "file_broken"


def test_too_large_is_refused_before_and_while_it_is_read(
    room: Room, alice: Any, tmp_path: Path
) -> None:
    """K11: the length that a browser states is not believed either."""
    answer = post(client_of(alice), b"x" * (files.LARGEST_SEALED + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "file_too_large")
    with pytest.raises(FileTooLarge):
        store(room, alice, b"x" * (files.LARGEST_SEALED + 1))
    assert store(room, alice, b"x" * files.LARGEST_SEALED).size == files.LARGEST_SEALED
    assert SealedFile.objects.count() == 1


def test_twenty_files_are_one_members_share(
    room: Room, alice: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One who fills his share takes nothing from the other; a removed one makes room."""
    monkeypatch.setattr(files, "PER_PERSON", "1000/1 minute")
    rows = [store(room, alice, b"%d" % number) for number in range(20)]
    with pytest.raises(TooManyFiles, match="20 files"):
        store(room, alice)
    assert store(room, bob).size == len(BYTES)
    files.remove_files(rows[:1])
    assert store(room, alice).size == len(BYTES)


@pytest.mark.django_db(transaction=True)
def test_twenty_hold_when_all_are_sent_at_once(
    room: Room, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PER_PERSON", "1000/1 minute")

    def send(number: int) -> bool:
        try:
            store(room, alice, b"%d" % number)
        except TooManyFiles:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(send, range(30))) == 20
    assert SealedFile.objects.count() == 20


def test_closed_room_takes_none(room: Room, alice: Any) -> None:
    services.close_room(room)
    with pytest.raises(RoomClosed):
        store(room, alice)


def test_file_that_no_message_names_is_gone_after_a_day(
    room: Room, alice: Any, tmp_path: Path, page_bundle: None
) -> None:
    row = store(room, alice)
    assert files.remove_left() == 0
    SealedFile.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))
    assert (files.remove_left(), files.remove_left()) == (1, 0)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert client_of(alice).get(f"/rooms/trade-7F3K-22/files/{row.name}/").status_code == 404


def test_name_of_a_file_says_nothing(room: Room, alice: Any) -> None:
    row = store(room, alice)
    assert uuid.UUID(str(row.name)).version == 4
    assert alice.address.lower() not in row.path
    assert row.sha256 not in row.path
