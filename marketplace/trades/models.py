"""A trade, every version of its terms, its history, and the proposals made on the way.

Owns rows and what must never be false about them. Only `services.status.move` writes a status.
Times named `*_at`, `*_by` and `*_until` that are integers are epoch seconds of the chain's clock, 0 or NULL when unset.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from escrow.fields import AddressField, HashField, Uint256Field
from escrow.models import Asset
from marketplace.offers.models import Offer
from marketplace.outbox import WAITING, Outgoing
from marketplace.trades.states import BEFORE_FUNDING, LIVE, Extra, Outcome, Role, Status

CLOSED = str(Status.CLOSED)


class Trade(models.Model):
    """Two people, one amount, one offer. Amounts in base units, fiat at its currency's exponent."""

    ref = models.CharField(max_length=8, unique=True)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="trades")
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")

    # The terms of the current version; `TermsVersion` keeps each one that was ever shown.
    terms_version = models.PositiveSmallIntegerField(default=1)
    trade_id = HashField(blank=True)
    terms = HashField(blank=True)
    amount_base_units = Uint256Field()
    fiat_amount = models.DecimalField(max_digits=38, decimal_places=4)
    currency = models.CharField(max_length=3)
    price = models.DecimalField(max_digits=38, decimal_places=18)
    price_source = models.CharField(max_length=120)
    price_at = models.PositiveBigIntegerField()
    method = models.CharField(max_length=40)
    # {"details": {...}, "salt": "0x…"}; empty until the party has given it.
    payer_commitment = HashField(blank=True)
    payer_opening = models.JSONField(null=True, blank=True)
    payee_commitment = HashField(blank=True)
    payee_opening = models.JSONField(null=True, blank=True)
    payment_reference = models.CharField(max_length=12)
    buyer_device = HashField(blank=True)
    seller_device = HashField(blank=True)
    fund_by = models.PositiveBigIntegerField()
    offer_hash = HashField()
    salt = HashField()
    arbitrator = AddressField()
    fee_bps = models.PositiveSmallIntegerField()
    pay_seconds = models.PositiveIntegerField()
    release_seconds = models.PositiveIntegerField()
    ruling_seconds = models.PositiveIntegerField()
    take_signature = models.TextField(blank=True)
    take_deadline = models.PositiveBigIntegerField(default=0)

    status = models.CharField(max_length=8, choices=[(s, s) for s in Status], default=Status.ASKED)
    outcome = models.CharField(max_length=10, choices=[(o, o) for o in Outcome], blank=True)
    close_reason = models.CharField(max_length=40, blank=True)
    closed_by = models.CharField(max_length=10, choices=[(r, r) for r in Role], blank=True)
    extra = models.CharField(max_length=10, choices=[(e, e) for e in Extra], blank=True)
    to_buyer = Uint256Field(null=True, blank=True)  # base units, before the fee
    stock_base_units = Uint256Field(default=0)  # what this trade holds of its offer's stock
    funded_at = models.PositiveBigIntegerField(default=0)
    pay_by = models.PositiveBigIntegerField(default=0)
    since = models.PositiveBigIntegerField(default=0)
    paid_at = models.PositiveBigIntegerField(default=0)
    disputed_at = models.PositiveBigIntegerField(default=0)
    disputed_by = models.CharField(max_length=10, choices=[(r, r) for r in Role], blank=True)
    closed_at = models.PositiveBigIntegerField(default=0)

    opened_at = models.PositiveBigIntegerField()
    turn_at = models.PositiveBigIntegerField()  # since when the present turn before funding runs
    # A buy offer's lease: set while this taker is the one the maker looks at.
    leased_until = models.PositiveBigIntegerField(null=True, blank=True)
    ready_asked_at = models.PositiveBigIntegerField(default=0)
    ready_at = models.PositiveBigIntegerField(default=0)
    time_asked_at = models.PositiveBigIntegerField(default=0)

    # The running duty, for the list's order and for the sweep. NULL when nothing is due.
    due_at = models.PositiveBigIntegerField(null=True, blank=True)
    remind_half_at = models.PositiveBigIntegerField(null=True, blank=True)
    remind_quarter_at = models.PositiveBigIntegerField(null=True, blank=True)
    event_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(seller=F("buyer")), name="trade_two_people"),
            models.CheckConstraint(
                condition=Q(amount_base_units__gt=0), name="trade_amount_positive"
            ),
            models.CheckConstraint(condition=Q(fiat_amount__gt=0), name="trade_fiat_positive"),
            models.CheckConstraint(
                condition=Q(status=CLOSED) & ~Q(outcome="") | ~Q(status=CLOSED) & Q(outcome=""),
                name="trade_outcome_iff_closed",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[str(s) for s in LIVE]) | Q(funded_at__gt=0, pay_by__gt=0),
                name="trade_live_has_clock",
            ),
            models.CheckConstraint(
                condition=~Q(status=str(Status.AGREED)) | ~Q(take_signature=""),
                name="trade_agreed_is_signed",
            ),
            # The race of two takers of one buy offer ends here.
            models.UniqueConstraint(
                fields=["offer"],
                condition=Q(leased_until__isnull=False),
                name="trade_one_lease_per_offer",
            ),
            models.UniqueConstraint(
                fields=["trade_id"], condition=~Q(trade_id=""), name="trade_id_once"
            ),
            models.UniqueConstraint(
                fields=["offer", "taker"],
                condition=Q(status__in=[str(s) for s in BEFORE_FUNDING]),
                name="trade_one_open_take_per_person",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller", "status", "-id"], name="trade_of_seller"),
            models.Index(fields=["buyer", "status", "-id"], name="trade_of_buyer"),
            models.Index(fields=["offer", "status"], name="trade_of_offer"),
            models.Index(
                fields=["fund_by"],
                condition=Q(status__in=[str(s) for s in BEFORE_FUNDING]),
                name="trade_to_lapse",
            ),
            models.Index(
                fields=["remind_half_at"],
                condition=Q(remind_half_at__isnull=False),
                name="trade_remind_half",
            ),
            models.Index(
                fields=["remind_quarter_at"],
                condition=Q(remind_quarter_at__isnull=False),
                name="trade_remind_quarter",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def is_live(self) -> bool:
        """Whether coins are locked for it now."""
        return self.status in LIVE

    @property
    def is_extra(self) -> bool:
        """Whether its coins were locked outside an agreement: the buyer must not pay for them."""
        return bool(self.extra)

    @property
    def is_waiting(self) -> bool:
        """Whether this take of a buy offer stands in the queue behind another."""
        return self.status == Status.ASKED and self.leased_until is None and not self.offer.is_sell

    @property
    def room_key(self) -> str:
        """The key of its chat room."""
        return f"trade-{self.ref}"


class TermsVersion(models.Model):
    """One complete set of terms under its id on chain: whatever is ever funded under it finds its trade."""

    trade = models.ForeignKey(Trade, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    escrow_id = HashField(unique=True)
    # {"trade": {...}, "agreement": {...}, "fields": {...}}: both structs as JSON, and our columns to restore them.
    document = models.JSONField()
    take_signature = models.TextField(blank=True)
    take_deadline = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        # A number may return with a new fundBy (a lease that starts later), never with the same id.
        indexes: ClassVar = [
            models.Index(fields=["trade", "number"], name="terms_version_of_trade")
        ]

    def __str__(self) -> str:
        return f"{self.escrow_id[:10]} v{self.number}"


class TradeEvent(Outgoing):
    """One step of a trade's history; until `delivered_at` is set it is also the outbox of its lines and notices."""

    trade = models.ForeignKey(Trade, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    cause = models.CharField(max_length=24)
    old_status = models.CharField(max_length=8)
    new_status = models.CharField(max_length=8)
    actor = models.CharField(max_length=10, choices=[(r, r) for r in Role], blank=True)
    params = models.JSONField(default=dict)
    at = models.PositiveBigIntegerField()
    # "<transaction>:<log index>" of the event that caused it: a re-read chain applies nothing twice.
    chain_key = models.CharField(max_length=90, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["trade", "seq"], name="trade_event_seq"),
            models.UniqueConstraint(
                fields=["chain_key"], condition=~Q(chain_key=""), name="trade_event_applied_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["trade", "id"], condition=WAITING, name="trade_event_waiting"),
            models.Index(
                fields=["id"],
                condition=Q(parked_at__isnull=False, delivered_at__isnull=True),
                name="trade_event_parked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cause} {self.seq}"


class ProposalStatus(models.TextChoices):
    """What became of a proposal; at most one per trade is open."""

    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    REPLACED = "replaced", "Replaced"
    LAPSED = "lapsed", "Lapsed"


class Proposal(models.Model):
    """Other terms, proposed before funding: amount, price, method or time to pay. History stays."""

    trade = models.ForeignKey(Trade, on_delete=models.CASCADE, related_name="proposals")
    number = models.PositiveSmallIntegerField()
    by = models.CharField(max_length=10, choices=[(r, r) for r in Role])
    amount_base_units = Uint256Field()
    fiat_amount = models.DecimalField(max_digits=38, decimal_places=4)
    price = models.DecimalField(max_digits=38, decimal_places=18)
    method = models.CharField(max_length=40)
    pay_seconds = models.PositiveIntegerField()
    until = models.PositiveBigIntegerField()
    status = models.CharField(max_length=8, choices=ProposalStatus, default=ProposalStatus.OPEN)
    at = models.PositiveBigIntegerField()
    answered_at = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["trade", "number"], name="proposal_number"),
            models.UniqueConstraint(
                fields=["trade"], condition=Q(status="open"), name="proposal_one_open"
            ),
            models.CheckConstraint(
                condition=Q(amount_base_units__gt=0, fiat_amount__gt=0, price__gt=0),
                name="proposal_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trade_id} #{self.number}"


class SettleProposal(models.Model):
    """A split one party has signed. The hub keeps the signature to itself until the other accepts or it ends."""

    trade = models.ForeignKey(Trade, on_delete=models.CASCADE, related_name="settle_proposals")
    number = models.PositiveSmallIntegerField()
    by = models.CharField(max_length=10, choices=[(r, r) for r in Role])
    to_buyer = Uint256Field()
    funded_at = models.PositiveBigIntegerField()
    deadline = models.PositiveBigIntegerField()
    signature = models.TextField()
    status = models.CharField(max_length=8, choices=ProposalStatus, default=ProposalStatus.OPEN)
    at = models.PositiveBigIntegerField()
    answered_at = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["trade", "number"], name="settle_number"),
            models.UniqueConstraint(
                fields=["trade"], condition=Q(status="open"), name="settle_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trade_id} split #{self.number}"
