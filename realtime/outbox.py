"""What waits to be written to one socket: bounded, and hints of one topic melt into one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from realtime.envelope import frame


class Overflow(Exception):
    """The reader is too slow for what it asks."""


class Outbox:
    """Frames for one reader. `put` never waits; `run` writes until cancelled.

    Raises (run): Overflow when one write takes longer than `stall_seconds`.
    """

    def __init__(
        self,
        write: Callable[[str], Awaitable[None]],
        *,
        most_frames: int,
        most_characters: int,
        stall_seconds: float,
    ) -> None:
        self._write = write
        self._most_frames = most_frames
        self._most_characters = most_characters
        self._stall_seconds = stall_seconds
        self._frames: deque[str] = deque()
        self._characters = 0
        self._hints: dict[str, int | None] = {}
        self._wake = asyncio.Event()

    def put(self, text: str) -> None:
        """Queue a frame.

        Raises: Overflow.
        """
        if (
            len(self._frames) >= self._most_frames
            or self._characters + len(text) > self._most_characters
        ):
            raise Overflow
        self._frames.append(text)
        self._characters += len(text)
        self._wake.set()

    def hint(self, topic: str, seq: int | None) -> None:
        """Queue a hint; one that waits for the same topic only learns the higher number."""
        numbers = [number for number in (self._hints.get(topic), seq) if number is not None]
        self._hints[topic] = max(numbers, default=None)
        self._wake.set()

    def forget(self, topic: str) -> None:
        """Drop the hint of a topic that is no longer followed."""
        self._hints.pop(topic, None)

    async def run(self) -> None:
        """Write what comes, in order."""
        while True:
            await self._wake.wait()
            text = self._next()
            if text is None:
                self._wake.clear()
                continue
            try:
                await asyncio.wait_for(self._write(text), self._stall_seconds)
            except TimeoutError:
                raise Overflow from None

    def _next(self) -> str | None:
        if self._frames:
            text = self._frames.popleft()
            self._characters -= len(text)
            return text
        if self._hints:
            topic = next(iter(self._hints))
            return frame("hint", topic=topic, seq=self._hints.pop(topic))
        return None
