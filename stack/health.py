"""What works right now: database, Redis, worker, chain. Read by /healthz; asks each part once and briefly."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection

from escrow import selectors as escrow

HEARTBEAT_KEY = "stack:worker-seen-at"
HEARTBEAT_KEPT_SECONDS = 60
# Three missed beats of two seconds, and some patience for a busy machine.
WORKER_IS_LATE_AFTER_SECONDS = 15


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
        _asked("worker", _worker),
        _asked("chain", _chain),
        _asked("relayer", _relayer),
        _asked("auditor", escrow.audit_trouble),
    ]


def beat() -> None:
    """The worker was here."""
    cache.set(HEARTBEAT_KEY, time.time(), timeout=HEARTBEAT_KEPT_SECONDS)


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
    cache.get(HEARTBEAT_KEY)
    return ""


def _worker() -> str:
    seen_at = cache.get(HEARTBEAT_KEY)
    if seen_at is None:
        return "no worker was seen"
    late_seconds = time.time() - seen_at
    if late_seconds > WORKER_IS_LATE_AFTER_SECONDS:
        return f"the worker was last seen {late_seconds:.0f} s ago"
    return ""


def _chain() -> str:
    state = escrow.chain_health()
    return "" if state.ok else state.reason


def _relayer() -> str:
    return "" if escrow.chain_health().relayer_ok else "signed moves cannot be sent"
