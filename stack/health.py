"""What works right now, asked part by part and briefly. Read by /healthz (the hub) and /readyz (this web process)."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis
from django.core.cache import cache
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from escrow import selectors as escrow
from realtime.store import client
from stack.watch import signs

# What a stranger reads of a part that is not well; addresses and reasons are for operators.
NOT_WELL = "not well"
_PROBE_KEY = "stack:probe"
_PROBE_BYTES = 4096

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """One part of the hub; `reason` says in words why it is not well, and is for operators."""

    name: str
    is_ok: bool
    reason: str = ""


def look() -> list[Part]:
    """Every part of the hub in the order in which the next depends on it; never raises."""
    return [
        _asked("database", _database),
        _asked("redis", _redis),
        _asked("schedule", _schedule),
        _asked("worker", _worker),
        _asked("chain", _chain),
        _asked("relayer", _relayer),
        _asked("auditor", escrow.audit_trouble),
    ]


def ready() -> list[Part]:
    """What this web process needs to answer people; never raises. A chain that is down is no reason to send them away."""
    return [
        _asked("database", _database),
        _asked("migrations", _migrations),
        _asked("redis", _redis_answers),
    ]


def _asked(name: str, question: Callable[[], str]) -> Part:
    try:
        reason = question()
    except Exception as error:  # whatever a part answers, the page says it
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        logger.warning("%s: %s", name, reason)
    return Part(name, not reason, reason)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations() -> str:
    missing = _wanted_migrations() - set(MigrationRecorder(connection).applied_migrations())
    names = sorted(f"{app}.{name}" for app, name in missing)
    return f"not migrated: {', '.join(names)}" if names else ""


@functools.cache
def _wanted_migrations() -> frozenset[tuple[str, str]]:
    """The newest migration of each app in this process's code; read from the disk once."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def _redis() -> str:
    """Asked to keep a little: a full one still answers questions, but takes no task and no session."""
    try:
        cache.set(_PROBE_KEY, "x" * _PROBE_BYTES, timeout=signs.BEAT_SECONDS)
    except redis.ResponseError as error:
        return f"takes nothing more: {error}"
    return ""


def _redis_answers() -> str:
    client().ping()
    return ""


def _schedule() -> str:
    return signs.late(signs.SCHEDULE, signs.seen(), time.time())


def _worker() -> str:
    seen, now = signs.seen(), time.time()
    return "; ".join(filter(None, (signs.late(queue, seen, now) for queue in signs.QUEUES)))


def _chain() -> str:
    state = escrow.chain_health()
    return "" if state.ok else state.reason


def _relayer() -> str:
    return "" if escrow.chain_health().relayer_ok else "signed moves cannot be sent"
