"""The quote of one trade of an offer at a given price, and the refusals of amounts that do not fit. Pure."""

from __future__ import annotations

from decimal import Decimal

from marketplace.money import (
    amount_text,
    coins_for_down,
    fee_base_units,
    fiat_amount,
    fiat_for_down,
    fiat_for_up,
    fiat_text,
    gross_for_net,
)
from marketplace.offers.models import Offer
from marketplace.offers.pricing import Quote
from marketplace.prices.selectors import Price


class QuoteRefused(ValueError):
    """An amount this offer cannot be taken with; `field` says which box to look at."""

    code = "amount_refused"
    field = "amount"


class BelowLimit(QuoteRefused):
    """Less than the maker trades."""

    code = "amount_below_limit"

    def __init__(self, offer: Offer) -> None:
        least = fiat_text(offer.min_fiat, offer.currency)
        super().__init__(f"{offer.maker.label} trades from {least} {offer.currency} up.")


class AboveLimit(QuoteRefused):
    """More than the maker trades at once."""

    code = "amount_above_limit"

    def __init__(self, offer: Offer) -> None:
        most = fiat_text(offer.max_fiat, offer.currency)
        super().__init__(f"{offer.maker.label} trades up to {most} {offer.currency} at once.")


class AboveStock(QuoteRefused):
    """More than is left in the offer."""

    code = "amount_above_stock"

    def __init__(self, offer: Offer, most: Decimal) -> None:
        left = amount_text(offer.left_base_units, offer.asset.decimals)
        super().__init__(
            f"Only {left} {offer.asset.symbol} are left in this offer, up to {fiat_text(most, offer.currency)} {offer.currency}."
        )


class NothingToTrade(QuoteRefused):
    """An amount so small that no base unit moves."""

    code = "amount_too_small"

    def __init__(self) -> None:
        super().__init__("That is too little to trade.")


def quote_at(
    offer: Offer,
    price: Price,
    *,
    fiat: Decimal | None = None,
    coins: int | None = None,
    net: int | None = None,
) -> Quote:
    """What exactly one of fiat, coins to lock, or coins net of fee makes at `price`.

    From fiat the coins round down, from coins the fiat rounds up: the payer never pays less than the price.
    Raises: BelowLimit, AboveLimit, AboveStock, NothingToTrade, TooManyDecimals.
    """
    quote = _quote(offer, price, fiat=fiat, coins=coins, net=net)
    if quote.net_base_units <= 0:
        raise NothingToTrade
    if quote.fiat < offer.min_fiat:
        raise BelowLimit(offer)
    if quote.fiat > offer.max_fiat:
        raise AboveLimit(offer)
    if quote.base_units > offer.left_base_units:
        raise AboveStock(offer, most_fiat(offer, price))
    return quote


def most_fiat(offer: Offer, price: Price) -> Decimal:
    """The most that one trade can be worth now: the maker's upper limit or what is left, whichever is less."""
    left = fiat_for_down(offer.left_base_units, price.value, offer.asset.decimals, offer.currency)
    return min(offer.max_fiat, left)


def _quote(
    offer: Offer, price: Price, *, fiat: Decimal | None, coins: int | None, net: int | None
) -> Quote:
    decimals = offer.asset.decimals
    if net is not None:
        coins = gross_for_net(net, offer.fee_bps)
    if coins is not None:
        fiat = fiat_for_up(coins, price.value, decimals, offer.currency)
    elif fiat is not None:
        fiat = fiat_amount(fiat, offer.currency)
        coins = coins_for_down(fiat, price.value, decimals)
    else:
        raise TypeError("A quote needs an amount.")
    fee = fee_base_units(coins, offer.fee_bps)
    return Quote(fiat, coins, coins - fee, fee, price.value, price.source, price.at)
