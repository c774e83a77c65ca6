"""Tells people things: a row in the inbox first, then a hint to the tabs they have open."""

from __future__ import annotations

from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.notifications.models import Notice
from realtime.hints import hint

TEXT_LENGTH = 300


def notify(user: User, *, kind: str, text: str, url: str) -> Notice:
    """A new line in the person's inbox; the hint leaves when the transaction commits."""
    notice = Notice.objects.create(user=user, kind=kind, text=text[:TEXT_LENGTH], url=url)
    hint(f"user:{user.pk}", notice.pk)
    return notice


def mark_read(user: User, *, url: str | None = None) -> int:
    """Marks the person's notices read, all of them or those of one page; how many there were."""
    unread = Notice.objects.filter(user=user, read_at=None)
    if url is not None:
        unread = unread.filter(url=url)
    return unread.update(read_at=timezone.now())
