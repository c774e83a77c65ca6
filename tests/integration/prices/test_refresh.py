"""Reference prices: read from the real feeds of the devnet, stored, aged, refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.prices.models import PriceQuote
from marketplace.prices.selectors import PriceUnavailable, reference_price, reference_prices
from marketplace.prices.services import store_quotes
from marketplace.prices.tasks import refresh_prices

pytestmark = pytest.mark.django_db
NOW = 1_800_000_000


@dataclass(frozen=True)
class Round:
    """A feed's answer with 8 decimals."""

    answer: int
    updated_at: int = NOW
    decimals: int = 8


def store(usdc: Any, eur: Any) -> int:
    """One reading of two feeds."""
    feeds = {"USDC/USD": ("usdc",), "EUR/USD": ("eur",)}
    return store_quotes(assets=["USDC"], feeds=feeds, read={"usdc": usdc, "eur": eur}.get, now=NOW)


def test_the_devnet_s_feeds_price_every_coin_in_every_currency(chain: Any) -> None:
    assert refresh_prices() == 3 * 10
    price = reference_price("USDC", "EUR")
    assert price.value == Decimal("0.925925925925925925")
    assert price.source == "on-chain feeds USDC/USD over EUR/USD"
    assert reference_price("ETH", "USD").value == Decimal(3100)
    assert reference_price("ETH", "JPY").value == Decimal("461997.019374068554396423")


def test_reading_again_replaces_the_rows(chain: Any) -> None:
    refresh_prices()
    refresh_prices()
    assert PriceQuote.objects.count() == 30


def test_a_price_ages_until_it_is_refused() -> None:
    """N07."""
    store(Round(100_000_000), Round(108_000_000))
    assert reference_price("USDC", "EUR")
    PriceQuote.objects.update(read_at=timezone.now() - timedelta(minutes=10, seconds=1))
    with pytest.raises(PriceUnavailable, match="no fresh market price for USDC in EUR"):
        reference_price("USDC", "EUR")


def test_a_stale_round_does_not_refresh_the_row() -> None:
    """N07: the old row keeps its age, so that readers refuse it in time."""
    store(Round(100_000_000), Round(108_000_000))
    before = PriceQuote.objects.get(currency="EUR").read_at
    store(Round(100_000_000), Round(200_000_000, updated_at=NOW - 27 * 3600))
    quote = PriceQuote.objects.get(currency="EUR")
    assert (quote.read_at, quote.value) == (before, Decimal("0.925925925925925925"))


def test_one_wild_reading_rests_the_pair_and_the_next_confirms_or_clears_it() -> None:
    """N07: a one-block spike."""
    store(Round(100_000_000), Round(108_000_000))
    store(Round(150_000_000), Round(108_000_000))
    with pytest.raises(PriceUnavailable):
        reference_price("USDC", "EUR")
    store(Round(100_000_000), Round(108_000_000))
    assert reference_price("USDC", "EUR").value == Decimal("0.925925925925925925")
    for _ in range(2):
        store(Round(150_000_000), Round(108_000_000))
    assert reference_price("USDC", "EUR").value == Decimal("1.388888888888888888")


@pytest.mark.parametrize("silent", [None, Round(0), Round(-5)])
def test_a_feed_without_a_price_stores_none(silent: Any) -> None:
    """N07."""
    store(Round(100_000_000), silent)
    assert list(PriceQuote.objects.values_list("currency", flat=True)) == ["USD"]


def test_many_pairs_are_one_query() -> None:
    store(Round(100_000_000), Round(108_000_000))
    with CaptureQueriesContext(connection) as queries:
        found = reference_prices([("USDC", "EUR"), ("USDC", "USD"), ("USDC", "GBP")])
    assert (len(queries), set(found)) == (1, {("USDC", "EUR"), ("USDC", "USD")})
