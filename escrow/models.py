"""What the chain said, and what waits to be said to it. Amounts are base units, times in seconds of block time.

Blocks and events are facts as read from the node; Escrow is the projection of the confirmed ones; Submission and
SignedCall are intents of people and move nothing by themselves.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from escrow.fields import AddressField, HashField, Uint256Field
from escrow.states import (
    AuditSource,
    EscrowOutcome,
    EscrowStatus,
    ProblemKind,
    RelayStatus,
    SignedCallStatus,
    SubmissionStatus,
)


class Chain(models.Model):
    """One chain with one contract: its identity, and the cursor and health of the follower."""

    chain_id = models.PositiveBigIntegerField(primary_key=True)
    name = models.CharField(max_length=60)
    genesis_hash = HashField(blank=True, default="")
    contract_address = AddressField()
    code_hash = HashField(blank=True, default="")
    deploy_block = models.PositiveBigIntegerField()
    depth = models.PositiveSmallIntegerField()
    scanned_block = models.PositiveBigIntegerField(null=True, blank=True)
    settled_block = models.PositiveBigIntegerField(null=True, blank=True)
    head_number = models.PositiveBigIntegerField(null=True, blank=True)
    head_time = models.PositiveBigIntegerField(null=True, blank=True)
    head_seen_at = models.DateTimeField(null=True, blank=True)
    polled_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True, default="")
    problem_kind = models.CharField(
        max_length=8, choices=ProblemKind.choices, blank=True, default="", db_default=""
    )
    halt_reason = models.TextField(blank=True, default="")
    audited_at = models.DateTimeField(null=True, blank=True)
    audit_cursor = HashField(blank=True, default="")
    audit_problem = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(name="chain_depth_positive", condition=Q(depth__gte=1))
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.chain_id})"


class Asset(models.Model):
    """A coin that trades on a chain; the zero token is the native coin."""

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="assets")
    token = AddressField()
    symbol = models.CharField(max_length=12)
    name = models.CharField(max_length=60)
    decimals = models.PositiveSmallIntegerField()
    has_permit = models.BooleanField(default=False)
    permit_version = models.CharField(max_length=8, blank=True, default="")
    sort_rank = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["sort_rank", "symbol"]
        constraints = [
            models.UniqueConstraint(fields=["chain", "token"], name="asset_once_per_token"),
            models.UniqueConstraint(fields=["chain", "symbol"], name="asset_once_per_symbol"),
            models.CheckConstraint(name="asset_decimals_at_most_36", condition=Q(decimals__lte=36)),
        ]

    def __str__(self) -> str:
        return self.symbol


class Block(models.Model):
    """A header the follower has seen, kept from well below finality to the tip."""

    chain = models.ForeignKey(Chain, on_delete=models.CASCADE, related_name="blocks")
    number = models.PositiveBigIntegerField()
    hash = HashField()
    parent_hash = HashField()
    time = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["chain", "number"], name="block_once_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.hash[:10]}"


class Reorg(models.Model):
    """Blocks that were undone, as the follower met it: `depth` blocks above the last common one; null when none was common."""

    chain = models.ForeignKey(Chain, on_delete=models.CASCADE, related_name="reorgs")
    found_at = models.DateTimeField()
    common_block = models.PositiveBigIntegerField(null=True, blank=True)
    head_number = models.PositiveBigIntegerField()
    depth = models.PositiveBigIntegerField()
    lost_events = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["chain", "found_at"], name="reorg_by_time")]

    def __str__(self) -> str:
        return f"{self.depth} blocks below {self.head_number}"


class ChainEvent(models.Model):
    """An event of the contract. Rows are never deleted by a reorg: they stop being canonical."""

    chain = models.ForeignKey(Chain, on_delete=models.CASCADE, related_name="events")
    block_number = models.PositiveBigIntegerField()
    block_hash = HashField()
    block_time = models.PositiveBigIntegerField()
    log_index = models.PositiveIntegerField()
    tx_hash = HashField()
    name = models.CharField(max_length=40)
    trade_id = HashField(blank=True, default="")
    args = models.JSONField(default=dict)
    canonical = models.BooleanField(default=True)
    confirmed = models.BooleanField(default=False)
    applied_at = models.DateTimeField(null=True, blank=True)
    set_aside_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "block_hash", "log_index"], name="event_once_per_log"
            ),
            models.CheckConstraint(
                name="event_applied_only_when_confirmed",
                condition=Q(applied_at__isnull=True) | Q(confirmed=True),
            ),
        ]
        indexes = [
            models.Index(
                fields=["chain", "trade_id", "block_number", "log_index"], name="event_by_trade"
            ),
            models.Index(
                fields=["block_number", "log_index"],
                name="event_unapplied",
                condition=Q(applied_at__isnull=True, canonical=True),
            ),
            models.Index(
                fields=["id"],
                name="event_undone",
                condition=Q(applied_at__isnull=False, canonical=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} in block {self.block_number}"


class Escrow(models.Model):
    """The projection of a trade's confirmed events. Only the follower writes it."""

    chain = models.ForeignKey(Chain, on_delete=models.CASCADE, related_name="escrows")
    trade_id = HashField()
    seller = AddressField(db_index=True)
    buyer = AddressField(db_index=True)
    token = AddressField()
    amount = Uint256Field()
    arbitrator = AddressField()
    fee_bps = models.PositiveSmallIntegerField()
    pay_window = models.PositiveBigIntegerField()
    release_window = models.PositiveBigIntegerField()
    ruling_window = models.PositiveBigIntegerField()
    terms = HashField()
    status = models.CharField(max_length=8, choices=EscrowStatus.choices)
    since = models.PositiveBigIntegerField()
    funded_at = models.PositiveBigIntegerField()
    pay_by = models.PositiveBigIntegerField()
    outcome = models.CharField(max_length=9, choices=EscrowOutcome.choices, blank=True, default="")
    to_buyer = Uint256Field(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["chain", "trade_id"], name="escrow_once_per_trade"),
            models.CheckConstraint(
                name="escrow_outcome_only_when_closed",
                condition=Q(status="CLOSED", to_buyer__isnull=False) & ~Q(outcome="")
                | ~Q(status="CLOSED") & Q(outcome="", to_buyer__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "since"], name="escrow_live", condition=~Q(status="CLOSED")
            )
        ]

    def __str__(self) -> str:
        return f"{self.trade_id[:10]} {self.status}"


class AuditFinding(models.Model):
    """A field of a row that was not what the contract or the row's own events say; open until a later look finds it right."""

    chain = models.ForeignKey(Chain, on_delete=models.CASCADE, related_name="audit_findings")
    trade_id = HashField(db_index=True)
    field = models.CharField(max_length=20)
    row_value = models.CharField(max_length=100)
    true_value = models.CharField(max_length=100)
    source = models.CharField(max_length=8, choices=AuditSource.choices)
    found_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "trade_id", "field", "source"],
                name="audit_finding_open_once",
                condition=Q(gone_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.trade_id[:10]}"


class Submission(models.Model):
    """A transaction that a person says to have sent for a trade. It states an intent; only events move a trade."""

    chain = models.ForeignKey(Chain, on_delete=models.CASCADE, related_name="submissions")
    trade_id = HashField(db_index=True, blank=True, default="")
    account = AddressField()
    move = models.CharField(max_length=12)
    tx_hash = HashField()
    status = models.CharField(
        max_length=8, choices=SubmissionStatus.choices, default=SubmissionStatus.PENDING
    )
    reason = models.CharField(max_length=60, blank=True, default="")
    text = models.CharField(max_length=400, blank=True, default="")
    sender = AddressField(blank=True, default="")
    nonce = models.PositiveBigIntegerField(null=True, blank=True)
    replaced_by = HashField(blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "trade_id", "tx_hash"], name="submission_once_per_transaction"
            )
        ]
        indexes = [
            models.Index(
                fields=["created_at"], name="submission_pending", condition=Q(status="PENDING")
            )
        ]

    def __str__(self) -> str:
        return f"{self.move} {self.tx_hash[:10]} {self.status}"


class SignedCall(models.Model):
    """A move that a party signed and the relayer sends. One row per signed digest and signer."""

    chain = models.ForeignKey(Chain, on_delete=models.CASCADE, related_name="signed_calls")
    trade_id = HashField(db_index=True, blank=True, default="")
    move = models.CharField(max_length=12)
    terms = models.JSONField(default=dict)
    funded_at = models.PositiveBigIntegerField(default=0)
    arguments = models.JSONField(default=dict)
    deadline = models.PositiveBigIntegerField()
    signer = AddressField()
    signature = models.TextField()
    buyer_signature = models.TextField(blank=True, default="")
    digest = HashField()
    status = models.CharField(
        max_length=8, choices=SignedCallStatus.choices, default=SignedCallStatus.WAITING
    )
    reason = models.CharField(max_length=60, blank=True, default="")
    text = models.CharField(max_length=400, blank=True, default="")
    tx_hash = HashField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "digest", "signer"], name="signed_call_once_per_digest"
            )
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                name="signed_call_open",
                condition=Q(status__in=["WAITING", "SENT"]),
            ),
            models.Index(fields=["signer", "created_at"], name="signed_call_by_signer"),
        ]

    def __str__(self) -> str:
        return f"{self.move} {self.trade_id[:10]} {self.status}"


class Relayer(models.Model):
    """The gas account of a chain and its health; it holds nothing but gas money."""

    chain = models.OneToOneField(
        Chain, on_delete=models.CASCADE, primary_key=True, related_name="relayer"
    )
    address = AddressField()
    balance_wei = Uint256Field(default=0)
    is_ok = models.BooleanField(default=True)
    reason = models.CharField(max_length=400, blank=True, default="")
    # For the operator: it still works, but something must be done soon.
    warning = models.CharField(max_length=400, blank=True, default="", db_default="")
    checked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.address


class GasReservation(models.Model):
    """Gas for the "paid" of one funding: asked for when it settles, promised while `covered_at` is set.

    Account details are shown only under a promise, so `account` is the buyer's, whose budget it counts against.
    """

    chain = models.ForeignKey(Chain, on_delete=models.CASCADE, related_name="gas_reservations")
    trade_id = HashField()
    funded_at = models.PositiveBigIntegerField()
    account = AddressField()
    covered_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "trade_id", "funded_at"], name="gas_reservation_once_per_funding"
            )
        ]

    def __str__(self) -> str:
        return f"{self.trade_id[:10]} {'covered' if self.covered_at else 'not covered'}"


class RelayTransaction(models.Model):
    """One nonce of the relayer's account: the call it carries and every transaction that was sent for it.

    `account` is whose daily budget it counts against: the signer, or for a time-out the seller.
    """

    chain = models.ForeignKey(Chain, on_delete=models.CASCADE, related_name="relay_transactions")
    sender = AddressField()
    nonce = models.PositiveBigIntegerField()
    signed_call = models.ForeignKey(
        SignedCall,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="relay_transactions",
    )
    account = AddressField()
    trade_id = HashField(blank=True, default="")
    move = models.CharField(max_length=12)
    calldata = models.TextField()
    gas_limit = models.PositiveBigIntegerField()
    max_fee_wei = Uint256Field()
    priority_fee_wei = Uint256Field()
    tx_hash = HashField()
    earlier_hashes = models.JSONField(default=list)
    status = models.CharField(
        max_length=8, choices=RelayStatus.choices, default=RelayStatus.PENDING
    )
    succeeded = models.BooleanField(null=True)
    gas_used = models.PositiveBigIntegerField(null=True, blank=True)
    block_number = models.PositiveBigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "sender", "nonce"],
                name="relay_nonce_once",
                condition=~Q(status="DROPPED"),
            ),
            models.UniqueConstraint(
                fields=["chain", "trade_id", "move"],
                name="relay_timeout_once_at_a_time",
                condition=Q(move="timeout", status__in=["PENDING", "MINED"]),
            ),
        ]
        indexes = [
            models.Index(
                fields=["nonce"], name="relay_open", condition=Q(status__in=["PENDING", "MINED"])
            )
        ]

    def __str__(self) -> str:
        return f"nonce {self.nonce}: {self.move} {self.status}"

    def all_hashes(self) -> list[str]:
        """Every transaction hash that was sent under this nonce, the latest first."""
        return [self.tx_hash, *reversed(self.earlier_hashes)]
