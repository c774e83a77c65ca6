"""One offer: its terms, what happens if somebody vanishes, and the box to take it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from marketplace.accounts.access import viewer_of
from marketplace.accounts.models import User
from marketplace.money import (
    MoneyError,
    amount_text,
    fiat_exponent,
    fiat_text,
    parse_amount,
    price_text,
)
from marketplace.offers.access import OfferNotOpen, is_open, offer_for
from marketplace.offers.arbitrators import arbitrator
from marketplace.offers.models import Offer
from marketplace.offers.pricing import Quote
from marketplace.offers.quotes import QuoteRefused, quote_at
from marketplace.offers.selectors import MethodLine, Row, row_of
from marketplace.payments.catalogue import Method, method
from marketplace.payments.fields import Field
from marketplace.payments.selectors import accounts_of
from marketplace.reputation.selectors import together


@require_GET
def page(request: HttpRequest, public_id: str) -> HttpResponse:
    """The offer as the viewer meets it: to take, to wait for, or his own."""
    viewer = viewer_of(request)
    offer = offer_for(public_id, viewer)
    row = row_of(offer, viewer)
    picked = _picked(row, request.GET.get("method", ""))
    quote, problem = _quote(row, request.GET.get("amount", ""))
    context: dict[str, Any] = {
        "offer": offer,
        "row": row,
        "asset": offer.asset,
        "currency": offer.currency,
        "picked": picked,
        "picked_method": method(picked.code) if picked else None,
        "entries": [{"line": line, "method": method(line.code)} for line in row.methods],
        "quote": quote,
        "problem": problem,
        "why_not": _why_not(row),
        "can_take": is_open(offer) and not row.is_own and not row.shut,
        "judge": arbitrator(offer.arbitrator),
        "fee_text": f"{(Decimal(offer.fee_bps) / 100).normalize():f}",
        "ruling_days": offer.ruling_seconds // 86_400,
        "release_days": picked.release_seconds // 86_400 if picked else None,
        "rule": price_rule_text(offer),
        "market_url": _market_url(offer, quote),
        "together": together(viewer, offer.maker) if viewer and not row.is_own else 0,
        "payer_name": _payer_name(viewer),
        "account_fields": _account_fields(viewer, row),
        "offer_link": settings.PUBLIC_ORIGIN + reverse("offers:offer", args=[offer.public_id]),
        "quote_fiat": request.GET.get("amount", "") if problem else _fiat_text(quote, offer),
        "quote_net": _coins_text(quote.net_base_units if quote else 0, row),
        "quote_fee": _fee_text(quote, offer),
        "quote_coins": _coins_text(quote.base_units if quote else 0, row),
        "sheet": take_sheet(offer, row),
    }
    return render(request, "marketplace/offers/offer.html", context)


def take_sheet(offer: Offer, row: Row) -> dict[str, Any]:
    """What the take box needs to know, in public facts only; amounts are decimal text."""
    return {
        "offer": offer.public_id,
        "side": offer.side,
        "maker": offer.maker.address,
        "makerLabel": offer.maker.label,
        "asset": {
            "symbol": offer.asset.symbol,
            "decimals": offer.asset.decimals,
            "token": offer.asset.token,
        },
        "currency": offer.currency,
        "exponent": fiat_exponent(offer.currency),
        "price": price_text(row.price.value) if row.price else None,
        "feeBps": offer.fee_bps,
        "min": fiat_text(offer.min_fiat, offer.currency),
        "max": fiat_text(row.most_fiat, offer.currency) if row.most_fiat is not None else None,
        "left": str(offer.left_base_units),
        "methods": [_method_sheet(line, method(line.code)) for line in row.methods],
        "urls": {"take": reverse("offers:offer", args=[offer.public_id]) + "take/"},
    }


def price_rule_text(offer: Offer) -> str:
    """How the price moves, in words."""
    if offer.fixed_price is not None:
        return "fixed by the maker"
    words = "follows the market"
    if offer.floor_price is not None:
        words += f", never below {price_text(offer.floor_price)}"
    if offer.ceiling_price is not None:
        words += f", never above {price_text(offer.ceiling_price)}"
    return words


def _why_not(row: Row) -> str:
    if is_open(row.offer):
        return row.shut
    return f"{OfferNotOpen(row.offer)} {row.offer.pause_reason}".strip()


def _method_sheet(line: MethodLine, found: Method) -> dict[str, Any]:
    return {
        "code": found.code,
        "name": found.name,
        "payTime": line.pay_text,
        "payer": [_field_sheet(field) for field in found.payer_fields],
        "payee": [_field_sheet(field) for field in found.payee_fields],
    }


def _field_sheet(field: Field) -> dict[str, Any]:
    return {"name": field.name, "label": field.label, "required": field.required}


def _picked(row: Row, wanted: str) -> MethodLine | None:
    return next(
        (line for line in row.methods if line.code == wanted),
        row.methods[0] if row.methods else None,
    )


def _quote(row: Row, text: str) -> tuple[Quote | None, str]:
    """The quote for the amount in the URL, or for the offer's least; the sentence when the URL's does not fit."""
    if row.price is None:
        return None, ""
    least = row.offer.min_fiat
    if text:
        try:
            wanted = parse_amount(text, exponent=fiat_exponent(row.offer.currency))
            return quote_at(row.offer, row.price, fiat=wanted), ""
        except (MoneyError, QuoteRefused) as error:
            return _least(row, least), str(error)
    return _least(row, least), ""


def _least(row: Row, least: Decimal) -> Quote | None:
    assert row.price is not None
    try:
        return quote_at(row.offer, row.price, fiat=least)
    except QuoteRefused:
        return None


def _market_url(offer: Offer, quote: Quote | None) -> str:
    side = "buy" if offer.is_sell else "sell"
    return reverse("offers:market", args=[side, offer.asset.symbol, offer.currency])


def _payer_name(viewer: User | None) -> str:
    """The holder's name of the viewer's own last account: what he most likely pays from."""
    kept = accounts_of(viewer).first() if viewer else None
    return str(kept.details.get("name", "")) if kept else ""


def _account_fields(viewer: User | None, row: Row) -> list[dict[str, Any]]:
    """For the taker of a buy offer: the payee fields of each method, filled from his kept accounts."""
    if row.offer.is_sell:
        return []
    kept = (
        {found.method: found.details for found in reversed(accounts_of(viewer))} if viewer else {}
    )
    return [
        {
            "method": method(line.code),
            "lines": [
                {
                    "name": f"{line.code}-{field.name}",
                    "field": field,
                    "value": kept.get(line.code, {}).get(field.name, ""),
                }
                for field in method(line.code).payee_fields
            ],
        }
        for line in row.methods
    ]


def _fiat_text(quote: Quote | None, offer: Offer) -> str:
    return fiat_text(quote.fiat, offer.currency) if quote else ""


def _fee_text(quote: Quote | None, offer: Offer) -> str:
    return amount_text(quote.fee_base_units, offer.asset.decimals) if quote else ""


def _coins_text(units: int, row: Row) -> str:
    return amount_text(units, row.offer.asset.decimals, places=row.short_places) if units else ""
