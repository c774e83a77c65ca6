"""Turns readings of the feeds into stored quotes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from django.utils import timezone

from marketplace.prices.models import PriceQuote
from marketplace.prices.sources import BASE, FeedAnswer, Rate, cross, source_text, usd_rates

# A step of more than this between two readings waits for a second one that agrees within a tenth of it.
JUMP = Decimal("0.10")


def store_quotes(
    *,
    assets: list[str],
    feeds: Mapping[str, tuple[str, ...]],
    read: Callable[[str], FeedAnswer | None],
    now: int,
) -> int:
    """Stores the reference of every asset in every currency that has fresh feeds; how many there were.

    A pair without fresh feeds keeps its old row, which ages until readers refuse it.
    """
    rates = usd_rates(feeds, read, now=now)
    known = {
        (quote.asset, quote.currency): quote
        for quote in PriceQuote.objects.filter(asset__in=assets)
    }
    quotes = [
        _quote(known.get((asset, currency)), asset, currency, rates)
        for asset in assets
        if asset in rates
        for currency in rates
        if currency == BASE or (currency not in assets and len(currency) == 3)
    ]
    PriceQuote.objects.bulk_create(
        quotes,
        update_conflicts=True,
        unique_fields=["asset", "currency"],
        update_fields=["value", "source", "at", "read_at", "held_value"],
    )
    return len(quotes)


def _quote(
    last: PriceQuote | None, asset: str, currency: str, rates: Mapping[str, Rate]
) -> PriceQuote:
    value = cross(rates[asset], rates[currency])
    quote = PriceQuote(
        asset=asset,
        currency=currency,
        value=value,
        source=source_text(asset, currency),
        at=min(rates[asset].at, rates[currency].at),
        read_at=timezone.now(),
    )
    if (
        last is not None
        and _jumps(last.value, value)
        and (last.held_value is None or _jumps(last.held_value, value))
    ):
        # One reading is not believed: the old value stays, unusable, until the next reading says the same.
        quote.value, quote.held_value = last.value, value
    return quote


def _jumps(before: Decimal, after: Decimal) -> bool:
    return abs(after - before) > before * JUMP
