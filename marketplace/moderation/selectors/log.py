"""Pages of the audit log, by the number of the last entry seen."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.moderation.models import AuditEntry

PAGE_SIZE = 50


@dataclass(frozen=True)
class LogPage:
    """One page of entries, newest first; `before` opens the next one, None at the end."""

    entries: list[AuditEntry]
    subject: str
    action: str
    before: int | None


def entries_page(*, subject: str = "", action: str = "", before: str = "") -> LogPage:
    """The entries before a number, of one subject or action if named. Anything unreadable counts as not named."""
    subject, action = subject.replace("\x00", "")[:80], action.replace("\x00", "")[:40]
    rows = AuditEntry.objects.select_related("actor").order_by("-number")
    if subject:
        rows = rows.filter(subject=subject)
    if action:
        rows = rows.filter(action=action)
    if before.isascii() and before.isdigit() and len(before) < 18:
        rows = rows.filter(number__lt=int(before))
    found = list(rows[: PAGE_SIZE + 1])
    more = found[PAGE_SIZE - 1].number if len(found) > PAGE_SIZE else None
    return LogPage(entries=found[:PAGE_SIZE], subject=subject, action=action, before=more)
