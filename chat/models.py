"""Rooms, their members, and one append-only log of entries per room.

A member's entry is bytes the hub stores and never parses: today the text itself, later its ciphertext.
System and staff lines are another kind of row, made only by `services.post_line`. It knows no trade.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

KEY_LENGTH = 58
CLIENT_ID_LENGTH = 64


class Room(models.Model):
    """A conversation. `last_seq` is the number of its latest entry; its row lock orders the log."""

    key = models.SlugField(max_length=KEY_LENGTH, unique=True)
    last_seq = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.key

    @property
    def topic(self) -> str:
        """Where its hints are published."""
        return f"room:{self.key}"


class Member(models.Model):
    """Somebody in a room, in a role, with how far the log reached the browser and the eyes."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=16)
    delivered_seq = models.PositiveBigIntegerField(default=0)
    read_seq = models.PositiveBigIntegerField(default=0)
    joined_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["room", "user"], name="member_once_per_room"),
            models.CheckConstraint(
                condition=Q(read_seq__lte=models.F("delivered_seq")),
                name="member_read_is_delivered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} in {self.room_id}"


class Entry(models.Model):
    """One numbered row of a room's log.

    `text`: from a member, with `body`, `client_id` and the `device` it says it came from.
    `system`, `staff`: no body; `code` and `params` become a sentence by `chat.lines`.
    """

    class Kind(models.TextChoices):
        TEXT = "text"
        SYSTEM = "system"
        STAFF = "staff"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="entries")
    seq = models.PositiveBigIntegerField()
    v = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    sender = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="entries")
    client_id = models.CharField(max_length=CLIENT_ID_LENGTH, blank=True)
    device = models.CharField(max_length=66, blank=True)
    body = models.BinaryField(default=bytes)
    code = models.CharField(max_length=48, blank=True)
    params = models.JSONField(default=dict)
    staff_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["room", "seq"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["room", "seq"], name="entry_seq_once"),
            models.UniqueConstraint(
                fields=["room", "sender", "client_id"],
                condition=Q(sender__isnull=False),
                name="entry_client_id_once",
            ),
            models.UniqueConstraint(
                fields=["room", "client_id"],
                condition=Q(sender__isnull=True) & ~Q(client_id=""),
                name="entry_line_once",
            ),
            models.CheckConstraint(condition=Q(seq__gte=1), name="entry_seq_starts_at_one"),
            # A member cannot own a system or staff line, and a line cannot carry a member's bytes.
            models.CheckConstraint(
                condition=Q(kind="text", sender__isnull=False, code="", staff_by__isnull=True)
                | Q(kind="system", sender__isnull=True, staff_by__isnull=True, body=b"")
                | Q(kind="staff", sender__isnull=True, staff_by__isnull=False, body=b""),
                name="entry_kind_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room_id} #{self.seq}"


class Disclosure(models.Model):
    """A member let an audience (an arbitrator's case) read these entries; it cannot be taken back."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="disclosures")
    by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    audience = models.CharField(max_length=64)
    entries = models.ManyToManyField(Entry, related_name="disclosures")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["room", "audience"], name="disclosure_audience")]

    def __str__(self) -> str:
        return f"{self.room_id} to {self.audience}"


class SealedFile(models.Model):
    """A file that only those who have its key can open; `entry` is the message that names it."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="files")
    sender = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="files")
    name = models.UUIDField(default=uuid.uuid4, unique=True)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    entry = models.ForeignKey(
        Entry, on_delete=models.PROTECT, null=True, blank=True, related_name="files"
    )
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(size__gte=1), name="file_not_empty"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["created_at"],
                condition=Q(entry__isnull=True, removed_at__isnull=True),
                name="file_unnamed",
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def path(self) -> str:
        """Where its bytes lie in the storage."""
        return f"{self.name.hex[:2]}/{self.name.hex}"
