"""Conversion between what people write and what the chain counts."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace import money

UNITS = st.integers(min_value=0, max_value=money.UINT128_MAX)
DECIMALS = st.sampled_from([0, 6, 8, 18, 36])
PRICES = st.decimals(min_value=Decimal("0.0001"), max_value=Decimal("90000000"), places=4)
FIAT = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("100000000"), places=2)
FEES = st.integers(min_value=0, max_value=200)


@given(UNITS, DECIMALS)
def test_base_units_survive_the_way_to_text_and_back(units: int, decimals: int) -> None:
    """N02, N03: exact for every number of decimals up to uint128."""
    assert money.base_units(money.amount_text(units, decimals), decimals) == units


def test_amounts_are_written_without_trailing_zeros() -> None:
    assert money.amount_text(248_750_000, 6) == "248.75"
    assert money.amount_text(250_000_000, 6) == "250"
    assert money.amount_text(1, 18) == "0.000000000000000001"
    assert money.amount_text(0, 0) == "0"
    assert money.amount_text(100, 0) == "100"


def test_a_narrow_column_cuts_down_and_never_promises_more() -> None:
    assert money.amount_text(214_995_679, 6, places=2) == "214.99"
    assert money.amount_text(248_750_000, 6, places=2) == "248.75"


def test_the_story_of_250_usdc_for_231_40_eur() -> None:
    price = Decimal("0.9256")
    assert money.fiat_for_up(250_000_000, price, 6, "EUR") == Decimal("231.40")
    assert money.coins_for_down(Decimal("231.40"), price, 6) == 250_000_000
    assert money.fee_base_units(250_000_000, 50) == 1_250_000
    assert money.net_of_fee(250_000_000, 50) == 248_750_000
    assert money.gross_for_net(248_750_000, 50) == 250_000_000


def test_a_settle_splits_into_the_parts_of_the_story() -> None:
    """N04: the parts of the underpaid story, to the unit."""
    assert money.split_parts(250_000_000, 244_598_098, 50) == (243_375_108, 5_401_902, 1_222_990)


@given(UNITS, st.data(), FEES)
def test_the_parts_of_a_split_are_the_whole(amount: int, data: st.DataObject, fee_bps: int) -> None:
    """N04."""
    to_buyer = data.draw(st.integers(min_value=0, max_value=amount))
    assert sum(money.split_parts(amount, to_buyer, fee_bps)) == amount


@given(FIAT, PRICES, DECIMALS)
def test_the_payer_never_pays_less_than_the_price(
    fiat: Decimal, price: Decimal, decimals: int
) -> None:
    """N04: coins bought with `fiat` cost, rounded up, no more than it; one unit more would."""
    coins = money.coins_for_down(fiat, price, decimals)
    assert money.fiat_for_up(coins, price, decimals, "EUR") <= fiat
    with localcontext(prec=160):
        assert Decimal(coins + 1).scaleb(-decimals) * price > fiat


@given(st.integers(min_value=0, max_value=2**100), FEES)
def test_a_net_amount_is_met_exactly(net: int, fee_bps: int) -> None:
    assert money.net_of_fee(money.gross_for_net(net, fee_bps), fee_bps) == net


@pytest.mark.parametrize(
    ("text", "exponent", "value"),
    [
        ("200", 2, "200.00"),
        (" 231.4 ", 2, "231.40"),
        ("0.10", 2, "0.10"),
        ("12000", 0, "12000"),
        ("1.500", 2, "1.50"),
        ("007", 2, "7.00"),
    ],
)
def test_plain_amounts_are_read(text: str, exponent: int, value: str) -> None:
    assert str(money.parse_amount(text, exponent=exponent)) == value


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("0", money.NotPositive),
        ("0.00", money.NotPositive),
        ("-5", money.NotPositive),
        ("−5", money.NotPositive),
        ("1.234,56", money.OtherNotation),
        ("1,000", money.OtherNotation),
        ("1,234.56", money.OtherNotation),
        ("1 234.56", money.OtherNotation),
        ("231,40", money.OtherNotation),
        ("1.234", money.TooManyDecimals),
        ("9" * 41, money.TooLarge),
        ("NaN", money.NotANumber),
        ("Infinity", money.NotANumber),
        ("1e400", money.NotANumber),
        ("0x10", money.NotANumber),
        ("１２", money.NotANumber),
        ("٣", money.NotANumber),
        ("1_000", money.NotANumber),
        ("", money.NotANumber),
        ("two hundred", money.NotANumber),
        ("5.", money.NotANumber),
        (".5", money.NotANumber),
        ("+5", money.NotANumber),
        ("5\u202e", money.NotANumber),
        ("1.2.3", money.NotANumber),
    ],
)
def test_what_cannot_be_read_for_sure_is_refused(
    text: str, refusal: type[money.MoneyError]
) -> None:
    """N05: never guessed, each with a sentence."""
    with pytest.raises(refusal) as caught:
        money.parse_amount(text, exponent=2)
    assert str(caught.value).endswith(".") or "like 1234" in str(caught.value)


def test_a_locale_with_a_comma_reads_a_comma_and_refuses_the_point() -> None:
    assert money.parse_amount("231,40", exponent=2, decimal_mark=",") == Decimal("231.40")
    with pytest.raises(money.OtherNotation):
        money.parse_amount("1.234,56", exponent=2, decimal_mark=",")
    with pytest.raises(money.OtherNotation):
        money.parse_amount("231.40", exponent=2, decimal_mark=",")


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    """N05, N10."""
    try:
        value = money.parse_amount(text, exponent=2)
    except money.MoneyError:
        return
    assert value > 0
    with localcontext(prec=160):
        assert value == value.quantize(Decimal("0.01"))


def test_base_units_are_exact_or_refused() -> None:
    assert money.base_units("1.5", 6) == 1_500_000
    for text, refusal in {
        "1.1234567": money.TooManyDecimals,
        "1e5": money.NotANumber,
        "nan": money.NotANumber,
    }.items():
        with pytest.raises(refusal):
            money.base_units(text, 6)
    with pytest.raises(money.TooLarge):
        money.base_units(str(2**128), 0)
    assert money.base_units(str(2**128 - 1), 0) == 2**128 - 1
    with pytest.raises(money.NotPositive):
        money.base_units(Decimal(-1), 6)


def test_currencies_have_their_own_exponents() -> None:
    """N09."""
    assert [money.fiat_exponent(code) for code in ("EUR", "JPY", "KWD")] == [2, 0, 3]
    assert money.fiat_text(Decimal("231.4"), "EUR") == "231.40"
    assert money.fiat_text(Decimal(12000), "JPY") == "12000"
    for unknown in ("XXQ", "eur", "", "EURO"):
        with pytest.raises(money.UnknownCurrency):
            money.fiat_exponent(unknown)
    with pytest.raises(money.TooManyDecimals):
        money.fiat_amount(Decimal("1.5"), "JPY")


def test_prices_keep_four_digits_that_mean_something() -> None:
    assert money.price_places(Decimal("0.9293"), "EUR") == 4
    assert money.price_places(Decimal("3100.5"), "EUR") == 2
    assert money.price_places(Decimal("18.3486"), "MXN") == 2
    assert money.price_places(Decimal("148.6"), "JPY") == 1
    assert money.price_text(Decimal("3200.000")) == "3200"
    assert money.price_text(Decimal("0.930"), places=4) == "0.9300"
    assert money.price_text(Decimal("3.2E+3")) == "3200"


def test_margins_are_signed_with_sign_and_two_decimals() -> None:
    assert [money.margin_text(bps) for bps in (150, -70, 0, -5, 1234)] == [
        "+1.50",
        "-0.70",
        "+0.00",
        "-0.05",
        "+12.34",
    ]


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("0.925925925925925925", "EUR", "0.9259"),
        ("2853.15499", "EUR", "2853.15"),
        ("18.04955", "MXN", "18.05"),
        ("0.00012345", "EUR", "0.0001235"),
        ("154.6", "JPY", "154.6"),
    ],
)
def test_a_price_is_cut_to_the_digits_that_mean_something(
    value: str, currency: str, text: str
) -> None:
    assert money.short_price_text(Decimal(value), currency) == text
