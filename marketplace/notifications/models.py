"""What we told somebody, by which ways it may leave the site, and what became of each try."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from marketplace.notifications.states import Ended, Way

ENDPOINT_LENGTH = 600
FAILURE_LENGTH = 200


class Notice(models.Model):
    """One line in one person's inbox, with the page it speaks of. `until` is when it is of no more use."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    kind = models.CharField(max_length=40)
    text = models.CharField(max_length=300)
    url = models.CharField(max_length=200)
    until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], name="notice_inbox"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return self.text


class Channel(models.Model):
    """A way to somebody whose tab is closed: a mail address, or one browser's push subscription.

    It carries notices once it is `verified`, and counts as reaching him once he confirmed a `test`.
    `proof` is the nonce of the open test: good once, until `proof_until`.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="channels"
    )
    way = models.CharField(max_length=10, choices=[(way, way) for way in Way])
    address = models.CharField(max_length=ENDPOINT_LENGTH)
    keys = models.JSONField(default=dict, blank=True)
    label = models.CharField(max_length=80, blank=True)
    proof = models.CharField(max_length=32, blank=True)
    proof_until = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    tested_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(
        max_length=10, choices=[(why, why) for why in Ended], blank=True
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            # Two wallets of one person may share a mailbox, but a browser speaks to whoever asked in it last.
            models.UniqueConstraint(fields=["user", "way", "address"], name="channel_once"),
            models.UniqueConstraint(
                fields=["address"], condition=Q(way="push"), name="channel_browser_once"
            ),
        ]

    def __str__(self) -> str:
        return self.label or self.address

    @property
    def is_open(self) -> bool:
        """Whether it carries notices."""
        return self.verified_at is not None and self.disabled_at is None


class Delivery(models.Model):
    """One notice on its way through one channel, written with the notice; without a notice it is the channel's test.

    A try is counted and marked as begun before anything is sent. What neither failed nor arrived for certain is
    not sent again where twice would be a second mail.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    notice = models.ForeignKey(
        Notice, on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries"
    )
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    stale_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    parked_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=FAILURE_LENGTH, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["notice", "channel"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(parked_at=None), name="delivery_one_end"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                condition=Q(sent_at=None, parked_at=None),
                name="delivery_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notice or 'test'} by {self.channel}"
