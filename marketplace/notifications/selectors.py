"""Reads of one person's inbox and channels."""

from __future__ import annotations

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.notifications.models import Channel, Delivery, Notice
from marketplace.notifications.states import Way

COUNT_CAP = 99


def unread_count(user: User) -> int:
    """How many notices are unread, counted up to 99."""
    return Notice.objects.filter(user=user, read_at=None)[:COUNT_CAP].count()


def notices_of(user: User, *, before: int | None = None, limit: int = 30) -> QuerySet[Notice]:
    """The newest notices, or the next ones below the id `before`."""
    found = Notice.objects.filter(user=user).order_by("-id")
    return (found if before is None else found.filter(pk__lt=before))[:limit]


def ways_set_up() -> frozenset[Way]:
    """The ways that this hub can use at all."""
    mail = {Way.MAIL} if settings.MAIL_WAY else set()
    push = {Way.PUSH} if settings.VAPID_PRIVATE_KEY else set()
    return frozenset(mail | push)


def is_reachable(user: User) -> bool:
    """Whether some notice of ours is known to reach the person while no page of ours is open."""
    return Channel.objects.filter(
        user=user,
        way__in=ways_set_up(),
        tested_at__isnull=False,
        verified_at__isnull=False,
        disabled_at=None,
    ).exists()


def channels_of(user: User, way: Way) -> QuerySet[Channel]:
    """The person's channels of one way, oldest first."""
    return Channel.objects.filter(user=user, way=way).order_by("pk")


def last_delivery(channel: Channel) -> Delivery | None:
    """The newest thing that was to go through a channel."""
    return channel.deliveries.order_by("-pk").first()


def waiting_deliveries() -> QuerySet[Delivery]:
    """What is neither sent nor parked."""
    return Delivery.objects.filter(sent_at=None, parked_at=None)


def oldest_waiting_seconds() -> int:
    """How long the oldest delivery that was due is late; 0 when none is. For health and metrics."""
    now = timezone.now()
    oldest = waiting_deliveries().filter(due_at__lte=now).order_by("due_at").first()
    return int((now - oldest.due_at).total_seconds()) if oldest else 0
