"""The models of every slice, gathered where Django looks for them."""

from __future__ import annotations

from marketplace.disputes.models import Case, Filing, Reading, Request, Ruling, Statement
from marketplace.moderation.models import AuditEntry, Note, Sanction
from marketplace.notifications.models import Channel, Delivery, Notice
from marketplace.offers.models import Offer, OfferDraft, OfferMethod
from marketplace.payments.models import PaymentAccount
from marketplace.prices.models import PriceQuote
from marketplace.reputation.models import Standing, TradeResult
from marketplace.trades.models import Proposal, SettleProposal, TermsVersion, Trade, TradeEvent

__all__ = [
    "AuditEntry",
    "Case",
    "Channel",
    "Delivery",
    "Filing",
    "Note",
    "Notice",
    "Offer",
    "OfferDraft",
    "OfferMethod",
    "PaymentAccount",
    "PriceQuote",
    "Proposal",
    "Reading",
    "Request",
    "Ruling",
    "Sanction",
    "SettleProposal",
    "Standing",
    "Statement",
    "TermsVersion",
    "Trade",
    "TradeEvent",
    "TradeResult",
]
