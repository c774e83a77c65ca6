"""No acknowledged message is lost, doubled or reordered, whatever dies in between."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import pytest

from chat import services
from chat.models import Room
from tests.drivers.sealing import Talk
from tests.integration.realtime.server import Chatter, Server
from tests.integration.realtime.sockets import signed_in_cookie

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

MESSAGES = 15
KILLS = 3


def test_killed_server_loses_doubles_and_reorders_nothing(
    server: Server, alice: Any, bob: Any
) -> None:
    """K01: kill -9 in the middle of a conversation, small size."""
    room = services.open_room("trade-1", members=[(alice, "seller"), (bob, "buyer")])
    talk = Talk(room)
    people = [
        Chatter(server, signed_in_cookie(user), "trade-1", talk.voice(user))
        for user in (alice, bob)
    ]
    failures: list[BaseException] = []

    def chat(person: Chatter) -> None:
        try:
            for number in range(MESSAGES):
                person.send(f"message {number}")
                person.pull()
                time.sleep(random.uniform(0, 0.2))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=chat, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for _ in range(KILLS):
        time.sleep(random.uniform(0.2, 0.8))
        server.kill()
        server.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert failures == []
    stored = talk.messages()
    assert [entry.seq for entry in stored] == list(range(3, 2 * MESSAGES + 3))
    for person in people:
        person.pull()
        person.close()
        assert {e.client_id: e.seq for e in stored if e.client_id in person.acked} == person.acked
        assert len(person.acked) == MESSAGES
        assert list(person.acked.values()) == sorted(person.acked.values())
        assert [person.log[e.seq]["clientId"] for e in stored] == [e.client_id for e in stored]
    heads = {person.log[max(person.log)]["head"] for person in people}
    assert heads == {Room.objects.get(pk=room.pk).head_now.hex()}
    heard = [talk.voice(user).heard(room) for user in (alice, bob)]
    assert heard[0] == heard[1]
    assert sorted(heard[0]) == sorted(f"message {n}" for n in range(MESSAGES) for _ in people)


def test_burst_into_one_room_arrives_complete(server: Server, alice: Any, bob: Any) -> None:
    """K03: the layer may lose hints, the cursor heals within two seconds."""
    room = services.open_room("trade-1", members=[(alice, "seller"), (bob, "buyer")])
    reader = Chatter(server, signed_in_cookie(bob), "trade-1")
    reader.pull()
    for number in range(300):
        services.post_line(room, "disclosed", {"name": "Alice", "what": f"{number} messages"})
    written = time.monotonic()
    reader.pull()
    assert time.monotonic() - written < 2
    assert [entry["text"] for entry in reader.log.values()] == [
        f"Alice let the arbitrator read {count} messages of this chat" for count in range(300)
    ]
    reader.close()
