"""Messages are stored, numbered without gaps, and stored once however often they are sent."""

from __future__ import annotations

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from chat import lines, services
from chat.errors import (
    BadMessage,
    Conflict,
    EmptyMessage,
    MessageTooLong,
    NotAMember,
    RoomClosed,
)
from chat.models import Entry, Room
from chat.selectors import entries_after, page_of
from realtime import hints
from realtime.allowance import TooFast

lines.register("test_locked", "{amount} locked")


@pytest.fixture
def room(alice: Any, bob: Any) -> Room:
    return services.open_room("trade-7F3K-22", members=[(alice, "seller"), (bob, "buyer")])


def post(
    room: Room, sender: Any, text: str = "Hello.", client_id: str | None = None, **more: Any
) -> Entry:
    return services.post_message(
        room=room,
        sender=sender,
        client_id=client_id or uuid.uuid4().hex,
        device="",
        body=text.encode(),
        **more,
    )


def test_messages_and_lines_share_one_numbering(room: Room, alice: Any, bob: Any) -> None:
    post(room, alice, "Hi Bob.")
    services.post_line(room, "test_locked", {"amount": "250 USDC"})
    post(room, bob, "Hi Alice.")
    assert [(e.seq, e.kind) for e in entries_after(room, 0)] == [
        (1, "text"),
        (2, "system"),
        (3, "text"),
    ]


def test_body_is_kept_byte_for_byte(room: Room, alice: Any) -> None:
    body = bytes(range(256))
    services.post_message(room=room, sender=alice, client_id="a" * 8, device="", body=body)
    assert bytes(entries_after(room, 0)[0].body) == body


def test_same_message_again_is_the_same_entry(room: Room, alice: Any) -> None:
    """K04: a lost ack."""
    first = post(room, alice, "Sent.", client_id="client-id-1")
    again = post(room, alice, "Sent.", client_id="client-id-1")
    assert (again.pk, again.seq) == (first.pk, 1)
    assert room.entries.count() == 1


def test_same_client_id_with_other_content_is_a_conflict(room: Room, alice: Any) -> None:
    """K04: 409."""
    post(room, alice, "I sent it.", client_id="client-id-1")
    with pytest.raises(Conflict):
        post(room, alice, "I did not.", client_id="client-id-1")
    assert room.entries.count() == 1


def test_two_people_may_use_the_same_client_id(room: Room, alice: Any, bob: Any) -> None:
    post(room, alice, client_id="client-id-1")
    assert post(room, bob, client_id="client-id-1").seq == 2


def test_stranger_cannot_write(room: Room, carol: Any) -> None:
    """K09."""
    with pytest.raises(NotAMember):
        post(room, carol)
    assert room.entries.count() == 0


def test_somebody_who_left_cannot_write_nor_retry(room: Room, bob: Any) -> None:
    """K09: rights are asked at each message."""
    post(room, bob, client_id="client-id-1")
    services.remove_member(room, bob)
    with pytest.raises(NotAMember):
        post(room, bob)
    with pytest.raises(NotAMember):
        post(room, bob, client_id="client-id-1")
    assert room.entries.count() == 1


def test_closed_room_takes_lines_but_no_messages(room: Room, bob: Any) -> None:
    services.close_room(room)
    with pytest.raises(RoomClosed):
        post(room, bob)
    assert services.post_line(room, "test_locked", {"amount": "1 USDC"}).seq == 1


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"body": b""}, EmptyMessage),
        ({"body": b"x" * 4001}, MessageTooLong),
        ({"kind": "system"}, BadMessage),
        ({"kind": "staff"}, BadMessage),
        ({"kind": ""}, BadMessage),
        ({"v": 2}, BadMessage),
        ({"v": 0}, BadMessage),
        ({"client_id": "short"}, BadMessage),
        ({"client_id": "x" * 65}, BadMessage),
        ({"client_id": "with space!"}, BadMessage),
        ({"device": "0x12"}, BadMessage),
    ],
)
def test_malformed_message_is_refused_and_nothing_is_stored(
    room: Room, alice: Any, change: dict[str, Any], refusal: type[Exception]
) -> None:
    """K11, K21: unknown kinds, and kinds that only the hub may make."""
    whole = {"client_id": "client-id-1", "device": "", "body": b"x" * 4000, "kind": "text", "v": 1}
    with pytest.raises(refusal):
        services.post_message(room=room, sender=alice, **(whole | change))
    assert room.entries.count() == 0
    services.post_message(room=room, sender=alice, **whole)
    assert room.entries.count() == 1


def test_twenty_messages_in_ten_seconds_are_enough(room: Room, alice: Any, bob: Any) -> None:
    """K12: the flood stops, the other side is not touched, a retry of a stored message is free."""
    for number in range(20):
        post(room, alice, client_id=f"client-id-{number}")
    with pytest.raises(TooFast) as refused:
        post(room, alice)
    assert 1 <= refused.value.retry_seconds <= 11
    assert post(room, alice, client_id="client-id-3").seq == 4
    assert post(room, bob).seq == 21


def test_member_row_cannot_become_a_line(room: Room, alice: Any) -> None:
    """K21: the database itself refuses a forged kind."""
    entry = post(room, alice)
    for forged in (
        {"kind": "system"},
        {"kind": "staff"},
        {"code": "test_locked"},
        {"staff_by": alice},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Entry.objects.filter(pk=entry.pk).update(**forged)


def test_line_of_the_same_cause_is_written_once(room: Room) -> None:
    first = services.post_line(room, "test_locked", {"amount": "1"}, once="event-77")
    again = services.post_line(room, "test_locked", {"amount": "1"}, once="event-77")
    assert first.pk == again.pk
    assert room.entries.count() == 1


def test_line_without_its_values_is_refused(room: Room) -> None:
    with pytest.raises(lines.LineIncomplete):
        services.post_line(room, "test_locked", {})
    with pytest.raises(lines.UnknownLine):
        services.post_line(room, "nobody_registered_this", {})
    assert room.entries.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_hundred_concurrent_messages_leave_no_gap(
    alice: Any, bob: Any, monkeypatch: Any
) -> None:
    """K05, K04: 200 from two senders, each message sent twice at once."""
    monkeypatch.setattr(services, "PER_PERSON", "100000/10 seconds")
    monkeypatch.setattr(services, "PER_PERSON_AND_ROOM", "100000/1 minute")
    room = services.open_room("trade-7F3K-22", members=[(alice, "seller"), (bob, "buyer")])
    jobs = [(sender, f"client-id-{n}") for n in range(100) for sender in (alice, bob)] * 2

    def run(job: tuple[Any, str]) -> int:
        try:
            return post(room, job[0], "Hello.", client_id=job[1]).seq
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(run, jobs))
    assert sorted(set(numbers)) == list(range(1, 201))
    assert numbers[:200] == numbers[200:]
    assert [entry.seq for entry in entries_after(room, 0, 200)] == list(range(1, 201))


@pytest.mark.django_db(transaction=True)
def test_later_number_is_never_visible_before_an_earlier_one(alice: Any, bob: Any) -> None:
    """K06: a slow commit holds back those after it; a rolled back one leaves no hole."""
    room = services.open_room("trade-7F3K-22", members=[(alice, "seller"), (bob, "buyer")])
    written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                post(room, alice, "slow")
                written.set()
                may_commit.wait(10)
                transaction.set_rollback(True)
        finally:
            connection.close()

    def quick() -> None:
        try:
            post(room, bob, "quick")
        finally:
            connection.close()

    slow_thread, quick_thread = threading.Thread(target=slow), threading.Thread(target=quick)
    slow_thread.start()
    assert written.wait(10)
    quick_thread.start()
    quick_thread.join(0.3)
    assert quick_thread.is_alive()
    assert entries_after(room, 0) == []
    may_commit.set()
    slow_thread.join(10)
    quick_thread.join(10)
    assert [(e.seq, bytes(e.body)) for e in entries_after(room, 0)] == [(1, b"quick")]


def test_message_is_stored_and_read_while_redis_is_away(
    room: Room,
    alice: Any,
    bob: Any,
    settings: Any,
    monkeypatch: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    """K02: the hint is lost, the message is not; and nobody waits long for what does not answer."""
    # Publishing pauses after a failure; the next test must not inherit the pause.
    monkeypatch.setattr(hints, "_quiet_until", 0.0)
    nowhere = "redis://127.0.0.1:9/0"
    settings.REDIS_URL = nowhere
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [nowhere], "prefix": "parley"},
        }
    }
    began = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True) as told:
        for number in range(10):
            post(room, alice, client_id=f"client-id-{number}")
    assert len(told) == 10
    page = page_of(room, bob, 0)
    assert ([entry["seq"] for entry in page["entries"]], page["last"]) == (list(range(1, 11)), 10)
    assert [member["here"] for member in page["members"]] == [False, False]
    assert time.monotonic() - began < 5
