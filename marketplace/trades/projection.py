"""Confirmed chain events become moves of our trades: the only way a trade is ever funded, paid, disputed or closed.

Terms, parties and amounts are read from the event; our row must agree with them or an alarm is raised and nothing moves.
Each event is applied once, in chain order, in one transaction with the mark that says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db import Error as DatabaseError
from django.db import transaction
from structlog.contextvars import bound_contextvars

from escrow.killpoints import reach
from escrow.models import ChainEvent
from escrow.services import mark_applied, reserve_gas, unapplied_events
from marketplace.offers.access import OfferRefused
from marketplace.offers.services import lock_stock, return_stock, spend_stock
from marketplace.trades.endings import timeout_variant
from marketplace.trades.models import (
    Proposal,
    ProposalStatus,
    SettleProposal,
    TermsVersion,
    Trade,
    TradeEvent,
)
from marketplace.trades.services.closing import close_taken
from marketplace.trades.services.status import locked, move, note
from marketplace.trades.services.take import move_into_line
from marketplace.trades.services.versions import restored_columns
from marketplace.trades.states import (
    CHAIN_OUTCOMES,
    OUTCOMES,
    Cause,
    Extra,
    Note,
    Outcome,
    Role,
    Status,
    next_status,
)
from marketplace.trades.stepback import step_back_undone
from marketplace.trades.terms import coins_text
from realtime.hints import hint

logger = logging.getLogger(__name__)

UNKNOWN_ID = "no trade of this hub has this id"
NOT_OURS = "not an event of a trade"


@dataclass(frozen=True)
class Applied:
    """What one round did: events that moved a trade, and events laid aside with a reason."""

    moved: int
    set_aside: int


def apply_unapplied(*, limit: int = 200) -> Applied:
    """Take back what undone events had moved, then apply the next confirmed ones. One that cannot be applied is set aside with its reason and never blocks the queue.

    Raises: django.db.Error, so that the caller tries again.
    """
    step_back_undone(limit=limit)
    moved = aside = 0
    for event in unapplied_events(limit):
        with bound_contextvars(trade_id=event.trade_id, tx_hash=event.tx_hash):
            reason = _applied(event)
        moved, aside = (moved, aside + 1) if reason else (moved + 1, aside)
    return Applied(moved, aside)


def hint_watchers(trade_ids: Collection[str]) -> None:
    """Tell the open rooms of these ids on chain that there is an event, or one more confirmation, to look at."""
    watched = TermsVersion.objects.filter(escrow_id__in=trade_ids).values_list(
        "trade__ref", flat=True
    )
    for ref in watched:
        hint(f"trade:{ref}")


def _applied(event: ChainEvent) -> str:
    """Apply one event and mark it, in one transaction; the reason when it was set aside."""
    try:
        with transaction.atomic():
            reach("projection.begun")
            reason = _apply(event)
            reach("projection.moved")
            mark_applied(event, set_aside=reason)
            reach("projection.marked")
        reach("projection.committed")
    except DatabaseError:
        raise
    except Exception as error:
        logger.exception("event %s of trade %s could not be applied", event.name, event.trade_id)
        reason = f"{type(error).__name__}: {error}"[:200]
        mark_applied(event, set_aside=reason)
    return reason


def _apply(event: ChainEvent) -> str:
    apply = _APPLY.get(event.name)
    if apply is None:
        return "" if event.name in _SILENT else NOT_OURS
    version = TermsVersion.objects.filter(escrow_id=event.trade_id).first()
    if version is None:
        return UNKNOWN_ID
    trade = locked(version.trade_id)
    # Asked under the lock: two followers may hold the same event, and a rebuilt chain brings it again.
    if TradeEvent.objects.filter(chain_key=_key(event)).exists():
        return ""
    if next_status(Status(trade.status), Cause(event.name)) is None:
        return _alarm(trade, event, f"{event.name} cannot follow {trade.status}")
    difference = _difference(version, event)
    if difference:
        return _alarm(trade, event, f"{event.name} has another {difference} than was agreed")
    apply(trade, version, event)
    return ""


# --- funding -----------------------------------------------------------------------------------


def _fund(trade: Trade, version: TermsVersion, event: ChainEvent) -> None:
    extra = _why_extra(trade, version, event)
    if not extra:
        try:
            lock_stock(trade.offer, trade.amount_base_units)
        except OfferRefused:
            extra = Extra.STOCK
    columns = restored_columns(version) if trade.trade_id != version.escrow_id else {}
    move(
        trade,
        Cause.FUNDED,
        at=event.block_time,
        actor=Role.SELLER,
        chain_key=_key(event),
        params={"variant": _variant(extra)},
        **columns,
        extra=extra,
        stock_base_units=0 if extra else trade.amount_base_units,
        funded_at=event.block_time,
        since=event.block_time,
        pay_by=event.block_time + int(event.args["trade"]["payWindow"]),
        paid_at=0,
        disputed_at=0,
        disputed_by="",
        to_buyer=None,
        leased_until=None,
    )
    _end_cards(trade, event.block_time)
    if extra in {Extra.NONE, Extra.RELOCKED}:
        # Before anybody is shown where to pay: "paid" must be sure to reach the chain.
        buyer = trade.buyer.address
        reserve_gas(trade_id=event.trade_id, funded_at=event.block_time, account=buyer)
    if not extra:
        trade.offer.refresh_from_db()
        close_taken(trade.offer, winner=trade, now=event.block_time)
    move_into_line(trade, trade.offer)


def _difference(version: TermsVersion, event: ChainEvent) -> str:
    """The first field in which a funded struct differs from the one we keep under its id; "" when none."""
    if event.name != Cause.FUNDED:
        return ""
    ours: dict[str, Any] = version.document["trade"]
    funded: dict[str, Any] = event.args["trade"]
    for name, value in ours.items():
        if str(funded.get(name)).lower() != str(value).lower():
            return name
    return ""


def _why_extra(trade: Trade, version: TermsVersion, event: ChainEvent) -> Extra:
    """Why the buyer must not pay for this funding; NONE when it is the agreed one, in time."""
    fund_by = int(version.document["agreement"]["fundBy"])
    if trade.outcome in CHAIN_OUTCOMES:
        return Extra.RELOCKED
    if trade.outcome == Outcome.DECLINED:
        return Extra.DECLINED
    if trade.close_reason == "taken":
        return Extra.TAKEN
    if trade.trade_id != version.escrow_id:
        return Extra.OLD_TERMS
    if not version.take_signature:
        return Extra.UNSIGNED
    if event.block_time > fund_by:
        return Extra.LATE
    # A take that lapsed while its funding was on the way is honoured, unless the lease went on to somebody else.
    if not trade.offer.is_sell and trade.leased_until is None and _leased_to_another(trade):
        return Extra.LEASE
    return Extra.NONE


def _leased_to_another(trade: Trade) -> bool:
    return (
        Trade.objects.filter(offer=trade.offer, leased_until__isnull=False)
        .exclude(pk=trade.pk)
        .exists()
    )


def _variant(extra: Extra) -> str:
    if extra == Extra.RELOCKED:
        return "relocked"
    return "extra" if extra else ""


# --- while it is live --------------------------------------------------------------------------


def _grant_time(trade: Trade, version: TermsVersion, event: ChainEvent) -> None:
    _move_by(trade, event, Role.SELLER, pay_by=int(event.args["payBy"]), time_asked_at=0)


def _mark_paid(trade: Trade, version: TermsVersion, event: ChainEvent) -> None:
    _move_by(trade, event, Role.BUYER, since=event.block_time, paid_at=event.block_time)


def _dispute(trade: Trade, version: TermsVersion, event: ChainEvent) -> None:
    by = Role.BUYER if event.args["by"].lower() == trade.buyer.address.lower() else Role.SELLER
    _move_by(trade, event, by, since=event.block_time, disputed_at=event.block_time, disputed_by=by)


def _move_by(trade: Trade, event: ChainEvent, actor: Role, **changes: Any) -> None:
    move(
        trade, Cause(event.name), at=event.block_time, actor=actor, chain_key=_key(event), **changes
    )


# --- closing -----------------------------------------------------------------------------------


def _close(trade: Trade, version: TermsVersion, event: ChainEvent) -> None:
    cause = Cause(event.name)
    to_buyer = _to_buyer(trade, cause, event)
    held = trade.stock_base_units
    params = {
        "outcome": OUTCOMES[cause],
        "to_buyer": str(to_buyer),
        "part": coins_text(trade, to_buyer),
        "rest": coins_text(trade, trade.amount_base_units - to_buyer),
        "variant": timeout_variant(trade.status) if cause == Cause.TIMED_OUT else "",
    }
    move(
        trade,
        cause,
        at=event.block_time,
        actor=_ACTORS.get(cause),
        chain_key=_key(event),
        params=params,
        to_buyer=to_buyer,
        stock_base_units=0,
    )
    _end_cards(trade, event.block_time)
    if held:
        spend_stock(trade.offer, min(to_buyer, held))
        return_stock(trade.offer, held - min(to_buyer, held))
    move_into_line(trade, trade.offer)


def _to_buyer(trade: Trade, cause: Cause, event: ChainEvent) -> int:
    """The buyer's part in base units, before any fee."""
    if cause == Cause.RELEASED:
        return int(trade.amount_base_units)
    if cause in {Cause.CANCELLED, Cause.RECLAIMED}:
        return 0
    return int(event.args["toBuyer"])


def _end_cards(trade: Trade, now: int) -> None:
    for rows in (Proposal.objects, SettleProposal.objects):
        rows.filter(trade=trade, status=ProposalStatus.OPEN).update(
            status=ProposalStatus.LAPSED, answered_at=now
        )


def _alarm(trade: Trade, event: ChainEvent, reason: str) -> str:
    logger.error("trade %s: %s (transaction %s)", trade.ref, reason, event.tx_hash)
    note(trade, Note.ALARM, at=event.block_time, params={"reason": reason, "tx": event.tx_hash})
    return reason[:200]


def _key(event: ChainEvent) -> str:
    return f"{event.tx_hash}:{event.log_index}"


_ACTORS = {
    Cause.RELEASED: Role.SELLER,
    Cause.CANCELLED: Role.BUYER,
    Cause.RECLAIMED: Role.SELLER,
    Cause.RULED: Role.ARBITRATOR,
}
_SILENT = frozenset({"Credited", "Withdrawn", "FeesWithdrawn"})
_APPLY: dict[str, Callable[[Trade, TermsVersion, ChainEvent], None]] = {
    Cause.FUNDED: _fund,
    Cause.TIME_GRANTED: _grant_time,
    Cause.MARKED_PAID: _mark_paid,
    Cause.DISPUTED: _dispute,
    **dict.fromkeys(
        (
            Cause.RELEASED,
            Cause.CANCELLED,
            Cause.RECLAIMED,
            Cause.SETTLED,
            Cause.RULED,
            Cause.TIMED_OUT,
        ),
        _close,
    ),
}
