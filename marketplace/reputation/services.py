"""Writes results of trades; called by the trades' own transaction when one closes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from statistics import median_low

from django.db import transaction
from django.db.models import Q

from marketplace.accounts.models import User
from marketplace.reputation.models import Standing, TradeResult

# How many of the last trades a median looks at.
MEDIAN_OVER = 50


def record_result(
    *,
    trade_ref: str,
    seller: User,
    buyer: User,
    outcome: str,
    currency: str,
    fiat_amount: Decimal,
    closed_at: datetime,
    finished: bool,
    failed_by: User | None = None,
    pay_seconds: int | None = None,
    release_seconds: int | None = None,
    disputed_by: User | None = None,
    lost_by: User | None = None,
) -> TradeResult:
    """The result of a funded trade and both people's new sums. The same reference again changes nothing.

    `finished` says that coins reached the buyer. `failed_by` names whose own clock ran out (the buyer who never paid, the
    seller who stayed silent); nobody else carries a mark for it. `pay_seconds` runs from funding to "paid", `release_seconds` from "paid" to the release. A dispute that ended by
    release is no mark: give `disputed_by` only when it went another way.
    """
    with transaction.atomic():
        result, is_new = TradeResult.objects.get_or_create(
            trade_ref=trade_ref,
            defaults={
                "seller": seller,
                "buyer": buyer,
                "outcome": outcome,
                "currency": currency,
                "fiat_amount": fiat_amount,
                "closed_at": closed_at,
                "finished": finished,
                "failed_by": failed_by,
                "pay_seconds": pay_seconds,
                "release_seconds": release_seconds,
                "disputed_by": disputed_by,
                "lost_by": lost_by,
            },
        )
        if is_new:
            # In one order for everybody, so that two trades of the same pair cannot wait for each other.
            for person in sorted((seller, buyer), key=lambda user: user.pk):
                _sum_up(person)
    return result


def withdraw_result(trade_ref: str) -> None:
    """Forget a result whose closing the chain undid, and sum both people up without it; a second time changes nothing."""
    with transaction.atomic():
        results = TradeResult.objects.select_related("seller", "buyer").filter(trade_ref=trade_ref)
        for result in results:
            result.delete()
            for person in sorted((result.seller, result.buyer), key=lambda user: user.pk):
                _sum_up(person)


def _sum_up(user: User) -> None:
    Standing.objects.get_or_create(user=user)
    standing = Standing.objects.select_for_update().get(user=user)
    results = TradeResult.objects.filter(Q(seller=user) | Q(buyer=user))
    failed = Q(failed_by=user) | Q(lost_by=user)
    done = results.filter(finished=True).exclude(failed_by=user).exclude(lost_by=user)
    pairs = list(done.values_list("seller_id", "buyer_id"))
    standing.done = len(pairs)
    standing.ended = standing.done + results.filter(failed).count()
    standing.partners = len({seller + buyer - user.pk for seller, buyer in pairs})
    standing.median_release_seconds = _median(user, "seller", "release_seconds")
    standing.median_pay_seconds = _median(user, "buyer", "pay_seconds")
    standing.disputes_opened = results.filter(disputed_by=user).count()
    standing.disputes_lost = results.filter(lost_by=user).count()
    standing.save()


def _median(user: User, role: str, column: str) -> int | None:
    known = TradeResult.objects.filter(**{role: user, f"{column}__isnull": False})
    values = list(known.order_by("-closed_at").values_list(column, flat=True)[:MEDIAN_OVER])
    return median_low(values) if values else None
