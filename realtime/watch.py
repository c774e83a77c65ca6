"""One watch per process over all its sockets: whether their sessions live and their topics are still open to them.

A socket falls due every few seconds. Those that are due together are asked about together: a thousand that only listen
cost a query for their sessions, one for their people, and one round trip for their presence.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import weakref
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from realtime import presence
from realtime.identity import Identity, users_of
from realtime.topics import Topic, TopicKind, Viewer

TICK_SECONDS, SHORTEST_SECONDS = 0.5, 0.02
MOST_AT_ONCE = 200
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Question:
    """What is asked about one socket."""

    identity: Identity
    topics: tuple[Topic, ...]
    socket_id: str


@dataclass(frozen=True)
class Verdict:
    """`is_alive`: the session lives and is the same person's; `lost`: names of topics that are not open any more."""

    is_alive: bool
    lost: tuple[str, ...] = ()


class Watched(Protocol):
    """What the watch needs of a socket."""

    due_at: float
    check_seconds: float

    def question(self) -> Question:
        """What to ask about it now."""
        ...

    def told(self, verdict: Verdict) -> None:
        """Hear the answer, and fall due again later."""
        ...


class Watch:
    """Looks at the sockets of one event loop."""

    def __init__(self, ask: Callable[[Sequence[Question]], Awaitable[list[Verdict]]]) -> None:
        self._ask = ask
        self._sockets: set[Watched] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, socket: Watched) -> None:
        """Look at it from now on."""
        self._sockets.add(socket)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look_on())

    def remove(self, socket: Watched) -> None:
        """Look at it no more; the last one ends the watch."""
        self._sockets.discard(socket)
        if not self._sockets and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _look_on(self) -> None:
        while self._sockets:
            shortest = min(socket.check_seconds for socket in self._sockets)
            await asyncio.sleep(max(SHORTEST_SECONDS, min(TICK_SECONDS, shortest / 4)))
            now = time.monotonic()
            due = [socket for socket in self._sockets if socket.due_at <= now]
            for start in range(0, len(due), MOST_AT_ONCE):
                await self._look(due[start : start + MOST_AT_ONCE])

    async def _look(self, due: Sequence[Watched]) -> None:
        try:
            verdicts = await self._ask([socket.question() for socket in due])
        except Exception:
            # A database that is away makes every request fail by itself; the sockets may wait for it.
            _log.exception("sockets could not be checked")
            return
        for socket, verdict in zip(due, verdicts, strict=True):
            with contextlib.suppress(asyncio.QueueFull):
                socket.told(verdict)


_watches: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = weakref.WeakKeyDictionary()


def watch_here(ask: Callable[[Sequence[Question]], Awaitable[list[Verdict]]]) -> Watch:
    """The watch of the running loop, made on first use."""
    loop = asyncio.get_running_loop()
    if loop not in _watches:
        _watches[loop] = Watch(ask)
    return _watches[loop]


def judge(questions: Sequence[Question]) -> list[Verdict]:
    """The answers, in order; and the presence of those who may stay is renewed."""
    users = users_of([question.identity for question in questions])
    open_ones = _open_topics(questions, users)
    verdicts, kept = [], []
    for question, user in zip(questions, users, strict=True):
        if user is None:
            verdicts.append(Verdict(is_alive=False))
            continue
        lost = tuple(
            topic.name for topic in question.topics if (topic.name, user.pk) not in open_ones
        )
        verdicts.append(Verdict(is_alive=True, lost=lost))
        if question.identity.user_id is not None:
            names = [topic.name for topic in question.topics if topic.name not in lost]
            kept.append((question.identity.user_id, question.socket_id, names))
    presence.renew_all(kept)
    return verdicts


def _open_topics(
    questions: Sequence[Question], users: Sequence[Viewer | None]
) -> set[tuple[str, Any]]:
    """Pairs of topic and user, of those asked, that may stay together; each kind is asked once."""
    asked: dict[TopicKind, dict[tuple[str, Any], tuple[Viewer, Topic]]] = defaultdict(dict)
    for question, user in zip(questions, users, strict=True):
        if user is not None:
            for topic in question.topics:
                asked[topic.kind][(topic.name, user.pk)] = (user, topic)
    found: set[tuple[str, Any]] = set()
    for kind, pairs in asked.items():
        answers = kind.are_open([(user, topic.key) for user, topic in pairs.values()])
        found |= {pair for pair, is_open in zip(pairs, answers, strict=True) if is_open}
    return found
