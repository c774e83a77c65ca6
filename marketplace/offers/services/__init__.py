"""Writes of offers: drafts, publishing, rest and end, and the stock that trades lock, return and spend."""

from __future__ import annotations

from marketplace.offers.services.drafts import (
    create_draft,
    fee_bps,
    save_step,
    save_unfinished,
    values_of,
)
from marketplace.offers.services.publishing import (
    prepared_message,
    publish,
    terms_of,
)
from marketplace.offers.services.refusals import (
    ArbitratorNotListed,
    DocumentChanged,
    NotEnoughLeft,
    PausedByStaff,
    SignatureMissing,
    TooManyOffers,
)
from marketplace.offers.services.rest import (
    close,
    hint_market,
    pause,
    resume,
)
from marketplace.offers.services.stock import (
    lock_stock,
    return_stock,
    spend_stock,
    unspend_stock,
)

__all__ = [
    "ArbitratorNotListed",
    "DocumentChanged",
    "NotEnoughLeft",
    "PausedByStaff",
    "SignatureMissing",
    "TooManyOffers",
    "close",
    "create_draft",
    "fee_bps",
    "hint_market",
    "lock_stock",
    "pause",
    "prepared_message",
    "publish",
    "resume",
    "return_stock",
    "save_step",
    "save_unfinished",
    "spend_stock",
    "terms_of",
    "unspend_stock",
    "values_of",
]
