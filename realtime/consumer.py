"""One socket per tab: topics it follows, requests it makes, and the bounds it lives in.

Hints come in from the channel layer and go out at once; requests run one after the other in a pool of
threads. Nothing a page sends chooses a handler by name: `dispatch` knows its messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import random
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import redis
from channels.consumer import AsyncConsumer
from channels.db import DatabaseSyncToAsync
from channels.exceptions import StopConsumer
from channels.layers import get_channel_layer
from channels.utils import await_many_dispatch

from realtime import hints, presence
from realtime.allowance import Bucket, TooFast
from realtime.envelope import MOST_BYTES, BadFrame, Envelope, error_frame, frame, parse
from realtime.identity import Identity, SignedOut
from realtime.outbox import Outbox, Overflow
from realtime.topics import NoSuchTopic, Refused, Topic, group_of, topic_named
from realtime.watch import Question, Verdict, judge, watch_here

POOL_THREADS = 4

# Close codes of our own; 1003 and 1009 are the protocol's.
BINARY, TOO_LARGE, TRY_LATER = 1003, 1009, 1013
BAD_FRAMES, SIGNED_OUT, TOO_SLOW, RECYCLED, TOO_MANY_SOCKETS, FLOOD = (
    4400, 4401, 4408, 4410, 4413, 4429,
)  # fmt: skip

_T = TypeVar("_T")
_log = logging.getLogger(__name__)
# Not Django's one shared thread: a slow request of one socket must not hold up all others.
_pool = ThreadPoolExecutor(POOL_THREADS, thread_name_prefix="socket")


class TooManyTopics(Refused):
    """The socket follows as much as it may."""

    code = "too_many_topics"

    def __init__(self) -> None:
        super().__init__("This page follows too many things at once. Close some tabs and reload.")


class Unavailable(Refused):
    """Our fault, and not for long."""

    code = "unavailable"

    def __init__(self) -> None:
        super().__init__("The site cannot answer right now. The page tries again by itself.")


@dataclass(frozen=True)
class Bounds:
    """The limits of one socket; seconds where a unit is missing. Tests make them small."""

    frames: int = 60
    frames_seconds: float = 10.0
    refused_frames: int = 60
    bad_frames: int = 5
    topics: int = 16
    waiting_frames: int = 64
    waiting_characters: int = 2_000_000
    stall_seconds: float = 20.0
    check_seconds: float = 4.0
    youngest: float = 12 * 3600.0
    oldest: float = 20 * 3600.0


class Socket(AsyncConsumer):
    """The socket at /ws/."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self.bounds = bounds or Bounds()
        self.socket_id = uuid.uuid4().hex
        self.topics: dict[str, Topic] = {}
        self.orders: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.bucket = Bucket(self.bounds.frames, self.bounds.frames_seconds)
        self.refused = self.bad = 0
        self.is_admitted = False
        # All sockets of a server start at once after a restart; they must not end at once.
        self.due_at = time.monotonic() + self.bounds.check_seconds * random.uniform(0.7, 1.0)
        self.ends_at = time.monotonic() + random.uniform(self.bounds.youngest, self.bounds.oldest)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.scope = scope
        self.base_send = send
        self.identity = Identity(scope["session"].session_key, scope["user"].pk)
        self.outbox = Outbox(
            self._write,
            most_frames=self.bounds.waiting_frames,
            most_characters=self.bounds.waiting_characters,
            stall_seconds=self.bounds.stall_seconds,
        )
        self.channel_layer = get_channel_layer()
        try:
            self.channel_name = await self.channel_layer.new_channel()
        except (redis.RedisError, OSError):
            await receive()
            await send({"type": "websocket.close", "code": TRY_LATER})
            return
        from_layer = functools.partial(self.channel_layer.receive, self.channel_name)
        self.tasks: list[asyncio.Task[None]] = []
        with contextlib.suppress(StopConsumer):
            try:
                await await_many_dispatch([receive, from_layer, self.orders.get], self.dispatch)
            finally:
                await self._leave()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Hand a message of the server, the layer or a task of ours to its one handler."""
        kind = message["type"]
        if kind == hints.HINT_TYPE:
            if message["topic"] in self.topics:
                self.outbox.hint(message["topic"], message["seq"])
        elif kind == "websocket.receive":
            await self._receive(message)
        elif kind == "websocket.connect":
            await self._connect()
        elif kind == "socket.close":
            await self._close(message["code"])
        elif kind == "socket.lost":
            await self._lose(message["topics"])
        elif kind == "websocket.disconnect":
            raise StopConsumer
        else:
            _log.warning("unknown message to a socket: %s", kind)

    # --- the life of a socket ----------------------------------------------------------------

    async def _connect(self) -> None:
        await self.base_send({"type": "websocket.accept"})
        if self.identity.user_id is not None:
            self.is_admitted = await in_thread(
                presence.admit, self.identity.user_id, self.socket_id
            )
            if not self.is_admitted:
                await self._close(TOO_MANY_SOCKETS)
        self.tasks = [asyncio.create_task(self._write_on())]
        watch_here(_judged).add(self)
        self.outbox.put(frame("welcome", data={"user": self.identity.user_id}))

    async def _close(self, code: int) -> None:
        # A reader that takes nothing does not take the close either; the server drops it then.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.base_send({"type": "websocket.close", "code": code}), 1)
        raise StopConsumer

    async def _leave(self) -> None:
        watch_here(_judged).remove(self)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        followed = list(self.topics.values())
        for topic in followed:
            with contextlib.suppress(redis.RedisError, OSError):
                await self.channel_layer.group_discard(group_of(topic.name), self.channel_name)
        user_id = self.identity.user_id
        if user_id is not None and self.is_admitted:
            await in_thread(_say_goodbye, followed, user_id, self.socket_id)

    async def _write(self, text: str) -> None:
        await self.base_send({"type": "websocket.send", "text": text})

    async def _write_on(self) -> None:
        try:
            await self.outbox.run()
        except Overflow:
            self._order_close(TOO_SLOW)
        except OSError:
            # The peer is gone; the server says so to `receive`.
            return

    # --- what the watch asks and tells -------------------------------------------------------

    @property
    def check_seconds(self) -> float:
        """How often the watch looks at it."""
        return self.bounds.check_seconds

    def question(self) -> Question:
        """Whose session it is and what it follows."""
        return Question(self.identity, tuple(self.topics.values()), self.socket_id)

    def told(self, verdict: Verdict) -> None:
        """Close, or let go of what is not open any more; then fall due again, not together with those that came together."""
        self.due_at = time.monotonic() + self.bounds.check_seconds * random.uniform(0.7, 1.0)
        if time.monotonic() > self.ends_at:
            self._order_close(RECYCLED)
        if not verdict.is_alive:
            self._order_close(SIGNED_OUT)
        elif verdict.lost:
            self.orders.put_nowait({"type": "socket.lost", "topics": list(verdict.lost)})

    def _order_close(self, code: int) -> None:
        self.orders.put_nowait({"type": "socket.close", "code": code})

    async def _lose(self, names: list[str]) -> None:
        for name in names:
            await self._unfollow(name)
            self._put(
                frame("error", topic=name, error={"code": "not_found", "text": str(NoSuchTopic())})
            )

    # --- requests ----------------------------------------------------------------------------

    async def _receive(self, message: dict[str, Any]) -> None:
        text = message.get("text")
        if text is None:
            await self._close(BINARY)
        elif len(text) > MOST_BYTES or len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
            await self._close(TOO_LARGE)
        elif self.bucket.take():
            await self._answer(text)
        else:
            await self._slow_down()

    async def _slow_down(self) -> None:
        self.refused += 1
        if self.refused > self.bounds.refused_frames:
            await self._close(FLOOD)
        self._put(error_frame(TooFast(int(self.bounds.frames_seconds))))

    async def _answer(self, text: str) -> None:
        request = None
        try:
            request = parse(text)
            data = await self._do(request)
        except SignedOut:
            await self._close(SIGNED_OUT)
        except BadFrame as refusal:
            self.bad += 1
            if self.bad > self.bounds.bad_frames:
                await self._close(BAD_FRAMES)
            self._put(error_frame(refusal))
        except Refused as refusal:
            self._put(error_frame(refusal, request))
        except Exception:
            _log.exception("a request of a socket failed")
            self._put(error_frame(Unavailable(), request))
        else:
            self._put(frame("reply", id=request.id, topic=request.topic or None, data=data))

    async def _do(self, request: Envelope) -> dict[str, Any]:
        if request.op == "ping":
            return {}
        topic = topic_named(request.topic)
        if request.op == "subscribe":
            return await self._follow(topic)
        if request.op == "unsubscribe":
            await self._unfollow(topic.name)
            return {}
        return await in_thread(_perform, self.identity, topic, request.action, request.data)

    async def _follow(self, topic: Topic) -> dict[str, Any]:
        if len(self.topics) >= self.bounds.topics and topic.name not in self.topics:
            raise TooManyTopics
        await in_thread(_authorise, self.identity, topic)
        await self.channel_layer.group_add(group_of(topic.name), self.channel_name)
        self.topics[topic.name] = topic
        if self.identity.user_id is not None:
            await in_thread(_say_hello, topic, self.identity.user_id, self.socket_id)
        return {}

    async def _unfollow(self, name: str) -> None:
        topic = self.topics.pop(name, None)
        if topic is None:
            return
        self.outbox.forget(name)
        await self.channel_layer.group_discard(group_of(name), self.channel_name)
        if self.identity.user_id is not None:
            await in_thread(_bid_farewell, topic, self.identity.user_id, self.socket_id)

    def _put(self, text: str) -> None:
        try:
            self.outbox.put(text)
        except Overflow:
            self._order_close(TOO_SLOW)


async def in_thread(work: Callable[..., _T], *arguments: Any) -> _T:
    """The result of blocking `work`, done in the sockets' own threads with fresh database connections."""
    run = DatabaseSyncToAsync(work, thread_sensitive=False, executor=_pool)
    result: _T = await run(*arguments)
    return result


def _authorise(identity: Identity, topic: Topic) -> None:
    if not topic.is_open_to(identity.user()):
        raise NoSuchTopic


def _perform(identity: Identity, topic: Topic, action: str, data: dict[str, Any]) -> dict[str, Any]:
    return topic.perform(identity.user(), action, data)


async def _judged(questions: Sequence[Question]) -> list[Verdict]:
    return await in_thread(judge, questions)


def _say_hello(topic: Topic, user_id: int, socket_id: str) -> None:
    was_here = presence.is_here(topic.name, user_id)
    presence.renew([topic.name], user_id=user_id, socket_id=socket_id)
    if topic.kind.announces_presence and not was_here:
        hints.publish(topic.name)


def _bid_farewell(topic: Topic, user_id: int, socket_id: str) -> None:
    presence.leave([topic.name], user_id=user_id, socket_id=socket_id)
    if topic.kind.announces_presence and not presence.is_here(topic.name, user_id):
        hints.publish(topic.name)


def _say_goodbye(followed: list[Topic], user_id: int, socket_id: str) -> None:
    presence.dismiss(user_id, socket_id)
    for topic in followed:
        _bid_farewell(topic, user_id, socket_id)
