"""A page's socket: what it may follow and ask, when it is cut, and what a hostile one gets."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from realtime import hints, presence, topics
from realtime.consumer import Bounds
from tests.integration.realtime.sockets import Tab, signed_in_cookie

pytestmark = pytest.mark.django_db(transaction=True)


class Boats:
    """A made-up owner of a topic: who may board is a set, `row` tells how often it was rowed."""

    def __init__(self) -> None:
        self.crew: set[int] = set()
        self.rowed = 0

    def is_crew(self, user: Any, key: str) -> bool:
        return key.startswith("open") or user.pk in self.crew

    def row(self, user: Any, key: str, data: dict[str, Any]) -> dict[str, Any]:
        if data.get("leak"):
            raise topics.Refused("There is a leak.", code="leak")
        if data.get("break"):
            raise RuntimeError("broken oar")
        self.rowed += 1
        return {"key": key, "rowed": self.rowed}


@pytest.fixture
def boats() -> Iterator[Boats]:
    owner = Boats()
    topics.register(
        "boat", owner.is_crew, {"row": owner.row, "pull": owner.row}, announces_presence=True
    )
    yield owner
    del topics._kinds["boat"]


@pytest.fixture
def cookie(boats: Boats, alice: Any) -> str:
    boats.crew.add(alice.pk)
    return signed_in_cookie(alice)


async def in_db(work: Any, *arguments: Any) -> Any:
    return await database_sync_to_async(work)(*arguments)


async def test_follower_receives_the_hint_published_from_a_page_thread(cookie: str) -> None:
    """The pooled client speaks the channel layer's own channel name and serializer."""
    tab = await Tab(cookie).open()
    assert (await tab.ask("subscribe", "boat:a"))["kind"] == "reply"
    await tab.next_hint("boat:a")
    assert await in_db(hints.publish, "boat:a", 7)
    assert await tab.next_hint("boat:a") == {"v": 1, "kind": "hint", "topic": "boat:a", "seq": 7}
    await tab.close()


async def test_hint_of_another_topic_is_not_delivered(cookie: str) -> None:
    tab = await Tab(cookie).open()
    await tab.ask("subscribe", "boat:a")
    await tab.ask("subscribe", "boat:b")
    await tab.ask("unsubscribe", "boat:a")
    await in_db(hints.publish, "boat:a", 1)
    await in_db(hints.publish, "boat:b", 2)
    while (frame := await tab.next_hint("boat:b")).get("seq") is None:
        pass
    assert frame["seq"] == 2
    assert not [f for f in tab.frames if f.get("seq") == 1]
    await tab.close()


async def test_action_is_answered_to_the_one_who_asked(cookie: str) -> None:
    """K18."""
    tab, other = await Tab(cookie).open(), await Tab(cookie).open()
    await other.ask("subscribe", "boat:a")
    await other.next_hint("boat:a")
    assert (await tab.ask("act", "boat:a", action="row"))["data"] == {"key": "a", "rowed": 1}
    assert (await tab.ask("pull", "boat:a"))["data"]["rowed"] == 2
    assert await other.socket.receive_nothing(0.1)
    await tab.close()
    await other.close()


async def test_refusals_are_typed_and_bugs_say_nothing(cookie: str, boats: Boats) -> None:
    tab = await Tab(cookie).open()
    leak = await tab.ask("act", "boat:a", action="row", data={"leak": True})
    assert (leak["kind"], leak["error"]["code"], leak["error"]["text"]) == (
        "error",
        "leak",
        "There is a leak.",
    )
    broken = await tab.ask("act", "boat:a", action="row", data={"break": True})
    assert broken["error"]["code"] == "unavailable"
    assert "oar" not in json.dumps(broken)
    assert (await tab.ask("act", "boat:a", action="steer"))["error"]["code"] == "unknown_action"
    assert boats.rowed == 0
    await tab.close()


async def test_stranger_gets_the_same_answer_as_for_nothing(boats: Boats, bob: Any) -> None:
    """K09: join another's topic; absent and forbidden look the same."""
    tab = await Tab(await in_db(signed_in_cookie, bob)).open()
    answers = [
        (await tab.ask(op, topic, action="row"))["error"]
        for op in ("subscribe", "act", "pull")
        for topic in ("boat:a", "ship:a", "boat:", "room:trade-1")
    ]
    assert {json.dumps(answer) for answer in answers} == {json.dumps(answers[0])}
    assert answers[0]["code"] == "not_found"
    assert boats.rowed == 0
    await tab.close()


async def test_visitor_may_follow_what_is_open_to_all(boats: Boats) -> None:
    tab = await Tab().open()
    assert tab.welcome["data"] == {"user": None}
    assert (await tab.ask("subscribe", "boat:open-sea"))["kind"] == "reply"
    assert (await tab.ask("subscribe", "boat:a"))["error"]["code"] == "not_found"
    await tab.close()


async def test_somebody_put_off_the_topic_is_cut_off_within_five_seconds(
    cookie: str, boats: Boats, alice: Any
) -> None:
    """K09: role lost after join; at once for actions, by the timer for hints."""
    tab = await Tab(cookie).open()
    await tab.ask("subscribe", "boat:a")
    boats.crew.clear()
    began = time.monotonic()
    assert (await tab.ask("act", "boat:a", action="row"))["error"]["code"] == "not_found"
    while (frame := await tab.next(6)).get("topic") != "boat:a" or frame["kind"] != "error":
        pass
    assert time.monotonic() - began < 5
    await in_db(hints.publish, "boat:a", 9)
    assert await tab.socket.receive_nothing(0.3)
    assert not await in_db(presence.is_here, "boat:a", alice.pk)
    await tab.close()


@pytest.mark.parametrize("end", ["leaves", "expires", "epoch", "deleted session"])
async def test_ended_session_closes_the_socket_within_five_seconds(
    cookie: str, alice: Any, end: str
) -> None:
    """K10: signed out elsewhere, session over, all sessions ended by the hub."""
    tab = await Tab(cookie).open()
    await tab.ask("subscribe", "boat:a")
    key = cookie.partition("=")[2]
    began = time.monotonic()

    def finish() -> None:
        if end == "leaves":
            client = Client()
            client.cookies["sessionid"] = key
            client.logout()
        elif end == "epoch":
            type(alice).objects.filter(pk=alice.pk).update(session_epoch=1)
        else:
            Session.objects.all().delete()
            cache.clear()

    await in_db(finish)
    assert await tab.closed_with() == 4401
    assert time.monotonic() - began < 5


async def test_action_after_sign_out_is_not_done(cookie: str, boats: Boats) -> None:
    """K10: no need to wait for the timer."""
    tab = await Tab(cookie, Bounds(check_seconds=60)).open()
    await in_db(lambda: (Session.objects.all().delete(), cache.clear()))
    await tab.socket.send_to(
        text_data='{"v":1,"op":"act","id":"1","topic":"boat:a","action":"row"}'
    )
    assert await tab.closed_with() == 4401
    assert boats.rowed == 0


async def test_bad_frames_are_answered_and_then_end_the_socket(cookie: str) -> None:
    """K11."""
    tab = await Tab(cookie).open()
    for _ in range(5):
        await tab.socket.send_to(text_data="{not json")
        assert (await tab.next())["error"]["code"] == "bad_frame"
    await tab.socket.send_to(text_data="[" * 1000)
    assert await tab.closed_with() == 4400


async def test_binary_and_huge_frames_end_the_socket(cookie: str) -> None:
    """K11: 64 KiB counted in bytes."""
    for frame, code in [
        ({"bytes_data": b"\x00"}, 1003),
        ({"text_data": "x" * 65_537}, 1009),
        ({"text_data": "é" * 40_000}, 1009),
    ]:
        tab = await Tab(cookie).open()
        await tab.socket.send_to(**frame)
        assert await tab.closed_with() == code


async def test_flood_is_slowed_and_then_ended(cookie: str, boats: Boats) -> None:
    """K12."""
    tab = await Tab(cookie).open()
    for _ in range(130):
        await tab.socket.send_to(text_data='{"v":1,"op":"act","topic":"boat:a","action":"row"}')
    assert await tab.closed_with() == 4429
    codes = [frame["error"]["code"] for frame in tab.frames if frame["kind"] == "error"]
    assert codes == ["too_fast"] * 60
    assert 60 <= boats.rowed <= 70


async def test_thirteenth_tab_is_not_admitted(cookie: str) -> None:
    """K12: many sockets from one account."""
    tabs = [await Tab(cookie).open() for _ in range(12)]
    extra = Tab(cookie)
    await extra.socket.connect()
    assert await extra.closed_with() == 4413
    await tabs.pop().close()
    await (await Tab(cookie).open()).close()
    for tab in tabs:
        await tab.close()


async def test_topics_of_a_socket_are_bounded(cookie: str) -> None:
    tab = await Tab(cookie).open()
    for number in range(16):
        assert (await tab.ask("subscribe", f"boat:{number}"))["kind"] == "reply"
    assert (await tab.ask("subscribe", "boat:16"))["error"]["code"] == "too_many_topics"
    assert (await tab.ask("subscribe", "boat:3"))["kind"] == "reply"
    await tab.ask("unsubscribe", "boat:3")
    assert (await tab.ask("subscribe", "boat:16"))["kind"] == "reply"
    await tab.close()


async def test_text_of_a_page_never_chooses_a_handler(cookie: str) -> None:
    """K17: internal message types as operations, actions, topics and layer messages."""
    tab = await Tab(cookie).open()
    for name in ("socket.close", "websocket.disconnect", "topic.hint", "socket.lost"):
        await tab.socket.send_to(text_data=json.dumps({"v": 1, "op": name, "type": name}))
        assert (await tab.next())["error"]["code"] == "bad_frame"
    await tab.ask("subscribe", "boat:a")
    from channels.layers import get_channel_layer

    await get_channel_layer().group_send("boat.a", {"type": "_write", "text": "x"})
    assert (await tab.ask("ping"))["kind"] == "reply"
    await tab.close()


async def test_old_socket_is_recycled(cookie: str) -> None:
    """K15, K19: before any group could expire, at a moment of its own."""
    tab = await Tab(cookie, Bounds(check_seconds=0.1, youngest=0.2, oldest=0.4)).open()
    assert await tab.closed_with() == 4410


async def test_presence_counts_people_not_tabs(cookie: str, alice: Any) -> None:
    first, second = await Tab(cookie).open(), await Tab(cookie).open()
    await first.ask("subscribe", "boat:a")
    await second.ask("subscribe", "boat:a")
    assert await in_db(presence.is_here, "boat:a", alice.pk)
    await first.close()
    assert await in_db(presence.is_here, "boat:a", alice.pk)
    await second.close()
    assert not await in_db(presence.is_here, "boat:a", alice.pk)


async def test_coming_and_going_is_hinted(cookie: str, boats: Boats, bob: Any) -> None:
    boats.crew.add(bob.pk)
    watcher = await Tab(await in_db(signed_in_cookie, bob)).open()
    await watcher.ask("subscribe", "boat:a")
    await watcher.next_hint("boat:a")
    tab = await Tab(cookie).open()
    await tab.ask("subscribe", "boat:a")
    assert "seq" not in await watcher.next_hint("boat:a")
    await tab.close()
    assert "seq" not in await watcher.next_hint("boat:a")
    await watcher.close()


async def test_lost_subscription_in_redis_heals(cookie: str) -> None:
    """K02: Redis drops its subscribers; the socket stays and hears again."""
    from realtime.store import client

    tab = await Tab(cookie).open()
    await tab.ask("subscribe", "boat:a")
    await tab.next_hint("boat:a")
    await in_db(lambda: client().client_kill_filter(_type="pubsub"))
    for _ in range(50):
        await in_db(hints.publish, "boat:a", 7)
        await asyncio.sleep(0.1)
        if not await tab.socket.receive_nothing(0.05, 0.01):
            break
    assert (await tab.next_hint("boat:a"))["seq"] == 7
    await tab.close()
