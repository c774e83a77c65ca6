"""The list of a market in the database: the price of this moment, what fits, in which order, from which cursor on."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import (
    Case,
    DecimalField,
    F,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest, Least, Round
from django.utils import timezone

from escrow.models import Asset
from marketplace.accounts.models import User
from marketplace.money import BPS, price_places
from marketplace.offers.models import Offer, OfferStatus, PriceKind, Side
from marketplace.prices.selectors import Price
from marketplace.reputation.selectors import Record

PAGE_SIZE = 20
SORTS = {"best": "Best for you", "price": "Price", "speed": "Fastest release", "newest": "Newest"}
# "Best for you" is the price, made dearer by what an unknown or slow maker costs: the page says so in these figures.
NEW_MAKER_BPS = 30
SLOW_MAKER_BPS = 20
SLOW_SECONDS = 15 * 60
NEW_BELOW_DONE = 4

_NUMBER = DecimalField(max_digits=78, decimal_places=18)


def live_offers(side: str, asset: Asset, currency: str) -> QuerySet[Offer]:
    return Offer.objects.filter(
        side=side,
        asset=asset,
        currency=currency,
        status=OfferStatus.OPEN,
        expires_at__gt=timezone.now(),
    )


def fitting_offers(
    side: str,
    asset: Asset,
    currency: str,
    reference: Price | None,
    *,
    amount: Decimal | None,
    method: str | None,
) -> QuerySet[Any]:
    """The offers that can be traded now, annotated with `now_price`; the same rule as `pricing.price_of`, in SQL."""
    scale = Decimal(10) ** asset.decimals
    least = Value(amount, output_field=_NUMBER) if amount is not None else F("min_fiat")
    found = (
        live_offers(side, asset, currency)
        .annotate(now_price=_price_expression(reference, currency))
        .filter(now_price__isnull=False)
        .annotate(left=F("stock_base_units") - F("locked_base_units") - F("sold_base_units"))
        .annotate(
            worth=_product(F("left"), F("now_price")),
            needed=_product(least, Value(scale, output_field=_NUMBER)),
        )
        .filter(worth__gte=F("needed"))
    )
    if amount is not None:
        found = found.filter(min_fiat__lte=amount, max_fiat__gte=amount)
    if method:
        found = found.filter(methods__method=method)
    return found


def _price_expression(reference: Price | None, currency: str) -> Case:
    following: Value | Least
    if reference is None:
        following = Value(None, output_field=_NUMBER)
    else:
        moved = Round(
            _product(Value(reference.value, output_field=_NUMBER), F("margin_bps") + BPS)
            / Value(Decimal(BPS)),
            precision=price_places(reference.value, currency),
            output_field=_NUMBER,
        )
        # PostgreSQL's GREATEST and LEAST pass over a missing floor or ceiling.
        following = Least(Greatest(moved, F("floor_price")), F("ceiling_price"))
    return Case(
        When(price_kind=PriceKind.FIXED, then=F("fixed_price")),
        default=following,
        output_field=_NUMBER,
    )


def in_order(
    found: QuerySet[Offer],
    *,
    side: str,
    sort: str,
    viewer: User | None,
    record: Record | None,
    amount: Decimal | None,
) -> QuerySet[Offer]:
    shut = Q(side=Side.SELL, funds_base_units__isnull=False) & Q(funded_worth__lt=F("needed"))
    if record is not None and viewer is not None:
        age = (timezone.now() - viewer.created_at).days
        wishes = Q(min_done__gt=record.done) | Q(min_age_days__gt=age)
        shut |= wishes & ~Q(maker=viewer)
    return (
        with_parts(found)
        .annotate(funded_worth=_product(F("funds_base_units"), F("now_price")))
        .annotate(
            shut=Case(When(shut, then=1), default=0, output_field=IntegerField()),
            key=_key(side, sort),
        )
        .order_by("shut", "key", "id")
    )


def _key(side: str, sort: str) -> Case | Coalesce:
    sign = Decimal(1) if side == Side.SELL else Decimal(-1)
    if sort == "newest":
        return Case(default=F("id") * Value(-1), output_field=_NUMBER)
    if sort == "speed":
        return Coalesce(
            F("maker__standing__median_release_seconds"), Value(10**9), output_field=_NUMBER
        )
    if sort == "price":
        return Case(default=_product(F("now_price"), Value(sign)), output_field=_NUMBER)
    penalty = Case(
        When(
            Q(maker__standing=None) | Q(maker__standing__done__lt=NEW_BELOW_DONE),
            then=NEW_MAKER_BPS,
        ),
        When(maker__standing__median_release_seconds__gt=SLOW_SECONDS, then=SLOW_MAKER_BPS),
        default=0,
        output_field=_NUMBER,
    )
    factor = Value(Decimal(BPS)) + _product(penalty, Value(sign))
    return Case(
        default=_product(_product(F("now_price"), factor), Value(sign)), output_field=_NUMBER
    )


def _product(left: object, right: object) -> Case:
    # Django cannot guess the type of a product of differing numbers; a Case of one branch states it.
    return Case(default=left * right, output_field=_NUMBER)  # type: ignore[operator]


def with_parts(found: QuerySet[Offer]) -> QuerySet[Offer]:
    return found.select_related("maker", "maker__standing", "asset").prefetch_related("methods")


def after_cursor(ordered: QuerySet[Offer], cursor: str) -> QuerySet[Offer]:
    try:
        shut_text, key_text, id_text = cursor.split("~")
        shut, key, last = int(shut_text), Decimal(key_text), int(id_text)
    except (ValueError, InvalidOperation):
        return ordered
    if (
        not key.is_finite()
        or abs(key.adjusted()) > 60
        or not 0 <= last < 2**63
        or len(key_text) > 80
        or shut not in (0, 1)
    ):
        return ordered
    return ordered.filter(
        Q(shut__gt=shut) | Q(shut=shut, key__gt=key) | Q(shut=shut, key=key, id__gt=last)
    )


def cursor_of(offer: Offer) -> str:
    return f"{offer.shut}~{offer.key:f}~{offer.pk}"  # type: ignore[attr-defined]
