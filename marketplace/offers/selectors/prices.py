"""The price and the quote of one offer at this moment."""

from __future__ import annotations

import time
from decimal import Decimal

from marketplace.offers.models import Offer, PriceKind
from marketplace.offers.pricing import Quote, price_of
from marketplace.offers.quotes import quote_at
from marketplace.prices.selectors import Price, PriceUnavailable, reference_price


def offer_quote(
    offer: Offer, *, fiat: Decimal | None = None, coins: int | None = None, net: int | None = None
) -> Quote:
    """What a trade of `fiat`, of `coins` base units to lock, or of `net` base units to receive would be now.

    Raises: PriceUnavailable; QuoteRefused and TooManyDecimals for amounts that do not fit.
    """
    return quote_at(offer, current_price(offer), fiat=fiat, coins=coins, net=net)


def current_price(offer: Offer) -> Price:
    """The offer's price now.

    Raises: PriceUnavailable.
    """
    now = int(time.time())
    reference = None
    if offer.price_kind == PriceKind.MARGIN:
        reference = reference_price(offer.asset.symbol, offer.currency)
    price = price_of(offer, reference, now=now)
    if price is None:
        raise PriceUnavailable(offer.asset.symbol, offer.currency)
    return price
