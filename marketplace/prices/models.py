"""What one whole coin is worth, as last read from the chain's feeds. Pages read these rows and nothing else."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class PriceQuote(models.Model):
    """The latest reference of one pair; replaced in place, its history is the feeds' own."""

    asset = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    value = models.DecimalField(max_digits=38, decimal_places=18)
    source = models.CharField(max_length=120)
    # Age of the oldest feed round behind the value, in the chain's time.
    at = models.PositiveBigIntegerField()
    # Our own clock when the feeds were read.
    read_at = models.DateTimeField()
    # A jump waits here until a second reading confirms it.
    held_value = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["asset", "currency"], name="price_quote_pair"),
            models.CheckConstraint(condition=models.Q(value__gt=0), name="price_quote_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.asset}/{self.currency} {self.value:f}"
