"""Every version of a trade's terms, kept under its id on chain, so that whatever is funded finds its trade."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marketplace.trades.models import TermsVersion, Trade
from marketplace.trades.terms import FIELDS, document_of, terms_of

_INTEGERS = {
    "terms_version",
    "amount_base_units",
    "price_at",
    "fund_by",
    "pay_seconds",
    "release_seconds",
}
_DECIMALS = {"fiat_amount", "price"}


def state_terms(trade: Trade) -> dict[str, Any]:
    """State the trade's current columns as terms: keeps the version, sets the new id on `trade` and returns the columns to write.

    Any earlier signature stops counting. Needs a transaction and, for a known trade, its row locked.
    """
    struct = terms_of(trade)
    columns: dict[str, Any] = {
        **{name: getattr(trade, name) for name in FIELDS},
        "trade_id": struct.trade_id,
        "terms": struct.terms,
        "take_signature": "",
        "take_deadline": 0,
    }
    for name, value in columns.items():
        setattr(trade, name, value)
    TermsVersion.objects.get_or_create(
        escrow_id=struct.trade_id,
        defaults={"trade": trade, "number": trade.terms_version, "document": document_of(trade)},
    )
    return columns


def restored_columns(version: TermsVersion) -> dict[str, Any]:
    """The trade's columns as they were in that version, its signature included."""
    fields: dict[str, str] = version.document["fields"]
    columns: dict[str, Any] = {name: _native(name, text) for name, text in fields.items()}
    return {
        **columns,
        "trade_id": version.escrow_id,
        "terms": version.document["trade"]["terms"],
        "take_signature": version.take_signature,
        "take_deadline": version.take_deadline,
    }


def _native(name: str, text: str) -> Any:
    if name in _INTEGERS:
        return int(text)
    return Decimal(text) if name in _DECIMALS else text
