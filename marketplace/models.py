"""The models of every slice, gathered where Django looks for them."""

from __future__ import annotations

from marketplace.notifications.models import Notice
from marketplace.offers.models import Offer, OfferDraft, OfferMethod
from marketplace.payments.models import PaymentAccount
from marketplace.prices.models import PriceQuote
from marketplace.reputation.models import Standing, TradeResult
from marketplace.trades.models import Proposal, SettleProposal, TermsVersion, Trade, TradeEvent

__all__ = [
    "Notice",
    "Offer",
    "OfferDraft",
    "OfferMethod",
    "PaymentAccount",
    "PriceQuote",
    "Proposal",
    "SettleProposal",
    "Standing",
    "TermsVersion",
    "Trade",
    "TradeEvent",
    "TradeResult",
]
