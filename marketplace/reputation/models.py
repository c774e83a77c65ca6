"""How trades ended, one row each, and the sums of those rows per person."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class TradeResult(models.Model):
    """The end of one funded trade with a signed Take; written once by the trade's own reference."""

    trade_ref = models.CharField(max_length=16, unique=True)
    seller = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=12)
    currency = models.CharField(max_length=3)
    fiat_amount = models.DecimalField(max_digits=38, decimal_places=4)
    pay_seconds = models.PositiveIntegerField(null=True, blank=True)
    release_seconds = models.PositiveIntegerField(null=True, blank=True)
    disputed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lost_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Whether coins reached the buyer, and whose duty ran out or was failed, if anybody's.
    finished = models.BooleanField()
    failed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(seller=models.F("buyer")), name="trade_result_two_people"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller", "closed_at"], name="trade_result_seller"),
            models.Index(fields=["buyer", "closed_at"], name="trade_result_buyer"),
        ]

    def __str__(self) -> str:
        return f"{self.trade_ref} {self.outcome}"


class Standing(models.Model):
    """The sums of one person's results, kept so that a list of offers needs no count per row."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="standing"
    )
    done = models.PositiveIntegerField(default=0)
    ended = models.PositiveIntegerField(default=0)
    partners = models.PositiveIntegerField(default=0)
    median_release_seconds = models.PositiveIntegerField(null=True, blank=True)
    median_pay_seconds = models.PositiveIntegerField(null=True, blank=True)
    disputes_opened = models.PositiveIntegerField(default=0)
    disputes_lost = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(done__lte=models.F("ended")), name="standing_done_is_part"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.done} of {self.ended}"
