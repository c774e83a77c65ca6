"""Sealed messages are stored, numbered without gaps, and stored once however often they are sent."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from chat import lines, services
from chat.errors import (
    BadMessage,
    BadSeal,
    Conflict,
    MessageTooLong,
    NotAMember,
    NotBound,
    NothingToOpen,
    OutOfOrder,
    RoomClosed,
)
from chat.models import Entry, Room
from chat.sealed.messages import text
from chat.selectors import entries_after, page_of
from realtime import hints
from realtime.allowance import TooFast
from tests.drivers.sealing import Talk, client_id

lines.register("test_locked", "{amount} locked")


@pytest.fixture
def room(alice: Any, bob: Any) -> Room:
    return services.open_room("trade-7F3K-22", members=[(alice, "seller"), (bob, "buyer")])


@pytest.fixture
def talk(room: Room, alice: Any, bob: Any) -> Talk:
    """Both are here with their keys: entries 1 and 2."""
    talking = Talk(room)
    talking.voice(alice)
    talking.voice(bob)
    return talking


def send(room: Room, sender: Any, body: bytes, name: str = "client-id-1", **more: Any) -> Entry:
    return services.post_message(
        room=room, sender=sender, client_id=client_id(name), body=body, **more
    )


def test_messages_and_lines_share_one_numbering(talk: Talk, alice: Any, bob: Any) -> None:
    talk.say(alice, "Hi Bob.")
    services.post_line(talk.room, "test_locked", {"amount": "250 USDC"})
    talk.say(bob, "Hi Alice.")
    assert [(e.seq, e.kind) for e in entries_after(talk.room, 0)] == [
        (1, "key"),
        (2, "key"),
        (3, "message"),
        (4, "system"),
        (5, "message"),
    ]
    assert talk.voice(alice).heard(talk.room) == ["Hi Bob.", "Hi Alice."]
    assert talk.voice(bob).heard(talk.room) == ["Hi Bob.", "Hi Alice."]


def test_body_is_kept_byte_for_byte(talk: Talk, alice: Any) -> None:
    body = talk.voice(alice).sealed(talk.room, text("Hello."), client_id("client-id-1")).packed
    send(talk.room, alice, body)
    assert bytes(talk.messages()[0].body) == body


def test_same_message_again_is_the_same_entry(talk: Talk, alice: Any) -> None:
    """K04: a lost ack."""
    first = talk.say(alice, "Sent.", "client-id-1")
    again = send(talk.room, alice, bytes(first.body))
    assert (again.pk, again.seq) == (first.pk, 3)
    assert len(talk.messages()) == 1


def test_same_client_id_with_other_content_is_a_conflict(talk: Talk, alice: Any) -> None:
    """K04: 409."""
    talk.say(alice, "I sent it.", "client-id-1")
    other = talk.voice(alice).sealed(talk.room, text("I did not."), client_id("client-id-1"))
    with pytest.raises(Conflict):
        send(talk.room, alice, other.packed)
    assert len(talk.messages()) == 1


def test_two_people_may_use_the_same_client_id(talk: Talk, alice: Any, bob: Any) -> None:
    talk.say(alice, name="client-id-1")
    assert talk.say(bob, name="client-id-1").seq == 4


def test_stranger_cannot_write(talk: Talk, alice: Any, carol: Any) -> None:
    """K09: neither a message nor a key, nor anything with the bytes of a member."""
    body = talk.voice(alice).sealed(talk.room, text("Hello."), client_id("client-id-1")).packed
    with pytest.raises(NotAMember):
        talk.voice(carol)
    with pytest.raises(BadSeal):
        send(talk.room, carol, body)
    assert talk.messages() == []


def test_somebody_who_left_cannot_write_nor_retry(talk: Talk, bob: Any) -> None:
    """K09: rights are asked at each message."""
    first = talk.say(bob, name="client-id-1")
    services.remove_member(talk.room, bob)
    with pytest.raises(NotAMember):
        talk.say(bob)
    with pytest.raises(NotAMember):
        send(
            talk.room,
            bob,
            talk.voice(bob).sealed(talk.room, text("Again."), client_id("x")).packed,
            "x",
        )
    with pytest.raises(NotAMember):
        send(talk.room, bob, bytes(first.body))
    assert len(talk.messages()) == 1


def test_closed_room_takes_lines_but_no_messages(talk: Talk, bob: Any) -> None:
    services.close_room(talk.room)
    with pytest.raises(RoomClosed):
        talk.say(bob)
    assert services.post_line(talk.room, "test_locked", {"amount": "1 USDC"}).seq == 3


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"body": b""}, BadSeal),
        ({"body": b"Hello."}, BadSeal),
        ({"body": b"x" * 10_001}, MessageTooLong),
        ({"v": 1}, BadMessage),
        ({"v": 0}, BadMessage),
        ({"client_id": "short"}, BadMessage),
        ({"client_id": "x" * 65}, BadMessage),
        ({"client_id": "with space!"}, BadMessage),
        ({"client_id": "0" * 32}, BadSeal),
        ({"audience": "desk"}, NothingToOpen),
        ({"opens": [1]}, BadMessage),
    ],
    ids=str,
)
def test_malformed_message_is_refused_and_nothing_is_stored(
    talk: Talk, alice: Any, change: dict[str, Any], refusal: type[Exception]
) -> None:
    """K11, K21: what is no sealed message of this sender never enters."""
    number = client_id("client-id-1")
    body = talk.voice(alice).sealed(talk.room, text("x" * 4000), number).packed
    whole = {"client_id": number, "body": body}
    with pytest.raises(refusal):
        services.post_message(room=talk.room, sender=alice, **(whole | change))
    assert talk.messages() == []
    services.post_message(room=talk.room, sender=alice, **whole)
    assert len(talk.messages()) == 1


def test_device_that_no_wallet_signed_for_cannot_write(talk: Talk, alice: Any) -> None:
    body = talk.voice(alice).sealed(talk.room, text("Hello."), client_id("client-id-1")).packed
    alice.devices.update(message="")
    with pytest.raises(NotBound):
        send(talk.room, alice, body)


def test_twenty_messages_in_ten_seconds_are_enough(talk: Talk, alice: Any, bob: Any) -> None:
    """K12: the flood stops, the other side is not touched, a retry of a stored message is free."""
    sent = [talk.say(alice, name=f"client-id-{number}") for number in range(20)]
    with pytest.raises(TooFast) as refused:
        talk.say(alice)
    assert 1 <= refused.value.retry_seconds <= 11
    assert send(talk.room, alice, bytes(sent[3].body), "client-id-3").seq == 6
    assert talk.say(bob).seq == 23


def test_member_row_cannot_become_a_line(talk: Talk, alice: Any) -> None:
    """K21: the database itself refuses a forged kind."""
    entry = talk.say(alice)
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
    talk = Talk(room)
    for person in (alice, bob):
        talk.voice(person)
    jobs = [(sender, f"client-id-{n}") for n in range(100) for sender in (alice, bob)] * 2

    def run(job: tuple[Any, str]) -> int:
        """As a page does: what another tab overtook is sealed again, what it stored is taken for stored."""
        try:
            while True:
                try:
                    return talk.say(job[0], "Hello.", job[1]).seq
                except (OutOfOrder, Conflict):
                    continue
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(run, jobs))
    assert sorted(set(numbers)) == list(range(3, 203))
    assert numbers[:200] == numbers[200:]
    assert [entry.seq for entry in entries_after(room, 2, 200)] == list(range(3, 203))


@pytest.mark.django_db(transaction=True)
def test_later_number_is_never_visible_before_an_earlier_one(alice: Any, bob: Any) -> None:
    """K06: a slow commit holds back those after it; a rolled back one leaves no hole."""
    room = services.open_room("trade-7F3K-22", members=[(alice, "seller"), (bob, "buyer")])
    talk = Talk(room)
    for person in (alice, bob):
        talk.voice(person)
    written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                talk.say(alice, "slow")
                written.set()
                may_commit.wait(10)
                transaction.set_rollback(True)
        finally:
            connection.close()

    def quick() -> None:
        try:
            talk.say(bob, "quick")
        finally:
            connection.close()

    slow_thread, quick_thread = threading.Thread(target=slow), threading.Thread(target=quick)
    slow_thread.start()
    assert written.wait(10)
    quick_thread.start()
    quick_thread.join(0.3)
    assert quick_thread.is_alive()
    assert entries_after(room, 2) == []
    may_commit.set()
    slow_thread.join(10)
    quick_thread.join(10)
    assert [e.seq for e in entries_after(room, 2)] == [3]
    assert talk.voice(bob).heard(room) == ["quick"]


def test_message_is_stored_and_read_while_redis_is_away(
    talk: Talk,
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
            talk.say(alice, name=f"client-id-{number}")
    assert len(told) == 10
    page = page_of(talk.room, bob, 2)
    assert ([entry["seq"] for entry in page["entries"]], page["last"]) == (list(range(3, 13)), 12)
    assert [member["here"] for member in page["members"]] == [False, False]
    assert time.monotonic() - began < 5
