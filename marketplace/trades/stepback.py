"""Takes back what trades did for events that the chain has not any more.

Only an operator's `chain_resume` brings this about: until then a settled event that is gone halts the follower.
Each trade is set to what its remaining events say; events that are new on the chain are then applied as ever.
"""

from __future__ import annotations

import logging
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import CharField, F, Value
from django.db.models.functions import Concat

from escrow.models import ChainEvent
from escrow.reducer import EscrowRecord
from escrow.selectors import chain_clock
from escrow.services import mark_taken_back, record_acted_upon, undone_events
from marketplace.offers.access import OfferRefused
from marketplace.offers.services import lock_stock, return_stock, unspend_stock
from marketplace.reputation.services import withdraw_result
from marketplace.trades.models import ProposalStatus, TermsVersion, Trade
from marketplace.trades.services.cards import close_cards
from marketplace.trades.services.status import locked, restate
from marketplace.trades.states import (
    BEFORE_FUNDING,
    CHAIN_OUTCOMES,
    Cause,
    Extra,
    Status,
)

logger = logging.getLogger(__name__)

STEPS = {
    Cause.FUNDED: "the lock",
    Cause.TIME_GRANTED: "more time to pay",
    Cause.MARKED_PAID: "“paid”",
    Cause.DISPUTED: "the dispute",
    Cause.RELEASED: "the release",
    Cause.CANCELLED: "the buyer's giving back",
    Cause.RECLAIMED: "the seller's taking back",
    Cause.SETTLED: "the split",
    Cause.RULED: "the decision",
    Cause.TIMED_OUT: "the end by time",
}
STANDINGS = {
    Status.AGREED: "agreed, nothing is locked",
    Status.FUNDED: "the coins are locked, not marked as paid",
    Status.PAID: "marked as paid, not released",
    Status.DISPUTED: "in dispute",
    Status.CLOSED: "ended, nothing is locked",
}


def step_back_undone(*, limit: int = 200) -> int:
    """Set the trades of undone events to what the chain says without them; how many trades changed."""
    events = sorted(undone_events(limit), key=lambda event: event.trade_id)
    return sum(
        _step_back(trade_id, list(of_one))
        for trade_id, of_one in groupby(events, key=lambda event: event.trade_id)
    )


def _step_back(escrow_id: str, undone: list[ChainEvent]) -> int:
    with transaction.atomic():
        mark_taken_back(undone)
        version = TermsVersion.objects.filter(escrow_id=escrow_id).first()
        if version is None:
            return 0
        trade = locked(version.trade_id)
        names = [event.name for event in undone if event.name in STEPS]
        if trade.trade_id != escrow_id or not names or trade.status in BEFORE_FUNDING:
            return 0
        _forget_keys(trade, undone)
        _restate(trade, record_acted_upon(escrow_id), [STEPS[Cause(name)] for name in names])
    logger.error("trade %s: the chain undid %s", trade.ref, ", ".join(names))
    return 1


def _forget_keys(trade: Trade, undone: list[ChainEvent]) -> None:
    """The same transaction may be mined again at the same place of another block; it must count then."""
    keys = [f"{event.tx_hash}:{event.log_index}" for event in undone]
    gone = Concat(F("chain_key"), Value("~"), F("seq"), output_field=CharField())
    trade.events.filter(chain_key__in=keys).update(chain_key=gone)


def _restate(trade: Trade, record: EscrowRecord | None, steps: list[str]) -> None:
    now = chain_clock()
    if record is not None and record.status == Status.CLOSED:
        return  # another closing of it stands, and has been acted upon
    if trade.status == Status.CLOSED:
        withdraw_result(trade.ref)
    to = _target(trade, record, now)
    columns = _columns(trade, record)
    columns["close_reason"] = "undone" if to == Status.CLOSED else ""
    columns["stock_base_units"] = _hold_again(trade) if record else _let_go(trade)
    close_cards(trade, ProposalStatus.LAPSED, now)
    params = {"steps": " and ".join(dict.fromkeys(steps)), "standing": STANDINGS[to]}
    restate(trade, to, at=now, params=params, **columns)


def _target(trade: Trade, record: EscrowRecord | None, now: int) -> Status:
    if record is not None:
        return Status(record.status)
    others = Trade.objects.filter(offer=trade.offer, taker=trade.taker, status__in=BEFORE_FUNDING)
    can_go_on = trade.take_signature and now <= trade.fund_by and not others.exists()
    return Status.AGREED if can_go_on else Status.CLOSED


def _columns(trade: Trade, record: EscrowRecord | None) -> dict[str, Any]:
    """The chain's columns as the remaining events say."""
    status = record.status if record else ""
    return {
        "funded_at": record.funded_at if record else 0,
        "pay_by": record.pay_by if record else 0,
        "since": record.since if record else 0,
        "paid_at": trade.paid_at if status in {Status.PAID, Status.DISPUTED} else 0,
        "disputed_at": trade.disputed_at if status == Status.DISPUTED else 0,
        "disputed_by": trade.disputed_by if status == Status.DISPUTED else "",
        "to_buyer": None,
        "turn_at": chain_clock(),
        "closed_by": "",
        "extra": trade.extra if record else Extra.NONE,
    }


def _hold_again(trade: Trade) -> int:
    """Set the offer's coins aside as before the closing; how many, less only if others have taken them since."""
    sold = _sold(trade)
    unspend_stock(trade.offer, sold)
    held = int(trade.stock_base_units) + sold
    rest = 0 if trade.is_extra else int(trade.amount_base_units) - held
    try:
        lock_stock(trade.offer, rest)
    except OfferRefused:
        return held
    return held + rest


def _let_go(trade: Trade) -> int:
    """Give the offer back what this trade held or had sold; the nothing it holds then."""
    sold = _sold(trade)
    unspend_stock(trade.offer, sold)
    return_stock(trade.offer, sold + int(trade.stock_base_units))
    return 0


def _sold(trade: Trade) -> int:
    """What its closing had turned into sold, in base units."""
    if trade.outcome not in CHAIN_OUTCOMES or trade.is_extra or trade.to_buyer is None:
        return 0
    return int(min(trade.to_buyer, trade.amount_base_units))
