"""What was said is removed a set time after the end; that it was said, and when, stays."""

from __future__ import annotations

import io
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from chat import files, services
from chat.models import Room, SealedFile
from chat.retention import keep_until, remove_due
from chat.sealed import log
from chat.selectors import page_of
from chat.tasks import sweep_rooms
from tests.drivers.sealing import Talk

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


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
def talk(alice: Any, bob: Any) -> Talk:
    """Two messages, a line and a file."""
    room = services.open_room("trade-1", members=[(alice, "seller"), (bob, "buyer")])
    talking = Talk(room)
    for person in (alice, bob):
        talking.voice(person)
    talking.say(alice, "My account is 12345.")
    services.post_line(room, "disclosed", {"name": "Alice", "what": "1 message"})
    content = b"sealed bytes"
    row = files.store_file(
        room=room, sender=bob, source=io.BytesIO(content), sha256=sha256(content).hexdigest()
    )
    files.name_files(talking.say(bob, "Here it is."), [str(row.name)])
    return talking


def past(room: Room) -> None:
    Room.objects.filter(pk=room.pk).update(kept_until=timezone.now() - DAY)


def test_after_its_time_only_numbers_hashes_and_lines_are_left(
    talk: Talk, bob: Any, tmp_path: Path
) -> None:
    """The log's chain holds as before, so that a saved conversation can still be held against it."""
    before = page_of(talk.room, bob, 0)
    past(talk.room)
    sweep_rooms()
    after = page_of(talk.room, bob, 0)
    assert [entry.get("removed", False) for entry in after["entries"]] == [
        False, False, True, False, True,
    ]  # fmt: skip
    assert (after["head"], after["closed"]) == (before["head"], True)
    head = log.empty_head(bytes.fromhex(after["room"]))
    for entry in after["entries"]:
        if entry.get("removed"):
            assert "body" not in entry
            head = log.next_head(head, bytes.fromhex(entry["hash"]))
        else:
            head = bytes.fromhex(entry["head"])
        assert entry["head"] == head.hex()
    assert all(bytes(message.body) == b"" for message in talk.messages())
    assert SealedFile.objects.get().removed_at is not None
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_before_its_time_nothing_is_removed_and_afterwards_once(talk: Talk) -> None:
    assert remove_due() == 0
    keep_until(talk.room, timezone.now() + DAY)
    assert remove_due() == 0
    assert all(message.body for message in talk.messages())
    past(talk.room)
    assert (remove_due(), remove_due()) == (1, 0)


def test_longer_time_wins_and_a_room_that_goes_on_is_kept(talk: Talk) -> None:
    """Evidence outlives the trade's own time; a trade that is locked again ends anew."""
    soon, late = timezone.now() + DAY, timezone.now() + 365 * DAY
    for when, kept in ((soon, soon), (late, late), (soon, late), (None, None), (soon, soon)):
        keep_until(talk.room, when)
        talk.room.refresh_from_db()
        assert talk.room.kept_until == kept


def test_removed_room_stays_removed(talk: Talk, alice: Any) -> None:
    past(talk.room)
    remove_due()
    keep_until(talk.room, None)
    talk.room.refresh_from_db()
    assert talk.room.kept_until is not None
    with pytest.raises(services.RoomClosed):
        talk.say(alice)
    assert services.post_line(talk.room, "disclosed", {"name": "A", "what": "x"}).seq == 6


def test_files_that_could_not_be_removed_are_removed_later(
    talk: Talk, monkeypatch: Any, tmp_path: Path
) -> None:
    """A storage that is away for a while keeps nothing for ever."""

    def away(path: str) -> None:
        raise OSError("away")

    past(talk.room)
    with monkeypatch.context() as broken:
        broken.setattr(files.storage(), "delete", away)
        with pytest.raises(OSError, match="away"):
            remove_due()
    assert SealedFile.objects.get().removed_at is None
    assert files.remove_left() == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_rooms_to_remove_are_found_by_their_index(talk: Talk) -> None:
    """The sweep costs the same however many rooms there are."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM chat_room WHERE kept_until < now() AND removed_at IS NULL "
            "AND kept_until IS NOT NULL ORDER BY kept_until LIMIT 50"
        )
        plan = " ".join(row[0] for row in cursor.fetchall())
    assert "room_to_remove" in plan
