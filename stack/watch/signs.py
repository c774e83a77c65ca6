"""Signs of life of the schedule and of the workers, by queue. They live in Redis; other parts leave theirs in their own rows."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

import redis
from django.core.cache import cache

SCHEDULE = "schedule"
# What must not wait for each other: the chain's moves, what people are told, and everything that has time.
QUEUES = ("chain", "notify", "bulk")
KEPT_SECONDS = 24 * 3600
# How often the schedule asks each queue for a sign of life, and after how long silence is an alarm: two periods for the
# schedule itself, with patience for a busy machine; for a queue also what one task in front of the question may take.
BEAT_SECONDS = 5
LATE_AFTER_SECONDS = {SCHEDULE: 2 * BEAT_SECONDS, "chain": 45, "notify": 45, "bulk": 75}


def note_seen(who: str) -> None:
    """The schedule, or somebody who works on this queue, was here. Never raises: without Redis nobody can be told."""
    with contextlib.suppress(redis.RedisError):
        cache.set(_key(who), time.time(), timeout=KEPT_SECONDS)


def seen() -> dict[str, float]:
    """When each was last seen, in seconds since 1970; whoever was not within a day is absent.

    Raises: redis.RedisError.
    """
    found = cache.get_many([_key(who) for who in LATE_AFTER_SECONDS])
    return {who: found[_key(who)] for who in LATE_AFTER_SECONDS if _key(who) in found}


def silence(who: str, seen: Mapping[str, float], now: float) -> float | None:
    """For how many seconds nothing was seen of the schedule or a queue; None when nothing ever was.

    A queue is only silent while the schedule asks: what it has not been asked it need not answer.
    """
    if who not in seen:
        return None
    until = now if who == SCHEDULE else seen.get(SCHEDULE, now)
    return max(0.0, until - seen[who])


def late(who: str, seen: Mapping[str, float], now: float) -> str:
    """Words when the schedule or a queue's worker is missing, else nothing."""
    name = "the schedule" if who == SCHEDULE else f"the worker of {who}"
    silent = silence(who, seen, now)
    if silent is None:
        return f"{name} was not seen"
    return f"{name} was last seen {silent:.0f} s ago" if silent > LATE_AFTER_SECONDS[who] else ""


def _key(who: str) -> str:
    return f"stack:seen:{who}"
