"""What ends a trade by itself: time before funding, another trade that was first, a devnet that was started over."""

from __future__ import annotations

from django.db import transaction

from escrow.selectors import chain_clock, pending_events
from marketplace.offers.models import Offer
from marketplace.offers.services import return_stock
from marketplace.trades.errors import SomebodyWasFirst
from marketplace.trades.models import Proposal, ProposalStatus, SettleProposal, Trade
from marketplace.trades.services.cards import close_cards
from marketplace.trades.services.status import locked, move
from marketplace.trades.services.take import move_into_line
from marketplace.trades.states import BEFORE_FUNDING, LIVE, Cause, Status

LAPSE_GRACE_SECONDS = 45  # a funding mined at the last second must have time to be seen


def lapse_due(*, limit: int = 200) -> int:
    """Close what time has closed: takes past fundBy, leases nobody answered, cards past their hour. How many takes lapsed.

    A funding on its way stops the lapse: the chain decides whether it was in time.
    """
    now = chain_clock()
    Proposal.objects.filter(status=ProposalStatus.OPEN, until__lt=now).update(
        status=ProposalStatus.LAPSED, answered_at=now
    )
    SettleProposal.objects.filter(status=ProposalStatus.OPEN, deadline__lt=now).update(
        status=ProposalStatus.LAPSED, answered_at=now
    )
    return sum(_lapse(pk) for pk in _due_for_lapse(now, limit))


def close_taken(offer: Offer, *, winner: Trade, now: int) -> list[Trade]:
    """Tell the takes that the remaining stock no longer covers that another was locked first. Needs the offer locked."""
    others = (
        Trade.objects.filter(offer=offer, status__in=BEFORE_FUNDING)
        .exclude(pk=winner.pk)
        .order_by("pk")
    )
    closed = []
    for pk, amount in others.values_list("pk", "amount_base_units"):
        if amount > offer.left_base_units:
            trade = locked(pk)
            close_cards(trade, ProposalStatus.LAPSED, now)
            move(trade, Cause.TAKEN, at=now, close_reason="taken")
            closed.append(trade)
    return closed


def close_lost_trades() -> int:
    """After a devnet was started over: end every trade whose coins went with it, and give its stock back. How many."""
    closed = 0
    for pk in list(Trade.objects.filter(status__in=LIVE).values_list("pk", flat=True)):
        with transaction.atomic():
            trade = locked(pk)
            if not trade.is_live:
                continue
            held = trade.stock_base_units
            move(
                trade,
                Cause.CHAIN_LOST,
                at=chain_clock(),
                close_reason="devnet_reset",
                stock_base_units=0,
            )
            return_stock(trade.offer, held)
            closed += 1
    return closed


def _due_for_lapse(now: int, limit: int) -> list[int]:
    open_takes = Trade.objects.filter(status__in=BEFORE_FUNDING)
    past_fund_by = open_takes.filter(fund_by__lt=now - LAPSE_GRACE_SECONDS)
    unanswered = open_takes.filter(status=Status.ASKED, leased_until__lt=now)
    pks = [
        *past_fund_by.values_list("pk", flat=True)[:limit],
        *unanswered.values_list("pk", flat=True)[:limit],
    ]
    return list(dict.fromkeys(pks))


def _lapse(trade_pk: int) -> int:
    with transaction.atomic():
        trade = locked(trade_pk)
        # Asked again with the clock after the lock: a signature or a proposal may have come in between.
        if trade.pk not in _due_for_lapse(chain_clock(), 10_000) or _funding_is_on_its_way(trade):
            return 0
        now = chain_clock()
        unanswered = trade.status == Status.ASKED
        close_cards(trade, ProposalStatus.LAPSED, now)
        reason = "unanswered" if unanswered else "not_locked"
        try:
            move(trade, Cause.LAPSED, at=now, close_reason=reason)
        except SomebodyWasFirst:
            return 0
        move_into_line(trade, trade.offer)
    return 1


def _funding_is_on_its_way(trade: Trade) -> bool:
    return bool(trade.trade_id) and any(
        event.name == "Funded" for event in pending_events(trade.trade_id)
    )
