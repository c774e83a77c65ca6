"""The doors to a trade: absent and forbidden look the same."""

from __future__ import annotations

import re

from django.http import Http404

from escrow.models import SignedCall
from marketplace.accounts.access import has_role
from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from marketplace.trades.states import Move, Role

REF = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{2}\Z")
_RELATED = ("offer", "asset__chain", "buyer", "seller", "maker", "taker")


def role_of(user: User | None, trade: Trade) -> Role | None:
    """What this person is in this trade. The arbitrator of an undisputed trade is nobody yet."""
    if user is None or not user.is_authenticated:
        return None
    if user.pk == trade.buyer_id:
        return Role.BUYER
    if user.pk == trade.seller_id:
        return Role.SELLER
    return None


def trade_for(user: User | None, ref: str) -> Trade:
    """The trade, for one of its two parties.

    Raises: Http404 for an unknown reference and for everybody else alike.
    """
    trade = _found(ref)
    if trade is None or role_of(user, trade) is None:
        raise Http404
    return trade


def trade_for_desk_or_party(user: User | None, ref: str) -> Trade | None:
    """The trade for a party or, once it is disputed, for its own arbitrator; None for anybody else."""
    trade = _found(ref)
    if trade is None or user is None or not user.is_authenticated:
        return None
    is_judge = (
        trade.disputed_at > 0 and user.address == trade.arbitrator and has_role(user, "arbitrator")
    )
    return trade if is_judge or role_of(user, trade) is not None else None


def may_carry(call: SignedCall, user: User) -> bool:
    """Whether a party may have this signed step of his trade as a file: his own, or a split, which both signed."""
    return call.signer == user.address or call.move == Move.SETTLE


def _found(ref: str) -> Trade | None:
    if not REF.match(ref):
        return None
    return Trade.objects.select_related(*_RELATED).filter(ref=ref).first()
