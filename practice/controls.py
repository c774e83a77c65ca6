"""The practice panel of a room: how the partner plays, and how far the clock is moved."""

from __future__ import annotations

from typing import Any

from escrow.selectors import chain_clock
from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from marketplace.trades.states import LATE_PAID_SECONDS, Status
from practice.models import Behaviour, Script
from practice.partner import behaviour_of
from practice.player import Player
from practice.traders import TRADERS
from stack.devnet import forward

JUST_PAST_SECONDS = 5
SKIPS = {"minutes": 10 * 60, "hour": 3600, "day": 86_400}


def panel(trade: Trade, viewer: User) -> dict[str, Any]:
    """What the panel shows: the partner, the parts he can play, the jumps that make sense now."""
    partner = trade.seller if viewer.pk == trade.buyer_id else trade.buyer
    scripted = partner.address in {Player(trader).address for trader in TRADERS}
    chosen = behaviour_of(trade)
    return {
        "trade": trade,
        "partner": partner,
        "is_scripted": scripted,
        "viewer_pays": viewer.pk == trade.buyer_id,
        "can_pay": viewer.pk == trade.buyer_id
        and trade.status in {Status.FUNDED, Status.PAID, Status.DISPUTED},
        "behaviours": [
            {"value": choice.value, "label": choice.label, "is_chosen": choice == chosen}
            for choice in _parts(partner_sells=partner.pk == trade.seller_id)
        ],
        "next_clock": _next_clock(trade),
    }


def set_behaviour(trade: Trade, value: str) -> None:
    """From now on the partner plays this part; an unknown word changes nothing."""
    if value not in Behaviour.values:
        return
    Script.objects.update_or_create(trade_ref=trade.ref, defaults={"behaviour": value})


def skip(trade: Trade, jump: str) -> None:
    """Move the devnet's clock: to just past the clock that runs in this trade, or by a fixed step."""
    if jump == "zero":
        due = _next_clock(trade)
        if due is not None and due > chain_clock():
            forward(due - chain_clock() + JUST_PAST_SECONDS)
    elif jump in SKIPS:
        forward(SKIPS[jump])


def _parts(*, partner_sells: bool) -> list[Behaviour]:
    if partner_sells:
        return [Behaviour.HONEST, Behaviour.SILENT, Behaviour.DISPUTE, Behaviour.SPLIT]
    return list(Behaviour)


def _next_clock(trade: Trade) -> int | None:
    """The next second at which something changes by itself."""
    if trade.status in {Status.ASKED, Status.AGREED}:
        return trade.fund_by
    if trade.status == Status.FUNDED:
        now = chain_clock()
        steps = (trade.pay_by - 600, trade.pay_by, trade.pay_by + LATE_PAID_SECONDS)
        return next((step for step in steps if step > now), None)
    if trade.status == Status.PAID:
        return trade.since + trade.release_seconds
    if trade.status == Status.DISPUTED:
        return trade.since + trade.ruling_seconds
    return None
