"""The record of a dispute: what each side filed, said and was asked, who read it, what was decided and why.

Whether a dispute is live is not stored here: it is live while its trade is DISPUTED, and only confirmed events say so.
Everything but `Case` is append-only; a filing or a ruling counts when its hash is the one the contract's event carries.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from escrow.fields import HashField, Uint256Field
from marketplace.disputes.documents import Document, document_hash, filing_document, ruling_document
from marketplace.disputes.reasons import (
    ANSWERS,
    EVIDENCE_LENGTH,
    QUESTIONS,
    REASONS,
    RULING_REASONS,
    STORY_LENGTH,
    WANTED,
    slot_label,
)

REASON_CHOICES = [(reason.code, reason.short) for reason in REASONS]
RULING_REASON_CHOICES = [(reason.code, reason.text) for reason in RULING_REASONS]
LETTER_LENGTH = 2000


class Case(models.Model):
    """The desk's folder of one trade's dispute; exactly one per trade."""

    trade = models.OneToOneField("marketplace.Trade", on_delete=models.PROTECT, related_name="case")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="assigned_cases",
    )
    waiting_for = models.CharField(
        max_length=6,
        blank=True,
        choices=[("buyer", "buyer"), ("seller", "seller"), ("both", "both")],
    )
    created_at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(closed_at=None) | models.Q(opened_at__isnull=False),
                name="case_opens_before_it_closes",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["assignee"],
                condition=models.Q(closed_at=None),
                name="case_open_by_assignee",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """D-0418, as people say it on the phone."""
        return f"D-{self.pk:04d}"


class Filing(models.Model):
    """What a party says when he asks for a decision; `evidence_hash` commits to all of it under `salt`."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="filings")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="filings"
    )
    role = models.CharField(max_length=6, choices=[("buyer", "buyer"), ("seller", "seller")])
    reason = models.CharField(max_length=20, choices=REASON_CHOICES)
    story = models.CharField(max_length=STORY_LENGTH, blank=True)
    wanted = models.CharField(max_length=20, choices=WANTED)
    wanted_to_buyer = Uint256Field()
    evidence = models.JSONField(default=dict)
    salt = HashField()
    evidence_hash = HashField(unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["case", "by", "-id"], name="filing_latest")]

    def __str__(self) -> str:
        return self.evidence_hash[:10]

    @property
    def document(self) -> Document:
        """The document as the row says now."""
        return filing_document(
            trade_id=self.case.trade.trade_id,
            by=self.by.address,
            reason=self.reason,
            story=self.story,
            wanted=self.wanted,
            to_buyer_base_units=self.wanted_to_buyer,
            evidence=self.evidence,
        )

    @property
    def is_intact(self) -> bool:
        """Whether every shown word is still the one that was hashed."""
        return document_hash(self.document, self.salt) == self.evidence_hash

    @property
    def pieces(self) -> list[tuple[str, str]]:
        """Each piece of evidence with its slot's name."""
        return [(slot_label(slot), text) for slot, text in sorted(self.evidence.items())]


class Statement(models.Model):
    """Something a party adds while the dispute runs: own words, or one piece of evidence as text."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="statements")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="statements"
    )
    role = models.CharField(max_length=6, choices=[("buyer", "buyer"), ("seller", "seller")])
    slot = models.CharField(max_length=20, blank=True)
    text = models.CharField(max_length=EVIDENCE_LENGTH)
    text_hash = HashField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "by", "slot", "text_hash"], name="statement_once"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:40]


class Request(models.Model):
    """What the desk asked of a party, until when; missing it lets the desk go on without the answer."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="requests")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="requests_made"
    )
    of = models.CharField(
        max_length=6, choices=[("buyer", "buyer"), ("seller", "seller"), ("both", "both")]
    )
    text = models.CharField(max_length=500)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.text[:40]


class Reading(models.Model):
    """A member of staff opened the record, for a reason that both parties can read."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="readings")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="readings"
    )
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "reader"], name="reading_once")
        ]

    def __str__(self) -> str:
        return self.reason


class Ruling(models.Model):
    """A decision as its arbitrator wrote it. It is the decision once the contract's Ruled event carries `evidence_hash`."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="rulings")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="rulings"
    )
    paid = models.CharField(max_length=7, choices=ANSWERS)
    on_time = models.CharField(max_length=7, choices=ANSWERS)
    right_name = models.CharField(max_length=7, choices=ANSWERS)
    right_amount = models.CharField(max_length=7, choices=ANSWERS)
    to_buyer_base_units = Uint256Field()
    reason = models.CharField(max_length=20, choices=RULING_REASON_CHOICES)
    letter = models.CharField(max_length=LETTER_LENGTH)
    salt = HashField()
    evidence_hash = HashField(unique=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["case", "-id"], name="ruling_latest")]

    def __str__(self) -> str:
        return self.evidence_hash[:10]

    @property
    def findings(self) -> dict[str, str]:
        """The answer to each question."""
        return {code: getattr(self, code) for code, _ in QUESTIONS}

    @property
    def document(self) -> Document:
        """The document as the row says now."""
        return ruling_document(
            trade_id=self.case.trade.trade_id,
            by=self.by.address,
            findings=self.findings,
            to_buyer_base_units=self.to_buyer_base_units,
            reason=self.reason,
            letter=self.letter,
        )

    @property
    def is_intact(self) -> bool:
        """Whether every shown word is still the one that was hashed."""
        return document_hash(self.document, self.salt) == self.evidence_hash
