"""Amounts, prices and fees: exact conversion between what people write and what the chain counts.

Chain amounts are `int` base units, fiat is `Decimal` at its currency's exponent, rates are `Decimal` fiat per whole
coin. No float enters or leaves. The direction of every rounding stands in the function's name or first line.
It must not know offers, trades or people.
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Context, Decimal, localcontext

from babel.numbers import get_currency_precision, list_currencies

UINT128_MAX = 2**128 - 1
BPS = 10_000
MAX_DIGITS = 78
# Wide enough for a uint256 with 36 decimals on both sides of a product; Decimal's default of 28 digits is not.
_WIDE = Context(prec=160)

_PLAIN = re.compile(r"[0-9]{1,40}(?:\.[0-9]{1,40})?")
_PLAIN_COMMA = re.compile(r"[0-9]{1,40}(?:,[0-9]{1,40})?")
_GROUPED = re.compile(
    r"[0-9]{1,3}(?:[.,'\u2019 \u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?|[0-9]+,[0-9]+"
)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_CURRENCIES = frozenset(list_currencies())


class MoneyError(ValueError):
    """An amount that cannot be used; the text is fit for the person who wrote it."""

    code = "amount_invalid"


class NotANumber(MoneyError):
    """Anything that is not plain digits with at most one decimal mark."""

    code = "amount_not_a_number"

    def __init__(self) -> None:
        super().__init__("Write the amount in digits, like 200 or 231.40.")


class OtherNotation(MoneyError):
    """Thousands marks, or the decimal mark of another language: guessing could be wrong by a factor of a thousand."""

    code = "amount_other_notation"

    def __init__(self, mark: str) -> None:
        word = "point" if mark == "." else "comma"
        super().__init__(
            f"Write the amount with a decimal {word} and no thousands marks, like 1234{mark}56."
        )


class NotPositive(MoneyError):
    """Zero, or below."""

    code = "amount_not_positive"

    def __init__(self) -> None:
        super().__init__("The amount must be more than zero.")


class TooManyDecimals(MoneyError):
    """More decimals than the currency or asset has."""

    code = "amount_too_precise"

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        words = {0: "Write whole units here, without decimals.", 1: "Use at most 1 decimal here."}
        super().__init__(words.get(allowed, f"Use at most {allowed} decimals here."))


class TooLarge(MoneyError):
    """More than the contract can hold."""

    code = "amount_too_large"

    def __init__(self) -> None:
        super().__init__("That is more than any trade can hold.")


class UnknownCurrency(MoneyError):
    """Not a currency of ISO 4217."""

    code = "currency_unknown"

    def __init__(self, code: str) -> None:
        super().__init__(f"“{code[:8]}” is not a currency we know.")


# --- reading what people write ---------------------------------------------------------------


def parse_amount(text: str, *, exponent: int, decimal_mark: str = ".") -> Decimal:
    """The positive amount written in `text`, with at most `exponent` decimals.

    `decimal_mark` is "." or ","; the other mark and every thousands mark are refused, never guessed.

    Raises: NotANumber, OtherNotation, NotPositive, TooManyDecimals, TooLarge.
    """
    written = text.strip(" \t\r\n\u00a0")
    if written[:1] in {"-", "\u2212"} and _NUMBER.fullmatch(written[1:]):
        raise NotPositive
    pattern = _PLAIN_COMMA if decimal_mark == "," else _PLAIN
    if not pattern.fullmatch(written):
        if _GROUPED.fullmatch(written) or _PLAIN.fullmatch(written):
            raise OtherNotation(decimal_mark)
        raise TooLarge if re.fullmatch(r"[0-9]{41,}", written) else NotANumber
    whole, _, decimals = written.replace(",", ".").partition(".")
    if len(decimals.rstrip("0")) > exponent:
        raise TooManyDecimals(exponent)
    value = Decimal(f"{whole}.{decimals.rstrip('0') or '0'}")
    if value == 0:
        raise NotPositive
    return value.quantize(_step(exponent), context=_WIDE)


def base_units(amount: str | Decimal | int, decimals: int) -> int:
    """`amount` whole coins in base units, exactly.

    Raises: NotANumber, TooManyDecimals, TooLarge (above uint128), NotPositive (below zero).
    """
    if isinstance(amount, str):
        if not _NUMBER.fullmatch(amount) or len(amount) > 2 * MAX_DIGITS:
            raise NotANumber
        amount = Decimal(amount)
    value = Decimal(amount)
    if not value.is_finite():
        raise NotANumber
    if value < 0:
        raise NotPositive
    with localcontext(_WIDE):
        scaled = value.scaleb(decimals)
        if scaled > UINT128_MAX:
            raise TooLarge
        if scaled != scaled.to_integral_value():
            raise TooManyDecimals(decimals)
        return int(scaled)


# --- currencies ------------------------------------------------------------------------------


def is_currency(code: str) -> bool:
    """Whether `code` is an ISO 4217 code in capitals."""
    return code in _CURRENCIES


def fiat_exponent(code: str) -> int:
    """Decimals of a currency: 2 for EUR, 0 for JPY, 3 for KWD.

    Raises: UnknownCurrency.
    """
    if not is_currency(code):
        raise UnknownCurrency(code)
    return get_currency_precision(code)


def fiat_amount(value: Decimal, currency: str) -> Decimal:
    """`value` at its currency's exponent; exact.

    Raises: TooManyDecimals, UnknownCurrency.
    """
    exponent = fiat_exponent(currency)
    with localcontext(_WIDE):
        amount = value.quantize(_step(exponent))
        if amount != value:
            raise TooManyDecimals(exponent)
        return amount


# --- showing ---------------------------------------------------------------------------------


def amount_text(units: int, decimals: int, *, places: int | None = None) -> str:
    """Base units as a decimal text without grouping: all digits, no trailing zeros ("248.75").

    With `places` the text is cut **down** to exactly so many decimals, for narrow columns ("214.99").
    """
    with localcontext(_WIDE):
        value = Decimal(units).scaleb(-decimals)
        if places is not None:
            return f"{value.quantize(_step(places), rounding=ROUND_DOWN):f}"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def fiat_text(value: Decimal, currency: str) -> str:
    """Decimal text at the currency's exponent, without grouping: "231.40", "12000" for JPY. Nearest, halves up."""
    with localcontext(_WIDE):
        return f"{value.quantize(_step(fiat_exponent(currency)), rounding=ROUND_HALF_UP):f}"


def price_places(reference: Decimal, currency: str) -> int:
    """How many decimals a price near `reference` is written with: four digits that mean something, at least the currency's."""
    return max(fiat_exponent(currency), 4 - (reference.adjusted() + 1))


def price_nearest(value: Decimal, places: int) -> Decimal:
    """`value` at `places` decimals, nearest, halves up (the same as PostgreSQL's round on numeric)."""
    with localcontext(_WIDE):
        return value.quantize(_step(places), rounding=ROUND_HALF_UP)


def price_text(value: Decimal, *, places: int = 0) -> str:
    """A price as signed and shown: no exponent notation, no grouping, no trailing zeros beyond `places` decimals."""
    with localcontext(_WIDE):
        short = value.normalize()
        digits = max(places, -int(short.as_tuple().exponent), 0)
        return f"{short.quantize(_step(digits)):f}"


def short_price_text(value: Decimal, currency: str) -> str:
    """A price cut for reading: four digits that mean something, at least the currency's. Nearest, halves up."""
    places = price_places(value, currency)
    return price_text(price_nearest(value, places), places=places)


def margin_text(margin_bps: int) -> str:
    """A margin as signed: "+1.50", "-0.70", "+0.00", in percent."""
    sign = "-" if margin_bps < 0 else "+"
    whole, part = divmod(abs(margin_bps), 100)
    return f"{sign}{whole}.{part:02d}"


# --- fee -------------------------------------------------------------------------------------


def fee_base_units(amount: int, fee_bps: int) -> int:
    """The contract's fee on what the buyer gets: rounded down, in base units."""
    return amount * fee_bps // BPS


def net_of_fee(amount: int, fee_bps: int) -> int:
    """What reaches the buyer of `amount` base units."""
    return amount - fee_base_units(amount, fee_bps)


def gross_for_net(net: int, fee_bps: int) -> int:
    """An amount whose net is exactly `net`; of the one or two there are, the one nearest to net / (1 - fee).

    It always exists: the net of g is g·(1-fee) rounded up.
    """
    return net * BPS // (BPS - fee_bps)


# --- price times amount ----------------------------------------------------------------------


def fiat_for_up(units: int, price: Decimal, decimals: int, currency: str) -> Decimal:
    """Fiat for `units` base units at `price`, rounded up: the payer never pays less than the quoted price."""
    return _fiat_for(units, price, decimals, currency, ROUND_UP)


def fiat_for_down(units: int, price: Decimal, decimals: int, currency: str) -> Decimal:
    """Fiat for `units` base units at `price`, rounded down."""
    return _fiat_for(units, price, decimals, currency, ROUND_DOWN)


def coins_for_down(fiat: Decimal, price: Decimal, decimals: int) -> int:
    """Base units that `fiat` pays for at `price`, rounded down: the seller never gives more than was paid for."""
    with localcontext(_WIDE):
        return int((fiat.scaleb(decimals) / price).to_integral_value(rounding=ROUND_DOWN))


def split_parts(amount: int, to_buyer: int, fee_bps: int) -> tuple[int, int, int]:
    """(buyer, seller, fee) of a settle as the contract pays it; the three sum to `amount`."""
    fee = fee_base_units(to_buyer, fee_bps)
    return to_buyer - fee, amount - to_buyer, fee


def _fiat_for(units: int, price: Decimal, decimals: int, currency: str, rounding: str) -> Decimal:
    with localcontext(_WIDE):
        return (Decimal(units).scaleb(-decimals) * price).quantize(
            _step(fiat_exponent(currency)), rounding=rounding
        )


def _step(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)
