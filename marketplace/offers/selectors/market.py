"""Reads of the market: pages of offers and what stands in the way of more. The number of queries does not depend on the
number of offers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import (
    Count,
)
from django.utils import timezone

from escrow.models import Asset
from marketplace.accounts.models import User
from marketplace.offers.models import Offer, OfferDraft, OfferStatus, PriceKind, Side
from marketplace.offers.selectors.listing import (
    PAGE_SIZE,
    after_cursor,
    cursor_of,
    fitting_offers,
    in_order,
    live_offers,
    with_parts,
)
from marketplace.offers.selectors.rows import Row, row_at
from marketplace.prices.selectors import Price, reference_prices
from marketplace.reputation.selectors import record_for

# A place further down is not worth counting.
RANKED = 500


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
    fitting = fitting_offers(side, asset, currency, reference, amount=amount, method=method)
    ordered = in_order(fitting, side=side, sort=sort, viewer=viewer, record=record, amount=amount)
    rows = list(after_cursor(ordered, after)[: limit + 1])
    shown = rows[:limit]
    return MarketPage(
        rows=tuple(
            row_at(
                offer,
                reference,
                viewer=viewer,
                viewer_record=record,
                amount=amount,
                first_method=method,
            )
            for offer in shown
        ),
        total=fitting.count(),
        next_cursor=cursor_of(shown[-1]) if len(rows) > limit else "",
        reference=reference,
        resting=0
        if reference
        else live_offers(side, asset, currency).filter(price_kind=PriceKind.MARGIN).count(),
    )


def freed_by_dropping(
    *, side: str, asset: Asset, currency: str, amount: Decimal | None, method: str | None
) -> list[Freed]:
    """For an empty list: each active filter whose dropping alone shows offers, the most helpful first.

    When only dropping both helps, the one answer is named "filters".
    """
    reference = reference_prices([(asset.symbol, currency)]).get((asset.symbol, currency))
    freed = []
    if method:
        freed.append(
            Freed(
                "method",
                fitting_offers(
                    side, asset, currency, reference, amount=amount, method=None
                ).count(),
            )
        )
    if amount is not None:
        freed.append(
            Freed(
                "amount",
                fitting_offers(
                    side, asset, currency, reference, amount=None, method=method
                ).count(),
            )
        )
    helpful = sorted((found for found in freed if found.count), key=lambda found: -found.count)
    if helpful or not method or amount is None:
        return helpful
    every = fitting_offers(side, asset, currency, reference, amount=None, method=None).count()
    return [Freed("filters", every)] if every else []


def draft_of(maker: User, offer: Offer | None) -> OfferDraft | None:
    """The maker's draft of a new offer, or of `offer`'s next version."""
    return (
        OfferDraft.objects.select_related("maker", "offer").filter(maker=maker, offer=offer).first()
    )


def latest_funds(maker: User, symbol: str) -> tuple[int, int] | None:
    """(base units, block) of the maker's coins as last seen behind one of his offers, or None."""
    found = (
        Offer.objects.filter(maker=maker, asset__symbol=symbol, funds_block__isnull=False)
        .order_by("-funds_block")
        .values_list("funds_base_units", "funds_block")
        .first()
    )
    return None if found is None else (int(found[0] or 0), int(found[1] or 0))


def offers_of(maker: User, *, viewer: User | None, open_only: bool) -> list[Row]:
    """One person's offers, newest first: the open ones for others, all but the closed ones for himself."""
    found = with_parts(Offer.objects.filter(maker=maker)).order_by("-id")
    if open_only:
        found = found.filter(status=OfferStatus.OPEN, expires_at__gt=timezone.now())
    else:
        found = found.exclude(status=OfferStatus.CLOSED)
    offers = list(found[:50])
    references = reference_prices((offer.asset.symbol, offer.currency) for offer in offers)
    record = record_for(viewer) if viewer else None
    return [
        row_at(
            offer,
            references.get((offer.asset.symbol, offer.currency)),
            viewer=viewer,
            viewer_record=record,
        )
        for offer in offers
    ]


def row_of(offer: Offer, viewer: User | None) -> Row:
    """One offer with everything its page says."""
    reference = reference_prices([(offer.asset.symbol, offer.currency)]).get(
        (offer.asset.symbol, offer.currency)
    )
    record = record_for(viewer) if viewer and viewer.pk != offer.maker_id else None
    return row_at(offer, reference, viewer=viewer, viewer_record=record)


def prices_of_others(
    *, side: str, asset: Asset, currency: str, but: Offer | None = None
) -> list[Decimal]:
    """The prices of the open offers of one market, best for their takers first; the caller finds his place among them."""
    reference = reference_prices([(asset.symbol, currency)]).get((asset.symbol, currency))
    found = fitting_offers(side, asset, currency, reference, amount=None, method=None)
    if but is not None:
        found = found.exclude(pk=but.pk)
    best_first = found.order_by("now_price" if side == Side.SELL else "-now_price")
    return list(best_first.values_list("now_price", flat=True)[:RANKED])


def markets(*, side: str) -> list[tuple[str, str, int]]:
    """The markets that have open offers of makers on `side`: (asset symbol, currency, how many), the largest first."""
    found = (
        Offer.objects.filter(
            side=side, status=OfferStatus.OPEN, expires_at__gt=timezone.now(), asset__is_active=True
        )
        .values_list("asset__symbol", "currency")
        .annotate(count=Count("id"))
        .order_by("-count", "asset__symbol", "currency")
    )
    return [(symbol, currency, count) for symbol, currency, count in found]
