"""Reads of the chain side. None of them asks a node: pages show what the follower has stored, and say how old it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from escrow.models import (
    Asset,
    AuditFinding,
    Chain,
    ChainEvent,
    Escrow,
    GasReservation,
    Relayer,
    SignedCall,
    Submission,
)
from escrow.states import SignedCallStatus

STALE_HEAD_SECONDS = 60
# How far block time may be believed to have gone on since the newest header.
# How long a new trade's page waits for the promise of gas before it calls that trouble; a round takes a second.
PROMISE_PATIENCE = timedelta(seconds=15)
MOST_AHEAD_SECONDS = 60
STALE_RELAYER_SECONDS = 60
STALE_AUDIT_SECONDS = 180


class ChainUnknown(Exception):
    """No chain is set up yet. On a devnet `python manage.py up` does it."""


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event that is not deep enough yet: "1 of 2"."""

    name: str
    confirmations: int
    depth: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class ChainHealth:
    """Whether pages may rely on the chain side; reason is a sentence when they may not."""

    ok: bool
    head: int
    lag_seconds: int
    relayer_ok: bool
    reason: str
    # The follower does not go on before an operator has looked.
    is_halted: bool = False


@dataclass(frozen=True, slots=True)
class Credit:
    """Base units of a coin that could not be paid out and wait in the contract for an account."""

    token: str
    symbol: str
    decimals: int
    amount: int


def current_chain() -> Chain:
    """The chain this hub serves.

    Raises: ChainUnknown.
    """
    chain = Chain.objects.filter(pk=settings.CHAIN_ID).first()
    if chain is None:
        raise ChainUnknown(ChainUnknown.__doc__)
    return chain


def active_assets() -> QuerySet[Asset]:
    """The coins that trade here, in the order of the market."""
    return Asset.objects.filter(chain_id=settings.CHAIN_ID, is_active=True)


def escrow_for(trade_id: str) -> Escrow | None:
    """What the confirmed events say of a trade."""
    return Escrow.objects.filter(chain_id=settings.CHAIN_ID, trade_id=trade_id).first()


def pending_events(trade_id: str) -> list[PendingEvent]:
    """A trade's events that are not deep enough yet, or deep and about to be applied, in chain order."""
    return pending_events_of([trade_id]).get(trade_id, [])


def pending_events_of(trade_ids: Iterable[str]) -> dict[str, list[PendingEvent]]:
    """The same for many trades in one query; trades without any are left out."""
    waiting = ChainEvent.objects.select_related("chain").filter(
        chain_id=settings.CHAIN_ID,
        trade_id__in=[trade_id for trade_id in trade_ids if trade_id],
        canonical=True,
        applied_at__isnull=True,
    )
    found: dict[str, list[PendingEvent]] = defaultdict(list)
    for event in waiting.order_by("block_number", "log_index"):
        found[event.trade_id].append(_pending(event))
    return dict(found)


def chain_clock() -> int:
    """Block time now, in seconds: the newest header's time plus the seconds since it was first seen, at most a minute.

    A host clock that is set forward or back thus ends nothing early and hides no block.

    Raises: ChainUnknown.
    """
    chain = current_chain()
    now = timezone.now()
    if chain.head_time is None or chain.head_seen_at is None:
        return int(now.timestamp())
    since = int((now - chain.head_seen_at).total_seconds())
    return chain.head_time + min(max(since, 0), MOST_AHEAD_SECONDS)


def chain_health() -> ChainHealth:
    """Whether the follower and the relayer do their work; never raises for a chain that is down."""
    chain = Chain.objects.filter(pk=settings.CHAIN_ID).first()
    relayer_reason = _relayer_reason()
    if chain is None:
        return ChainHealth(
            ok=False, head=0, lag_seconds=0, relayer_ok=False, reason="No chain is set up yet."
        )
    lag = _seconds_since(chain.head_seen_at)
    reason = chain.halt_reason or chain.problem or _staleness(chain, lag)
    return ChainHealth(
        ok=not reason,
        head=chain.head_number or 0,
        lag_seconds=lag,
        relayer_ok=not relayer_reason,
        reason=reason or relayer_reason,
        is_halted=bool(chain.halt_reason),
    )


def is_paid_promised(trade_id: str, funded_at: int) -> bool:
    """Whether the relayer keeps the gas for this funding's "paid" ready."""
    found = GasReservation.objects.filter(
        chain_id=settings.CHAIN_ID, trade_id=trade_id, funded_at=funded_at
    )
    return found.filter(covered_at__isnull=False).exists()


def is_promise_due(trade_id: str, funded_at: int) -> bool:
    """Whether the relayer has only just been asked to keep this gas ready and had no time to answer yet."""
    since = timezone.now() - PROMISE_PATIENCE
    asked = GasReservation.objects.filter(
        chain_id=settings.CHAIN_ID, trade_id=trade_id, funded_at=funded_at
    )
    return asked.filter(covered_at__isnull=True, created_at__gte=since).exists()


def relayer_warning() -> str:
    """What the operator should do about the gas account soon, though it still works; else nothing."""
    relayer = Relayer.objects.filter(chain_id=settings.CHAIN_ID).first()
    return "" if relayer is None else relayer.warning


def audit_trouble() -> str:
    """A sentence when rows differ from the contract, or have not been compared for long; else nothing."""
    chain = Chain.objects.filter(pk=settings.CHAIN_ID).first()
    if chain is None:
        return ""
    if chain.audit_problem:
        return f"The trades could not be compared with the contract: {chain.audit_problem}"
    differing = AuditFinding.objects.filter(chain=chain, gone_at=None)
    trades = differing.values("trade_id").distinct().count()
    if trades:
        who = "1 trade shown here differs" if trades == 1 else f"{trades} trades shown here differ"
        return f"{who} from the contract; see /ops/."
    if _seconds_since(chain.audited_at) > STALE_AUDIT_SECONDS:
        return f"The trades have not been compared with the contract for {_seconds_since(chain.audited_at)} seconds."
    return ""


def signed_calls(trade_id: str) -> list[SignedCall]:
    """The signed moves of a trade that were handed in, the newest first."""
    return list(
        SignedCall.objects.filter(chain_id=settings.CHAIN_ID, trade_id=trade_id).order_by("-pk")
    )


def signed_withdrawals(account: str) -> list[SignedCall]:
    """The withdrawals that an account signed and that have not ended, the newest first."""
    open_ones = (SignedCallStatus.WAITING, SignedCallStatus.SENT)
    return list(
        SignedCall.objects.filter(
            chain_id=settings.CHAIN_ID, move="withdraw", signer=account, status__in=open_ones
        ).order_by("-pk")
    )


def submissions(trade_id: str) -> list[Submission]:
    """The transactions that people said to have sent for a trade, the newest first."""
    return list(
        Submission.objects.filter(chain_id=settings.CHAIN_ID, trade_id=trade_id).order_by("-pk")
    )


def credits_of(account: str) -> list[Credit]:
    """What waits in the contract for an account, from the confirmed events."""
    amounts: dict[str, int] = {}
    moved = ChainEvent.objects.filter(
        chain_id=settings.CHAIN_ID,
        canonical=True,
        confirmed=True,
        name__in=["Credited", "Withdrawn"],
        args__account=account,
    )
    for event in moved:
        sign = 1 if event.name == "Credited" else -1
        amounts[event.args["token"]] = amounts.get(event.args["token"], 0) + sign * int(
            event.args["amount"]
        )
    known = {asset.token: asset for asset in Asset.objects.filter(chain_id=settings.CHAIN_ID)}
    return [
        Credit(
            token=token, symbol=known[token].symbol, decimals=known[token].decimals, amount=amount
        )
        for token, amount in amounts.items()
        if amount > 0 and token in known
    ]


def _pending(event: ChainEvent) -> PendingEvent:
    chain = event.chain
    seen = (chain.head_number or 0) - event.block_number + 1
    return PendingEvent(
        name=event.name,
        confirmations=min(max(seen, 0), chain.depth),
        depth=chain.depth,
        tx_hash=event.tx_hash,
    )


def _staleness(chain: Chain, lag: int) -> str:
    if chain.head_number is None:
        return "The chain has not been read yet."
    if _seconds_since(chain.polled_at) > STALE_HEAD_SECONDS:
        return f"The chain has not been read for {_seconds_since(chain.polled_at)} seconds."
    if lag > STALE_HEAD_SECONDS:
        return f"The network has made no block for {lag} seconds."
    return ""


def _relayer_reason() -> str:
    relayer = Relayer.objects.filter(chain_id=settings.CHAIN_ID).first()
    if relayer is None:
        return "No relayer is set up, so steps must be sent from your own wallet."
    if not relayer.is_ok:
        return relayer.reason
    if _seconds_since(relayer.checked_at) > STALE_RELAYER_SECONDS:
        return "The relayer is not running, so steps must be sent from your own wallet."
    return ""


def _seconds_since(moment: datetime | None) -> int:
    if moment is None:
        return 0
    return max(int((timezone.now() - moment).total_seconds()), 0)
