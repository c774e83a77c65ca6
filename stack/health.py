"""What works right now: database, Redis, schedule, workers, chain. Read by /healthz; asks each part once and briefly."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis
from django.core.cache import cache
from django.db import connection

from escrow import selectors as escrow

SCHEDULE = "schedule"
SEEN_KEPT_SECONDS = 24 * 3600
# How often the schedule asks each queue for a sign of life, and after how long silence is an alarm: two periods for the
# schedule itself; for a queue also what one task in front of the question may take.
BEAT_SECONDS = 5
LATE_AFTER_SECONDS = {SCHEDULE: 2 * BEAT_SECONDS, "chain": 45, "notify": 45, "bulk": 75}
_PROBE_KEY = "stack:probe"
_PROBE_BYTES = 4096


@dataclass(frozen=True)
class Part:
    """One part of the hub; `reason` says in words why it is not well."""

    name: str
    is_ok: bool
    reason: str = ""


def look() -> list[Part]:
    """Every part in the order in which the next depends on it; never raises."""
    return [
        _asked("database", _database),
        _asked("redis", _redis),
        _asked("schedule", _schedule),
        _asked("worker", _worker),
        _asked("chain", _chain),
        _asked("relayer", _relayer),
        _asked("auditor", escrow.audit_trouble),
    ]


def note_seen(who: str) -> None:
    """The schedule, or somebody who works on this queue, was here. Never raises: without Redis nobody can be told."""
    with contextlib.suppress(redis.RedisError):
        cache.set(_seen_key(who), time.time(), timeout=SEEN_KEPT_SECONDS)


def silence_of(who: str) -> float | None:
    """For how many seconds nothing was seen of the schedule or a queue; None when nothing ever was.

    A queue is only silent while the schedule asks: what it has not been asked it need not answer.
    """
    seen_at, schedule_at = cache.get(_seen_key(who)), cache.get(_seen_key(SCHEDULE))
    if seen_at is None:
        return None
    until = time.time() if who == SCHEDULE or schedule_at is None else schedule_at
    return max(0.0, float(until - seen_at))


def _asked(name: str, question: Callable[[], str]) -> Part:
    try:
        reason = question()
    except Exception as error:  # whatever a part answers, the page says it
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
    return Part(name, not reason, reason)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
        return "" if cursor.fetchone() else "not migrated"


def _redis() -> str:
    """Asked to keep a little: a full one still answers questions, but takes no task and no session."""
    try:
        cache.set(_PROBE_KEY, "x" * _PROBE_BYTES, timeout=BEAT_SECONDS)
    except redis.ResponseError as error:
        return f"takes nothing more: {error}"
    return ""


def _schedule() -> str:
    return _late(SCHEDULE, "the schedule")


def _worker() -> str:
    queues = [name for name in LATE_AFTER_SECONDS if name != SCHEDULE]
    return "; ".join(filter(None, (_late(name, f"the worker of {name}") for name in queues)))


def _late(who: str, name: str) -> str:
    silence = silence_of(who)
    if silence is None:
        return f"{name} was not seen"
    late = silence > LATE_AFTER_SECONDS[who]
    return f"{name} was last seen {silence:.0f} s ago" if late else ""


def _seen_key(who: str) -> str:
    return f"stack:seen:{who}"


def _chain() -> str:
    state = escrow.chain_health()
    return "" if state.ok else state.reason


def _relayer() -> str:
    return "" if escrow.chain_health().relayer_ok else "signed moves cannot be sent"
