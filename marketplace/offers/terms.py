"""What a draft says, read as one complete offer, and the EIP-712 document made of it. Pure: no row is read or written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from escrow.chain.typed_data import commitment, method_salt
from escrow.models import Asset
from marketplace.money import base_units, fiat_text, margin_text, price_text
from marketplace.offers.models import PriceKind, Side
from marketplace.payments.catalogue import method, methods_for

STEPS = ("side", "amount", "price", "methods", "takers", "terms", "review")
NO_COMMITMENT = "0x" + "0" * 64


class DraftIncomplete(Exception):
    """A step of the draft is missing or no longer fits the others; `step` names it."""

    code = "draft_incomplete"

    def __init__(self, step: str, text: str = "This step is not finished yet.") -> None:
        self.step = step
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class MethodTerms:
    """One payment method of an offer. `details` is the maker's payee account on a sell offer, empty on a buy offer."""

    method: str
    pay_seconds: int
    release_seconds: int
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """A complete offer before it is signed. Fiat at the currency's exponent, stock in base units."""

    side: str
    asset: Asset
    currency: str
    price_kind: str
    fixed_price: Decimal | None
    margin_bps: int | None
    floor_price: Decimal | None
    ceiling_price: Decimal | None
    min_fiat: Decimal
    max_fiat: Decimal
    stock_base_units: int
    methods: tuple[MethodTerms, ...]
    arbitrator: str
    min_done: int
    min_age_days: int
    terms_text: str
    expires_days: int

    @property
    def signed_price(self) -> str:
        """The price rule as signed: "0.9256", or a margin in percent like "+1.50"."""
        if self.price_kind == PriceKind.FIXED:
            return price_text(self.fixed_price or Decimal(0))
        return margin_text(self.margin_bps or 0)


def read_terms(values: Mapping[str, Any], asset: Asset | None) -> OfferTerms:
    """The complete offer of a draft's values; `asset` is the row its side step names.

    Raises: DraftIncomplete naming the first step that does not hold.
    """
    if asset is None or "side" not in values:
        raise DraftIncomplete("side")
    for step in STEPS[1:-1]:
        if step not in values:
            raise DraftIncomplete(step)
    side, amount, price = values["side"], values["amount"], values["price"]
    currency = side["currency"]
    return OfferTerms(
        side=side["side"],
        asset=asset,
        currency=currency,
        price_kind=price["price_kind"],
        fixed_price=_decimal(price.get("fixed_price")),
        margin_bps=price.get("margin_bps"),
        floor_price=_decimal(price.get("floor_price")),
        ceiling_price=_decimal(price.get("ceiling_price")),
        min_fiat=Decimal(amount["min_fiat"]),
        max_fiat=Decimal(amount["max_fiat"]),
        stock_base_units=base_units(amount["stock"], asset.decimals),
        methods=_methods(values["methods"]["methods"], side=side["side"], currency=currency),
        arbitrator=values["terms"]["arbitrator"],
        min_done=values["takers"]["min_done"],
        min_age_days=values["takers"]["min_age_days"],
        terms_text=values["terms"]["terms_text"],
        expires_days=values["terms"]["expires_days"],
    )


def offer_message(
    terms: OfferTerms,
    *,
    maker: str,
    fee_bps: int,
    ruling_seconds: int,
    expiry: int,
    nonce: int,
    version: int,
    salt: str | None,
) -> dict[str, Any]:
    """The EIP-712 `Offer` message. Without `salt` the payee commitments are zero: the page fills them in.

    With it, method i's commitment is made of its details and the salt derived from `salt` and its code.
    """
    return {
        "maker": maker,
        "side": terms.side,
        "asset": terms.asset.token,
        "currency": terms.currency,
        "priceKind": terms.price_kind,
        "price": terms.signed_price,
        "minFiat": fiat_text(terms.min_fiat, terms.currency),
        "maxFiat": fiat_text(terms.max_fiat, terms.currency),
        "stock": str(terms.stock_base_units),
        "methods": [
            {
                "method": entry.method,
                "payeeCommitment": payee_commitment(terms, entry, salt),
                "payWindow": entry.pay_seconds,
                "releaseWindow": entry.release_seconds,
            }
            for entry in terms.methods
        ],
        "arbitrator": terms.arbitrator,
        "feeBps": fee_bps,
        "rulingWindow": ruling_seconds,
        "expiry": expiry,
        "nonce": str(nonce),
        "version": version,
    }


def payee_commitment(terms: OfferTerms, entry: MethodTerms, salt: str | None) -> str:
    """The commitment to the maker's account under one method; zero on a buy offer, where the taker is paid."""
    if salt is None or terms.side == Side.BUY:
        return NO_COMMITMENT
    return commitment(entry.details, method_salt(salt, entry.method))


def _methods(entries: list[dict[str, Any]], *, side: str, currency: str) -> tuple[MethodTerms, ...]:
    usable = {found.code for found in methods_for(currency)}
    found = tuple(
        MethodTerms(
            entry["method"],
            method(entry["method"]).pay_seconds,
            method(entry["method"]).release_seconds,
            entry.get("details", {}) if side == Side.SELL else {},
        )
        for entry in entries
        if entry["method"] in usable
    )
    if not found:
        raise DraftIncomplete("methods", f"Pick at least one payment method for {currency}.")
    if side == Side.SELL and not all(entry.details for entry in found):
        raise DraftIncomplete("methods", "Say where the money should arrive.")
    return found


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None
