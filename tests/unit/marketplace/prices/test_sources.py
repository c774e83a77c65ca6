"""Cross rates of on-chain feeds: what counts, what does not."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from marketplace.prices.sources import cross, feeds_of, is_usable, median, source_text, usd_rates

NOW = 1_800_000_000


@dataclass(frozen=True)
class Answer:
    """A round of a feed."""

    answer: int
    decimals: int = 8
    updated_at: int = NOW - 60


def test_a_coin_is_priced_over_the_currency() -> None:
    answers = {"eth": Answer(310_000_000_000), "eur": Answer(108_000_000)}
    rates = usd_rates({"ETH/USD": ["eth"], "EUR/USD": ["eur"]}, answers.get, now=NOW)
    assert cross(rates["ETH"], rates["EUR"]) == Decimal("2870.370370370370370370")
    assert cross(rates["ETH"], rates["USD"]) == Decimal("3100.000000000000000000")


def test_feeds_may_have_other_decimals() -> None:
    """N07."""
    rates = usd_rates(
        {"EUR/USD": ["a"]}, {"a": Answer(1_080_000_000_000_000_000, decimals=18)}.get, now=NOW
    )
    assert rates["EUR"].value == Decimal("1.08")


def test_several_feeds_of_a_pair_give_their_median() -> None:
    answers = {"a": Answer(100), "b": Answer(900), "c": Answer(110)}
    rates = usd_rates({"EUR/USD": ["a", "b", "c"]}, answers.get, now=NOW)
    assert rates["EUR"].value == Decimal("0.00000110")
    assert rates["EUR"].sources == 3


def test_the_median_of_an_even_number_is_the_mean_of_the_middle() -> None:
    assert median([Decimal(1), Decimal(2), Decimal(4), Decimal(100)]) == Decimal(3)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(0),
        Answer(-1),
        Answer(1, updated_at=NOW - 26 * 3600 - 1),
        Answer(1, updated_at=NOW + 301),
        Answer(1, decimals=40),
    ],
    ids=["zero", "negative", "stale", "future", "decimals"],
)
def test_a_round_that_is_no_price_counts_for_nothing(answer: Answer) -> None:
    """N07."""
    assert not is_usable(answer, now=NOW)
    assert "EUR" not in usd_rates({"EUR/USD": ["a"]}, {"a": answer}.get, now=NOW)


def test_a_silent_feed_hides_only_its_own_pair() -> None:
    rates = usd_rates(
        {"EUR/USD": ["silent"], "GBP/USD": ["b"]}, {"b": Answer(127_500_000)}.get, now=NOW
    )
    assert set(rates) == {"USD", "GBP"}


def test_the_age_of_a_rate_is_its_oldest_round() -> None:
    answers = {"a": Answer(1, updated_at=NOW - 500), "b": Answer(2, updated_at=NOW - 10)}
    assert usd_rates({"EUR/USD": ["a", "b"]}, answers.get, now=NOW)["EUR"].at == NOW - 500


def test_the_devnet_has_its_twelve_feeds() -> None:
    assert len(feeds_of(72731)) == 12
    assert feeds_of(1) == {}


def test_the_source_says_which_feeds() -> None:
    assert source_text("USDC", "EUR") == "on-chain feeds USDC/USD over EUR/USD"
    assert source_text("USDC", "USD") == "on-chain feed USDC/USD"
