"""Reads of one person's inbox."""

from __future__ import annotations

from django.db.models import QuerySet

from marketplace.accounts.models import User
from marketplace.notifications.models import Notice

COUNT_CAP = 99


def unread_count(user: User) -> int:
    """How many notices are unread, counted up to 99."""
    return Notice.objects.filter(user=user, read_at=None)[:COUNT_CAP].count()


def notices_of(user: User, *, before: int | None = None, limit: int = 30) -> QuerySet[Notice]:
    """The newest notices, or the next ones below the id `before`."""
    found = Notice.objects.filter(user=user).order_by("-id")
    return (found if before is None else found.filter(pk__lt=before))[:limit]
