"""Reads of the market: lists of offers with their price of this moment, and quotes.

The number of queries does not depend on the number of offers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.db.models import (
    Case,
    Count,
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
from marketplace.offers.access import missing_for
from marketplace.offers.models import Offer, OfferMethod, OfferStatus, PriceKind, Side
from marketplace.offers.pricing import Quote, against_market_bps, price_of
from marketplace.offers.quotes import QuoteRefused, most_fiat, quote_at
from marketplace.payments.catalogue import method as catalogue_method
from marketplace.payments.catalogue import pay_text
from marketplace.prices.selectors import Price, PriceUnavailable, reference_price, reference_prices
from marketplace.reputation.selectors import Record, record_for

PAGE_SIZE = 20
SORTS = {"best": "Best for you", "price": "Price", "speed": "Fastest release", "newest": "Newest"}
# "Best for you" is the price, made dearer by what an unknown or slow maker costs: the page says so in these figures.
NEW_MAKER_BPS = 30
SLOW_MAKER_BPS = 20
SLOW_SECONDS = 15 * 60
NEW_BELOW_DONE = 4

_NUMBER = DecimalField(max_digits=78, decimal_places=18)


@dataclass(frozen=True, slots=True)
class MethodLine:
    """One method of an offer, as a chip."""

    code: str
    name: str
    pay_seconds: int
    release_seconds: int

    @property
    def pay_text(self) -> str:
        """The time a payer is told."""
        return pay_text(self.pay_seconds)


@dataclass(frozen=True, slots=True)
class Row:
    """One offer of a list with everything its row says. `price` is None while the offer rests for want of a reference."""

    offer: Offer
    record: Record
    price: Price | None
    against_bps: int | None
    quote: Quote | None
    most_fiat: Decimal | None
    methods: tuple[MethodLine, ...]
    is_own: bool
    shut: str


@dataclass(frozen=True, slots=True)
class MarketPage:
    """A page of a market. `total` counts every match, `next_cursor` is empty on the last page."""

    rows: tuple[Row, ...]
    total: int
    next_cursor: str
    reference: Price | None
    resting: int


@dataclass(frozen=True, slots=True)
class Freed:
    """A filter that stands in the way, and how many offers appear without it."""

    name: str
    count: int


def open_offers(
    *,
    side: str,
    asset: Asset,
    currency: str,
    amount: Decimal | None = None,
    method: str | None = None,
    sort: str = "best",
    viewer: User | None = None,
    after: str = "",
    limit: int = PAGE_SIZE,
) -> MarketPage:
    """The open offers of one market that fit, the ones closed to the viewer last.

    `side` is the makers'. `after` is the cursor of the page before; one that cannot be read starts over.
    """
    reference = reference_prices([(asset.symbol, currency)]).get((asset.symbol, currency))
    record = record_for(viewer) if viewer else None
    fitting = _fitting(side, asset, currency, reference, amount=amount, method=method)
    ordered = _ordered(fitting, side=side, sort=sort, viewer=viewer, record=record, amount=amount)
    rows = list(_after(ordered, after)[: limit + 1])
    shown = rows[:limit]
    return MarketPage(
        rows=tuple(
            _row(offer, reference, viewer=viewer, viewer_record=record, amount=amount, first_method=method)
            for offer in shown
        ),
        total=fitting.count(),
        next_cursor=_cursor(shown[-1]) if len(rows) > limit else "",
        reference=reference,
        resting=0 if reference else _live(side, asset, currency).filter(price_kind=PriceKind.MARGIN).count(),
    )


def freed_by_dropping(
    *, side: str, asset: Asset, currency: str, amount: Decimal | None, method: str | None
) -> list[Freed]:
    """For an empty list: each active filter whose dropping alone shows offers, the most helpful first."""
    reference = reference_prices([(asset.symbol, currency)]).get((asset.symbol, currency))
    freed = []
    if method:
        freed.append(Freed("method", _fitting(side, asset, currency, reference, amount=amount, method=None).count()))
    if amount is not None:
        freed.append(Freed("amount", _fitting(side, asset, currency, reference, amount=None, method=method).count()))
    return sorted((found for found in freed if found.count), key=lambda found: -found.count)


def offers_of(maker: User, *, viewer: User | None, open_only: bool) -> list[Row]:
    """One person's offers, newest first: the open ones for others, all but the closed ones for himself."""
    found = _with_parts(Offer.objects.filter(maker=maker)).order_by("-id")
    if open_only:
        found = found.filter(status=OfferStatus.OPEN, expires_at__gt=timezone.now())
    else:
        found = found.exclude(status=OfferStatus.CLOSED)
    offers = list(found[:50])
    references = reference_prices((offer.asset.symbol, offer.currency) for offer in offers)
    record = record_for(viewer) if viewer else None
    return [
        _row(offer, references.get((offer.asset.symbol, offer.currency)), viewer=viewer, viewer_record=record)
        for offer in offers
    ]


def row_of(offer: Offer, viewer: User | None) -> Row:
    """One offer with everything its page says."""
    reference = reference_prices([(offer.asset.symbol, offer.currency)]).get((offer.asset.symbol, offer.currency))
    record = record_for(viewer) if viewer and viewer.pk != offer.maker_id else None
    return _row(offer, reference, viewer=viewer, viewer_record=record)


def offer_quote(
    offer: Offer, *, fiat: Decimal | None = None, coins: int | None = None, net: int | None = None
) -> Quote:
    """What a trade of `fiat`, of `coins` base units to lock, or of `net` base units to receive would be now.

    Raises: PriceUnavailable; QuoteRefused and TooManyDecimals for amounts that do not fit.
    """
    return quote_at(offer, current_price(offer), fiat=fiat, coins=coins, net=net)


def current_price(offer: Offer) -> Price:
    """The offer's price now.

    Raises: PriceUnavailable.
    """
    now = int(time.time())
    reference = None
    if offer.price_kind == PriceKind.MARGIN:
        reference = reference_price(offer.asset.symbol, offer.currency)
    price = price_of(offer, reference, now=now)
    if price is None:
        raise PriceUnavailable(offer.asset.symbol, offer.currency)
    return price


def rank_among(*, side: str, asset: Asset, currency: str, price: Decimal, but: Offer | None = None) -> list[Decimal]:
    """The prices of the open offers of one market, best for their takers first; the caller finds his place among them."""
    reference = reference_prices([(asset.symbol, currency)]).get((asset.symbol, currency))
    found = _fitting(side, asset, currency, reference, amount=None, method=None)
    if but is not None:
        found = found.exclude(pk=but.pk)
    prices = sorted(found.values_list("now_price", flat=True)[:500])
    return prices if side == Side.SELL else prices[::-1]


def markets(*, side: str) -> list[tuple[str, str, int]]:
    """The markets that have open offers of makers on `side`: (asset symbol, currency, how many), the largest first."""
    found = (
        Offer.objects.filter(side=side, status=OfferStatus.OPEN, expires_at__gt=timezone.now(), asset__is_active=True)
        .values_list("asset__symbol", "currency")
        .annotate(count=Count("id"))
        .order_by("-count", "asset__symbol", "currency")
    )
    return [(symbol, currency, count) for symbol, currency, count in found]


# --- the list in the database ----------------------------------------------------------------


def _live(side: str, asset: Asset, currency: str) -> QuerySet[Offer]:
    return Offer.objects.filter(
        side=side, asset=asset, currency=currency, status=OfferStatus.OPEN, expires_at__gt=timezone.now()
    )


def _fitting(
    side: str, asset: Asset, currency: str, reference: Price | None, *, amount: Decimal | None, method: str | None
) -> QuerySet[Offer]:
    """The offers that can be traded now, annotated with `now_price`; the same rule as `pricing.price_of`, in SQL."""
    scale = Decimal(10) ** asset.decimals
    least = Value(amount, output_field=_NUMBER) if amount is not None else F("min_fiat")
    found = (
        _live(side, asset, currency)
        .annotate(now_price=_price_expression(reference, currency))
        .filter(now_price__isnull=False)
        .annotate(left=F("stock_base_units") - F("locked_base_units") - F("sold_base_units"))
        .annotate(worth=_product(F("left"), F("now_price")), needed=_product(least, Value(scale, output_field=_NUMBER)))
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
            _product(Value(reference.value, output_field=_NUMBER), F("margin_bps") + BPS) / Value(Decimal(BPS)),
            precision=price_places(reference.value, currency),
            output_field=_NUMBER,
        )
        # PostgreSQL's GREATEST and LEAST pass over a missing floor or ceiling.
        following = Least(Greatest(moved, F("floor_price")), F("ceiling_price"))
    return Case(When(price_kind=PriceKind.FIXED, then=F("fixed_price")), default=following, output_field=_NUMBER)


def _ordered(
    found: QuerySet[Offer], *, side: str, sort: str, viewer: User | None, record: Record | None, amount: Decimal | None
) -> QuerySet[Offer]:
    shut = Q(side=Side.SELL, funds_base_units__isnull=False) & Q(funded_worth__lt=F("needed"))
    if record is not None and viewer is not None:
        age = (timezone.now() - viewer.created_at).days
        wishes = Q(min_done__gt=record.done) | Q(min_age_days__gt=age)
        shut |= wishes & ~Q(maker=viewer)
    return (
        _with_parts(found)
        .annotate(funded_worth=_product(F("funds_base_units"), F("now_price")))
        .annotate(shut=Case(When(shut, then=1), default=0, output_field=IntegerField()), key=_key(side, sort))
        .order_by("shut", "key", "id")
    )


def _key(side: str, sort: str) -> Case | Coalesce:
    sign = Decimal(1) if side == Side.SELL else Decimal(-1)
    if sort == "newest":
        return Case(default=F("id") * Value(-1), output_field=_NUMBER)
    if sort == "speed":
        return Coalesce(F("maker__standing__median_release_seconds"), Value(10**9), output_field=_NUMBER)
    if sort == "price":
        return Case(default=_product(F("now_price"), Value(sign)), output_field=_NUMBER)
    penalty = Case(
        When(Q(maker__standing=None) | Q(maker__standing__done__lt=NEW_BELOW_DONE), then=NEW_MAKER_BPS),
        When(maker__standing__median_release_seconds__gt=SLOW_SECONDS, then=SLOW_MAKER_BPS),
        default=0,
        output_field=_NUMBER,
    )
    factor = Value(Decimal(BPS)) + _product(penalty, Value(sign))
    return Case(default=_product(_product(F("now_price"), factor), Value(sign)), output_field=_NUMBER)


def _product(left: object, right: object) -> Case:
    # Django cannot guess the type of a product of differing numbers; a Case of one branch states it.
    return Case(default=left * right, output_field=_NUMBER)  # type: ignore[operator]


def _with_parts(found: QuerySet[Offer]) -> QuerySet[Offer]:
    return found.select_related("maker", "maker__standing", "asset").prefetch_related("methods")


def _after(ordered: QuerySet[Offer], cursor: str) -> QuerySet[Offer]:
    try:
        shut_text, key_text, id_text = cursor.split("~")
        shut, key, last = int(shut_text), Decimal(key_text), int(id_text)
    except (ValueError, InvalidOperation):
        return ordered
    if not key.is_finite() or not 0 <= last < 2**63 or len(key_text) > 80 or shut not in (0, 1):
        return ordered
    return ordered.filter(Q(shut__gt=shut) | Q(shut=shut, key__gt=key) | Q(shut=shut, key=key, id__gt=last))


def _cursor(offer: Offer) -> str:
    return f"{offer.shut}~{offer.key:f}~{offer.pk}"  # type: ignore[attr-defined]


# --- one row ---------------------------------------------------------------------------------


def _row(
    offer: Offer,
    reference: Price | None,
    *,
    viewer: User | None,
    viewer_record: Record | None,
    amount: Decimal | None = None,
    first_method: str | None = None,
) -> Row:
    price = price_of(offer, reference, now=int(time.time()))
    is_own = viewer is not None and viewer.pk == offer.maker_id
    return Row(
        offer=offer,
        record=record_for(offer.maker),
        price=price,
        against_bps=against_market_bps(price.value, reference.value) if price and reference else None,
        quote=_quote_or_none(offer, price, amount),
        most_fiat=most_fiat(offer, price) if price else None,
        methods=_method_lines(offer.methods.all(), first_method),
        is_own=is_own,
        shut="" if is_own else shut_reason(offer, price, viewer=viewer, record=viewer_record, amount=amount),
    )


def shut_reason(
    offer: Offer, price: Price | None, *, viewer: User | None, record: Record | None, amount: Decimal | None = None
) -> str:
    """Why this offer is closed to the viewer at this moment, in a sentence; empty when it is not."""
    if price is None:
        return "This offer follows the market and rests until there is a fresh price."
    if viewer is not None and record is not None:
        missing = missing_for(offer, viewer, record)
        if missing:
            return missing[0]
    if is_short_of_funds(offer, price, amount=amount):
        return f"{offer.maker.label}'s wallet does not hold enough {offer.asset.symbol} for this right now."
    return ""


def is_short_of_funds(offer: Offer, price: Price, *, amount: Decimal | None = None) -> bool:
    """Whether a seller's wallet, when last seen, held less than the smallest (or the wanted) trade needs."""
    if not offer.is_sell or offer.funds_base_units is None:
        return False
    needed = amount if amount is not None else offer.min_fiat
    return price.value * offer.funds_base_units < needed * Decimal(10) ** offer.asset.decimals


def _quote_or_none(offer: Offer, price: Price | None, amount: Decimal | None) -> Quote | None:
    if price is None or amount is None:
        return None
    try:
        return quote_at(offer, price, fiat=amount)
    except QuoteRefused:
        return None


def _method_lines(entries: Sequence[OfferMethod] | QuerySet[OfferMethod], first: str | None) -> tuple[MethodLine, ...]:
    ordered = sorted(entries, key=lambda entry: (entry.method != first, entry.pay_seconds, entry.pk))
    return tuple(
        MethodLine(entry.method, catalogue_method(entry.method).name, entry.pay_seconds, entry.release_seconds)
        for entry in ordered
    )
