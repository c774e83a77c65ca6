"""Price rules, ladders and words of an offer, without a database."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escrow.models import Asset
from marketplace.accounts.models import User
from marketplace.money import TooManyDecimals
from marketplace.offers.ladder import ladder, ordinal
from marketplace.offers.models import Offer
from marketplace.offers.pricing import against_market_bps, margin_price, price_of
from marketplace.offers.quotes import (
    AboveLimit,
    AboveStock,
    BelowLimit,
    NothingToTrade,
    most_fiat,
    quote_at,
)
from marketplace.offers.selectors import against_text, minutes_text
from marketplace.prices.selectors import Price

PRICE = Price(Decimal("0.9256"), "fixed by the maker", 0)


def offer(**changes: object) -> Offer:
    """Alice sells up to 1,240 USDC in trades of 50 to 800 EUR."""
    values = {
        "maker": User(address="0x" + "1" * 40, name="Alice"),
        "side": "sell",
        "asset": Asset(symbol="USDC", decimals=6, token="0x" + "2" * 40),
        "currency": "EUR",
        "price_kind": "fixed",
        "fixed_price": Decimal("0.9256"),
        "min_fiat": Decimal(50),
        "max_fiat": Decimal(800),
        "stock_base_units": 1_240_000_000,
        "locked_base_units": 0,
        "sold_base_units": 0,
        "fee_bps": 50,
    }
    return Offer(**{**values, **changes})


def test_a_margin_moves_the_reference() -> None:
    assert margin_price(Decimal("0.9293"), -70, "EUR") == Decimal("0.9228")
    assert margin_price(Decimal("0.9293"), 0, "EUR") == Decimal("0.9293")
    assert margin_price(Decimal("2870.37037"), 150, "EUR") == Decimal("2913.43")


def test_floor_and_ceiling_hold_it() -> None:
    assert margin_price(Decimal("0.9000"), -70, "EUR", floor=Decimal("0.9150")) == Decimal("0.9150")
    assert margin_price(Decimal("0.9900"), 0, "EUR", ceiling=Decimal("0.95")) == Decimal("0.95")


def test_an_offer_that_follows_the_market_rests_without_one() -> None:
    assert price_of(offer(price_kind="margin", fixed_price=None, margin_bps=0), None, now=5) is None
    assert price_of(offer(), None, now=5) == Price(Decimal("0.9256"), "fixed by the maker", 5)


def test_distance_from_the_market_in_words() -> None:
    assert against_market_bps(Decimal("0.9256"), Decimal("0.9293")) == -40
    assert [against_text(bps) for bps in (-40, -4, 4, 5, 151)] == [
        "0.4 % under",
        "at market",
        "at market",
        "0.1 % over",
        "1.5 % over",
    ]


def test_usual_times_in_words() -> None:
    assert [minutes_text(s) for s in (None, 30, 180, 7200)] == ["", "under 1 min", "3 min", "2 h"]


def test_the_quote_of_the_story() -> None:
    quote = quote_at(offer(), PRICE, fiat=Decimal("231.40"))
    assert (quote.base_units, quote.fee_base_units, quote.net_base_units) == (
        250_000_000,
        1_250_000,
        248_750_000,
    )
    assert quote_at(offer(), PRICE, coins=250_000_000).fiat == Decimal("231.40")
    assert quote_at(offer(), PRICE, net=248_750_000).base_units == 250_000_000


@pytest.mark.parametrize(
    ("fiat", "refusal"),
    [
        ("49.99", BelowLimit),
        ("800.01", AboveLimit),
        ("0.01", BelowLimit),
        ("200.001", TooManyDecimals),
    ],
)
def test_amounts_outside_the_limits_are_refused_with_the_limit(
    fiat: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        quote_at(offer(), PRICE, fiat=Decimal(fiat))


def test_more_than_is_left_is_refused_with_what_is_left() -> None:
    with pytest.raises(AboveStock, match=r"Only 100 USDC are left in this offer, up to 92\.56 EUR"):
        quote_at(offer(stock_base_units=100_000_000), PRICE, fiat=Decimal(200))


def test_nothing_is_no_trade() -> None:
    with pytest.raises(NothingToTrade):
        quote_at(offer(), PRICE, coins=0)


@given(st.integers(min_value=1, max_value=1_240_000_000))
def test_a_quote_by_coins_and_by_its_own_fiat_agree(coins: int) -> None:
    """N04: the fiat of some coins buys at least those coins, and at most a cent's worth more."""
    wide = offer(min_fiat=Decimal("0.01"), max_fiat=Decimal(10_000), stock_base_units=10**12)
    first = quote_at(wide, PRICE, coins=coins) if coins > 1 else None
    if first is None or first.net_base_units == 0:
        return
    again = quote_at(wide, PRICE, fiat=first.fiat)
    assert coins <= again.base_units <= coins + 10_804


def test_the_most_is_the_limit_or_what_is_left() -> None:
    assert most_fiat(offer(), PRICE) == Decimal(800)
    assert most_fiat(offer(stock_base_units=100_000_000), PRICE) == Decimal("92.56")


def test_a_place_among_others() -> None:
    drawn = ladder(
        [Decimal("0.91"), Decimal("0.93")],
        mine=Decimal("0.92"),
        market=None,
        currency="EUR",
        is_sell=True,
    )
    assert (drawn.place, drawn.count, drawn.before) == (2, 3, 1)
    bought = ladder(
        [Decimal("0.91"), Decimal("0.93")],
        mine=Decimal("0.94"),
        market=Decimal("0.92"),
        currency="EUR",
        is_sell=False,
    )
    assert bought.place == 1
    alone = ladder([], mine=Decimal("0.92"), market=None, currency="EUR", is_sell=True)
    assert (alone.place, alone.mine) == (1, 280)


def test_places_have_words() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "13th",
        "21st",
        "102nd",
    ]
