"""The hash-chained audit log: append, and prove that nothing was changed, taken out or put in.

A cut tail cannot be seen from the rest of the chain: write down the head now and then (`python manage.py audit` prints
it) and hand it to `verify_chain`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.moderation.models import GENESIS_HASH, AuditEntry

# Any fixed number: it names the log among PostgreSQL's advisory locks.
APPEND_LOCK = 7_273_101


@dataclass(frozen=True)
class ChainCheck:
    """What `verify_chain` found: `broken_at` is the number of the first entry that does not fit, or None."""

    entries: int
    head: str
    broken_at: int | None
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        return self.broken_at is None


@transaction.atomic
def record(
    *,
    actor: User,
    action: str,
    subject: str,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> AuditEntry:
    """Append one entry, in the caller's transaction: an act and its trace are committed together or not at all.

    `subject` is "user:0x…", "offer:ID" or "case:REF". Takes the log's lock until commit, so two appends never share a
    predecessor.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [APPEND_LOCK])
    last = AuditEntry.objects.order_by("-number").first()
    entry = AuditEntry(
        number=last.number + 1 if last else 1,
        at=timezone.now(),
        actor=actor,
        action=action,
        subject=subject,
        reason=reason,
        details=details or {},
        previous_hash=last.entry_hash if last else GENESIS_HASH,
    )
    entry.entry_hash = hash_of(entry)
    entry.save()
    return entry


def hash_of(entry: AuditEntry) -> str:
    """SHA-256 over the entry's fields and the hash before it, as lower-case hexadecimal."""
    fields = {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "actor": entry.actor.address,
        "action": entry.action,
        "subject": entry.subject,
        "reason": entry.reason,
        "details": entry.details,
        "previous": entry.previous_hash,
    }
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify_chain(*, known_head: str = "") -> ChainCheck:
    """Walk the whole log from its first entry; with `known_head` also require that this hash is still part of it."""
    expected_number, previous, seen_head = 1, GENESIS_HASH, not known_head
    for entry in (
        AuditEntry.objects.select_related("actor").order_by("number").iterator(chunk_size=500)
    ):
        problem = _problem(entry, expected_number, previous)
        if problem:
            return ChainCheck(expected_number - 1, previous, entry.number, problem)
        expected_number, previous = entry.number + 1, entry.entry_hash
        seen_head = seen_head or previous == known_head
    if not seen_head:
        return ChainCheck(
            expected_number - 1,
            previous,
            expected_number,
            "The head you noted is not part of the log: its end was cut off.",
        )
    return ChainCheck(expected_number - 1, previous, None)


def _problem(entry: AuditEntry, expected_number: int, previous: str) -> str:
    if entry.number != expected_number:
        return f"Entry {expected_number} is missing."
    if entry.previous_hash != previous:
        return f"Entry {entry.number} does not follow from the entry before it."
    if hash_of(entry) != entry.entry_hash:
        return f"Entry {entry.number} was changed after it was written."
    return ""
