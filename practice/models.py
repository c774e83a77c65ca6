"""What the practice world remembers: transfers in its bank and what each partner was told to do."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class BankTransfer(models.Model):
    """Money that moved in the practice bank. `amount` is in the currency's own unit, exact."""

    trade_ref = models.CharField(max_length=16, blank=True, db_index=True)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="practice_sent"
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="practice_received"
    )
    sender_name = models.CharField(max_length=80)
    recipient_name = models.CharField(max_length=80)
    recipient_account = models.CharField(max_length=80)
    amount = models.DecimalField(max_digits=20, decimal_places=4)
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=40, blank=True)
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gt=0), name="practice_transfer_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.sender_name} -> {self.recipient_name}"


class Behaviour(models.TextChoices):
    """How the partner plays his part in one trade."""

    HONEST = "honest", "Plays fair"
    SILENT = "silent", "Stays silent"
    SHORT = "short", "Pays 5 too little"
    OTHER_NAME = "other_name", "Pays from another name"
    FAKE_RECEIPT = "fake_receipt", "Says paid, sends a picture, pays nothing"
    DISPUTE = "dispute", "Opens a dispute"
    SPLIT = "split", "Asks for a split"


class Script(models.Model):
    """The part that the partner plays in one trade; absent means honest."""

    trade_ref = models.CharField(max_length=16, unique=True)
    behaviour = models.CharField(max_length=16, choices=Behaviour, default=Behaviour.HONEST)
    # What he did already, so that no step is played twice: {"paid": true, ...}
    done = models.JSONField(default=dict)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.trade_ref}: {self.behaviour}"
