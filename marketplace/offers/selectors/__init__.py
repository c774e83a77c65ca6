"""Reads of the market: lists of offers with their price of this moment, and quotes."""

from __future__ import annotations

from marketplace.offers.selectors.listing import PAGE_SIZE, SORTS
from marketplace.offers.selectors.market import (
    Freed,
    MarketPage,
    draft_of,
    freed_by_dropping,
    latest_funds,
    markets,
    offers_of,
    open_offers,
    prices_of_others,
    row_of,
)
from marketplace.offers.selectors.prices import current_price, offer_quote
from marketplace.offers.selectors.rows import (
    MethodLine,
    Row,
    against_text,
    minutes_text,
    short_fiat,
)

__all__ = [
    "PAGE_SIZE",
    "SORTS",
    "Freed",
    "MarketPage",
    "MethodLine",
    "Row",
    "against_text",
    "current_price",
    "draft_of",
    "freed_by_dropping",
    "latest_funds",
    "markets",
    "minutes_text",
    "offer_quote",
    "offers_of",
    "open_offers",
    "prices_of_others",
    "row_of",
    "short_fiat",
]
