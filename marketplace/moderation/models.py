"""What staff did and why: the audit log, sanctions, and notes that stay on the desk.

Audit entries are never changed or deleted; each carries the hash of the one before it.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone

GENESIS_HASH = "0" * 64


class AuditIsAppendOnly(Exception):
    """An entry of the audit log can be neither changed nor deleted."""

    def __init__(self) -> None:
        super().__init__("The audit log only grows. Write a new entry that corrects the old one.")


class AuditEntries(models.QuerySet["AuditEntry"]):
    """Rows of the log; bulk changes are refused like single ones."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise AuditIsAppendOnly

    def delete(self) -> NoReturn:
        raise AuditIsAppendOnly


class AuditEntry(models.Model):
    """One act of staff. `entry_hash` covers every other field and `previous_hash`; `number` has no gaps."""

    number = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="audit_entries"
    )
    action = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    reason = models.CharField(max_length=500, blank=True)
    details = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64, unique=True)
    entry_hash = models.CharField(max_length=64, unique=True)

    objects = AuditEntries.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["subject", "-number"], name="audit_of_subject"),
            models.Index(fields=["action", "-number"], name="audit_of_action"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only.

        Raises: AuditIsAppendOnly.
        """
        if not self._state.adding:
            raise AuditIsAppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AuditIsAppendOnly


class Sanction(models.Model):
    """A suspension with its reason and end; at most one is in force per person."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sanctions"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sanctions_given"
    )
    reason = models.CharField(max_length=500)
    appeal = models.CharField(max_length=300)
    until = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="sanctions_lifted",
    )
    lift_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(lifted_at=None), name="sanction_one_in_force"
            ),
            models.CheckConstraint(
                condition=~models.Q(user=models.F("by")), name="sanction_not_oneself"
            ),
        ]

    def __str__(self) -> str:
        return f"until {self.until:%Y-%m-%d %H:%M}"


class Note(models.Model):
    """A line of staff about a person or a case, read by staff only."""

    subject = models.CharField(max_length=80)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="desk_notes"
    )
    text = models.CharField(max_length=500)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["subject", "-id"], name="note_of_subject")]

    def __str__(self) -> str:
        return self.text[:40]
