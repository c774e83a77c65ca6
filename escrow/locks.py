"""Advisory locks of the database: one follower and one relayer per chain, however many processes run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

FOLLOWER, RELAYER, AUDITOR = 7_270_001, 7_270_002, 7_270_003


@contextmanager
def advisory_lock(kind: int, chain_id: int) -> Iterator[bool]:
    """Whether this connection now holds the lock; it never waits. The database frees it when the process dies."""
    # Two 32-bit keys; chain ids above that only share a lock, which costs nothing but time.
    key = chain_id % 2**31
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [kind, key])
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held:
            _unlock(kind, key)


def _unlock(kind: int, key: int) -> None:
    # A broken transaction or a lost connection cannot run this; in both cases the lock is freed with the session.
    if connection.needs_rollback or connection.connection is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [kind, key])
