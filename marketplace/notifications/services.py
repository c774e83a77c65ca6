"""Tells people things: a row in the inbox and one for every channel that carries it, then a hint to the tabs they have open."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.notifications.models import Channel, Delivery, Notice
from marketplace.notifications.selectors import ways_set_up
from marketplace.notifications.states import CARRIES, Way
from marketplace.notifications.words import words_for
from realtime.hints import hint

TEXT_LENGTH = 300
# Later than this nobody is helped by it; the inbox has it anyway.
OF_USE = timedelta(hours=24)


def notify(user: User, *, kind: str, text: str, url: str, until: datetime | None = None) -> Notice:
    """A new line in the person's inbox, and its deliveries in the same transaction; the hint leaves when that commits.

    `until` is the end of the clock it speaks of: after it nothing is sent any more.
    """
    notice = Notice.objects.create(
        user=user, kind=kind, text=text[:TEXT_LENGTH], url=url, until=until
    )
    _address(notice)
    hint(f"user:{user.pk}", notice.pk)
    return notice


def mark_read(user: User, *, url: str | None = None) -> int:
    """Marks the person's notices read, all of them or those of one page; how many there were."""
    unread = Notice.objects.filter(user=user, read_at=None)
    if url is not None:
        unread = unread.filter(url=url)
    return unread.update(read_at=timezone.now())


def _address(notice: Notice) -> None:
    """One delivery for each open channel that carries this kind; what is only talk has no words and goes nowhere."""
    words = words_for(notice.kind)
    ways = [way for way in ways_set_up() if words and words.weight in CARRIES[Way(way)]]
    if not ways:
        return
    channels = Channel.objects.filter(
        user=notice.user_id, way__in=ways, verified_at__isnull=False, disabled_at=None
    )
    stale_at = notice.created_at + OF_USE
    if notice.until is not None:
        stale_at = min(stale_at, notice.until)
    Delivery.objects.bulk_create(
        Delivery(notice=notice, channel=channel, stale_at=stale_at, due_at=notice.created_at)
        for channel in channels
    )
