"""From an offer's price rule to the price of this moment, and from that to a quote. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext

from marketplace.money import BPS, price_nearest, price_places
from marketplace.offers.models import Offer, PriceKind
from marketplace.prices.selectors import Price


@dataclass(frozen=True, slots=True)
class Quote:
    """What one trade would be at this moment. `base_units` is what the seller locks, `net_base_units` reaches the buyer."""

    fiat: Decimal
    base_units: int
    net_base_units: int
    fee_base_units: int
    price: Decimal
    price_source: str
    price_at: int


def price_of(offer: Offer, reference: Price | None, *, now: int) -> Price | None:
    """The price of an offer: its fixed one, or its margin on `reference` between floor and ceiling.

    None for an offer that follows the market while there is no reference. `now` (epoch seconds) dates a fixed price.
    """
    if offer.price_kind == PriceKind.FIXED and offer.fixed_price is not None:
        return Price(offer.fixed_price.normalize(), "fixed by the maker", now)
    if reference is None or offer.margin_bps is None:
        return None
    value = margin_price(
        reference.value,
        offer.margin_bps,
        offer.currency,
        floor=offer.floor_price,
        ceiling=offer.ceiling_price,
    )
    return Price(value, reference.source, reference.at)


def margin_price(
    reference: Decimal,
    margin_bps: int,
    currency: str,
    *,
    floor: Decimal | None = None,
    ceiling: Decimal | None = None,
) -> Decimal:
    """`reference` moved by the margin, nearest at the places of the reference, then kept within floor and ceiling."""
    with localcontext(prec=80):
        moved = price_nearest(
            reference * (BPS + margin_bps) / BPS, price_places(reference, currency)
        )
    if floor is not None:
        moved = max(moved, floor)
    if ceiling is not None:
        moved = min(moved, ceiling)
    return moved


def against_market_bps(price: Decimal, reference: Decimal) -> int:
    """How far a price is from the reference, in basis points, nearest."""
    with localcontext(prec=80):
        return int(price_nearest((price / reference - 1) * BPS, 0))
