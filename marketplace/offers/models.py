"""Offers: what a maker signed, how much of it is left, and the drafts before that.

It must not know trades: they lock, return and spend an offer's stock through `services`.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from escrow.fields import AddressField, HashField, Uint256Field
from escrow.models import Asset


class Side(models.TextChoices):
    """The maker's side."""

    SELL = "sell", "Sell"
    BUY = "buy", "Buy"


class PriceKind(models.TextChoices):
    """How an offer is priced."""

    FIXED = "fixed", "Fixed"
    MARGIN = "margin", "Follows the market"


class OfferStatus(models.TextChoices):
    """A draft is not an offer yet; see `OfferDraft`."""

    OPEN = "open", "Open"
    PAUSED = "paused", "Paused"
    CLOSED = "closed", "Closed"


class Offer(models.Model):
    """One signed offer. Amounts in base units of its asset, fiat at its currency's exponent."""

    public_id = models.CharField(max_length=12, unique=True)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="offers"
    )
    side = models.CharField(max_length=4, choices=Side)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)

    price_kind = models.CharField(max_length=6, choices=PriceKind)
    fixed_price = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    margin_bps = models.IntegerField(null=True, blank=True)
    floor_price = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    ceiling_price = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    min_fiat = models.DecimalField(max_digits=38, decimal_places=4)
    max_fiat = models.DecimalField(max_digits=38, decimal_places=4)

    stock_base_units = Uint256Field()
    locked_base_units = Uint256Field(default=0)
    sold_base_units = Uint256Field(default=0)

    arbitrator = AddressField()
    fee_bps = models.PositiveSmallIntegerField()
    ruling_seconds = models.PositiveIntegerField()
    min_done = models.PositiveSmallIntegerField(default=0)
    min_age_days = models.PositiveSmallIntegerField(default=0)
    terms_text = models.CharField(max_length=400, blank=True)

    status = models.CharField(max_length=6, choices=OfferStatus, default=OfferStatus.OPEN)
    pause_reason = models.CharField(max_length=200, blank=True)
    # Set when staff paused it: the maker cannot resume it then.
    paused_by_staff = models.BooleanField(default=False)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    # Coins seen in the maker's wallet (sell offers), and the block they were seen at.
    funds_base_units = Uint256Field(null=True, blank=True)
    funds_block = models.PositiveBigIntegerField(null=True, blank=True)

    nonce = Uint256Field()
    version = models.PositiveSmallIntegerField(default=1)
    salt = HashField()
    signature = models.TextField()
    offer_hash = HashField(unique=True)
    signed_document = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["maker", "nonce", "version"], name="offer_nonce_once"),
            models.CheckConstraint(
                condition=Q(min_fiat__gt=0) & Q(max_fiat__gte=F("min_fiat")), name="offer_limits"
            ),
            models.CheckConstraint(
                condition=(
                    Q(price_kind="fixed", fixed_price__gt=0, margin_bps=None)
                    | Q(price_kind="margin", fixed_price=None, margin_bps__gt=-10_000)
                ),
                name="offer_one_price_rule",
            ),
            models.CheckConstraint(
                condition=Q(locked_base_units__gte=0)
                & Q(sold_base_units__gte=0)
                & Q(stock_base_units__gte=F("locked_base_units") + F("sold_base_units")),
                name="offer_stock_never_negative",
            ),
            models.CheckConstraint(condition=Q(fee_bps__lte=200), name="offer_fee_cap"),
            models.CheckConstraint(
                condition=Q(min_done__lte=5) & Q(min_age_days__lte=30), name="offer_wishes_capped"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["side", "asset", "currency", "-id"],
                condition=Q(status="open"),
                name="offer_market",
            ),
            models.Index(fields=["maker", "-id"], name="offer_of_maker"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def left_base_units(self) -> int:
        """What can still be taken, in base units."""
        left: int = self.stock_base_units - self.locked_base_units - self.sold_base_units
        return left

    @property
    def is_sell(self) -> bool:
        """Whether the maker gives the coins."""
        return self.side == Side.SELL


class OfferMethod(models.Model):
    """A payment method of one offer, with its clocks and, on a sell offer, the commitment to the maker's account."""

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="methods")
    method = models.CharField(max_length=40)
    pay_seconds = models.PositiveIntegerField()
    release_seconds = models.PositiveIntegerField()
    payee_commitment = HashField()
    # {"details": {...}, "salt": "0x…"} on a sell offer; reaches the buyer when the coins are locked.
    payee_opening = models.JSONField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["offer", "method"], name="offer_method_once"),
            models.CheckConstraint(
                condition=Q(pay_seconds__gte=1200) & Q(pay_seconds__lte=1_209_600),
                name="offer_method_pay_window",
            ),
            models.CheckConstraint(
                condition=Q(release_seconds__gte=259_200) & Q(release_seconds__lte=2_592_000),
                name="offer_method_release_window",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["method", "offer"], name="offer_method_lookup")]

    def __str__(self) -> str:
        return self.method


class OfferDraft(models.Model):
    """An offer being written or rewritten, step by step; the server keeps it until it is published or dropped."""

    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="offer_drafts"
    )
    offer = models.ForeignKey(
        Offer, on_delete=models.CASCADE, null=True, blank=True, related_name="drafts"
    )
    values = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["maker"], condition=Q(offer=None), name="offer_draft_one_new"
            ),
            models.UniqueConstraint(fields=["offer"], name="offer_draft_one_edit"),
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"
