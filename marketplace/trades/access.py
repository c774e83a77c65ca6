"""The doors to a trade: absent and forbidden look the same."""

from __future__ import annotations

import re

from django.http import Http404

from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from marketplace.trades.states import Role

REF = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{2}\Z")
_RELATED = ("offer", "asset", "buyer", "seller", "maker", "taker")


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


def locked_trade_for(user: User | None, ref: str) -> Trade:
    """As `trade_for`, with the row locked to the end of the transaction.

    Raises: Http404.
    """
    trade = trade_for(user, ref)
    return Trade.objects.select_for_update(of=("self",)).select_related(*_RELATED).get(pk=trade.pk)


def _found(ref: str) -> Trade | None:
    if not REF.match(ref):
        return None
    return Trade.objects.select_related(*_RELATED).filter(ref=ref).first()
