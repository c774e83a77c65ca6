"""The reference price of a pair, from stored rows only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from marketplace.prices.models import PriceQuote

# Our readings run every 15 s: past ten minutes something is broken, and an old price is worse than none.
READING_MAX_AGE = timedelta(minutes=10)


class PriceUnavailable(Exception):
    """There is no fresh reference for a pair; offers that follow the market rest until there is."""

    code = "price_unavailable"

    def __init__(self, asset: str, currency: str) -> None:
        super().__init__(
            f"There is no fresh market price for {asset} in {currency} right now. Offers that follow the market rest by themselves."
        )


@dataclass(frozen=True, slots=True)
class Price:
    """Fiat per whole coin, where it comes from, and the chain's time of the oldest round behind it."""

    value: Decimal
    source: str
    at: int


def reference_price(asset: str, currency: str) -> Price:
    """The current reference of a pair, by asset symbol and currency code.

    Raises: PriceUnavailable.
    """
    found = reference_prices([(asset, currency)]).get((asset, currency))
    if found is None:
        raise PriceUnavailable(asset, currency)
    return found


def reference_prices(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Price]:
    """The fresh references among `pairs`, in one query; a pair without one is absent."""
    wanted = set(pairs)
    fresh = PriceQuote.objects.filter(
        asset__in={asset for asset, _ in wanted},
        currency__in={currency for _, currency in wanted},
        read_at__gte=timezone.now() - READING_MAX_AGE,
        held_value=None,
    )
    quotes = {(quote.asset, quote.currency): quote for quote in fresh}
    return {
        pair: Price(q.value.normalize(), q.source, q.at)
        for pair, q in quotes.items()
        if pair in wanted
    }
