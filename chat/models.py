"""Rooms, the people and devices in them, and one append-only log of entries per room.

A member's message is sealed: bytes whose frame the hub checks and whose content it cannot read (docs/CHAT.md).
System and staff lines are another kind of row, made only by `services.post_line`. It knows no trade.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from chat.sealed.layout import room_id
from chat.sealed.log import empty_head

KEY_LENGTH = 58
CLIENT_ID_LENGTH = 64
HASH_LENGTH = 66


class Device(models.Model):
    """A browser's keys, bound to an account by the one Resources line of a sign-in message that its wallet signed.

    `message` and `signature` are that binding; a device without them may not write. Hashes with 0x, keys as 64 hex digits.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="devices"
    )
    device_hash = models.CharField(max_length=HASH_LENGTH, db_index=True)
    signing_key = models.CharField(max_length=64)
    agreement_key = models.CharField(max_length=64)
    message = models.TextField(blank=True)
    signature = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "device_hash"], name="device_once_per_user"),
        ]

    def __str__(self) -> str:
        return self.device_hash[:10]


class Room(models.Model):
    """A conversation. `last_seq` is the number of its latest entry and `head` the log's head there; its row lock orders the log.

    Chain and contract are part of the room's id, so that nothing said in it means anything elsewhere.
    """

    key = models.SlugField(max_length=KEY_LENGTH, unique=True)
    chain_id = models.PositiveBigIntegerField(db_default=0)
    contract = models.CharField(max_length=42, db_default="")
    last_seq = models.PositiveBigIntegerField(default=0)
    head = models.BinaryField(db_default=b"")
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    # When what was said is removed, and when it was; NULL while nobody has said that the room is over.
    kept_until = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["kept_until"],
                condition=Q(kept_until__isnull=False, removed_at__isnull=True),
                name="room_to_remove",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def topic(self) -> str:
        """Where its hints are published."""
        return f"room:{self.key}"

    @property
    def room_id(self) -> bytes:
        """The 32 bytes that stand in everything said here."""
        return room_id(self.chain_id, self.contract, self.key)

    @property
    def head_now(self) -> bytes:
        """The log's head after its latest entry."""
        return bytes(self.head) or empty_head(self.room_id)


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


class Observer(models.Model):
    """Somebody outside the room for whom members may open messages: the arbitrator of a case. He reads nothing else."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="observers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=16)
    joined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["room", "user"], name="observer_once_per_room"),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.room_id}"


class Entry(models.Model):
    """One numbered row of a room's log.

    `message`: a member's sealed envelope, with the `client_id` and `device` that it names.
    `key`: the key statement of a member's or an observer's device; its `client_id` is the statement's name.
    `system`, `staff`: no body; `code` and `params` become a sentence by `chat.lines`, `data` is their canonical JSON.
    `hash`, `head` and `receipt` are those of docs/CHAT.md. A body that was removed after its time leaves them behind.
    """

    class Kind(models.TextChoices):
        MESSAGE = "message"
        KEY = "key"
        SYSTEM = "system"
        STAFF = "staff"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="entries")
    seq = models.PositiveBigIntegerField()
    v = models.PositiveSmallIntegerField(default=2)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    sender = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="entries")
    observer = models.ForeignKey(
        Observer, on_delete=models.PROTECT, null=True, related_name="entries"
    )
    client_id = models.CharField(max_length=CLIENT_ID_LENGTH, blank=True)
    device = models.CharField(max_length=HASH_LENGTH, blank=True)
    body = models.BinaryField(default=bytes)
    code = models.CharField(max_length=48, blank=True)
    params = models.JSONField(default=dict)
    data = models.TextField(blank=True, db_default="")
    staff_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    hash = models.BinaryField(db_default=b"")
    head = models.BinaryField(db_default=b"")
    receipt = models.BinaryField(db_default=b"")
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
                condition=Q(kind="message", sender__isnull=False, code="", staff_by__isnull=True)
                | Q(kind="key", code="", staff_by__isnull=True)
                | Q(kind="system", sender__isnull=True, staff_by__isnull=True, body=b"")
                | Q(kind="staff", sender__isnull=True, staff_by__isnull=False, body=b""),
                name="entry_kind_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room_id} #{self.seq}"


class RoomKey(models.Model):
    """A device's key statement in a room's log. `name` is the statement's hash in hex, `entry` where it stands."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="keys")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="room_keys")
    name = models.CharField(max_length=64)
    entry = models.OneToOneField(Entry, on_delete=models.CASCADE, related_name="room_key")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["room", "name"], name="room_key_once"),
        ]

    def __str__(self) -> str:
        return self.name[:10]


class StockKey(models.Model):
    """A key statement that a device left for a room that opens while it is away; the last one may serve many."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="stock")
    name = models.CharField(max_length=64, unique=True)
    body = models.BinaryField()
    is_last = models.BooleanField(default=False)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["device"], condition=Q(is_last=True), name="stock_one_last"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["device", "id"], condition=Q(used_at__isnull=True), name="stock_unused"
            ),
        ]

    def __str__(self) -> str:
        return self.name[:10]


class DeviceChain(models.Model):
    """How far a device's own chain of messages has come in a room: the last index, and the hash that the next must name."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="chains")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="+")
    index = models.PositiveIntegerField()
    last = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["room", "device"], name="chain_once_per_device"),
        ]

    def __str__(self) -> str:
        return f"{self.device} at {self.index}"


class Disclosure(models.Model):
    """A member let an audience (an arbitrator's case) read these entries; it cannot be taken back.

    `opening` is the message that carries their keys, sealed for the audience.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="disclosures")
    by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    audience = models.CharField(max_length=64)
    opening = models.OneToOneField(
        Entry, on_delete=models.PROTECT, null=True, related_name="disclosure"
    )
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
