"""The doors to a dispute: a party through his trade, an arbitrator through his role and without an interest of his own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import Q
from django.http import Http404

from marketplace.accounts.access import has_role
from marketplace.accounts.models import User
from marketplace.disputes.models import Case
from marketplace.trades.access import role_of, trade_for
from marketplace.trades.models import Trade
from marketplace.trades.states import Role, Status

REF = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{2}\Z")
DISPUTABLE = (Status.PAID, Status.DISPUTED)
_RELATED = ("asset", "buyer", "seller", "case", "case__assignee")


@dataclass(frozen=True)
class PartyView:
    """A party at the dispute of his own trade; `case` is None until somebody filed."""

    trade: Trade
    role: Role
    case: Case | None


def dispute_for(user: User | None, ref: str) -> PartyView:
    """The dispute pages of a trade, for one of its two parties.

    Raises: Http404 for strangers, and when the trade neither can be nor was disputed.
    """
    trade = trade_for(user, ref)
    role = role_of(user, trade)
    case = Case.objects.filter(trade=trade).select_related("assignee").first()
    was_disputed = trade.disputed_at > 0
    if role is None or not (trade.status in DISPUTABLE or was_disputed):
        raise Http404
    return PartyView(trade=trade, role=role, case=case)


def disputed_trades(staff: User) -> Q:
    """The condition on Trade for what this member of staff may see: disputed now or once, and nothing of his own."""
    partners = partner_ids(staff)
    return Q(disputed_at__gt=0) & ~Q(seller_id__in=partners) & ~Q(buyer_id__in=partners)


def disputed_trade_for(staff: User | None, ref: str) -> Trade:
    """A disputed trade, for an arbitrator without an interest in it.

    Raises: Http404 for everybody else, and for unknown references alike.
    """
    if staff is None or not has_role(staff, "arbitrator") or not REF.match(ref):
        raise Http404
    trade = Trade.objects.select_related(*_RELATED).filter(disputed_trades(staff), ref=ref).first()
    if trade is None:
        raise Http404
    return trade


def has_interest(user: User, trade: Trade) -> bool:
    """Whether the person is a party of the trade or has locked coins with one of its parties before."""
    return bool(partner_ids(user) & {trade.seller_id, trade.buyer_id})


def can_rule(user: User, trade: Trade) -> bool:
    """Whether the contract would take this person's ruling, and the house lets him: named, in the role, no interest."""
    named = user.address == trade.arbitrator
    return named and has_role(user, "arbitrator") and not has_interest(user, trade)


def partner_ids(user: User) -> set[int]:
    """The person and everybody he ever had a funded trade with, as user ids."""
    pairs = Trade.objects.filter(Q(seller=user) | Q(buyer=user), funded_at__gt=0).values_list(
        "seller_id", "buyer_id"
    )
    return {user.pk}.union(*pairs) if pairs else {user.pk}
