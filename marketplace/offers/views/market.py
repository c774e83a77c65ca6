"""The list of a market. Every filter is a plain URL."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from escrow.models import Asset
from marketplace.accounts.access import viewer_of
from marketplace.money import fiat_text, short_price_text
from marketplace.offers.access import MAKER_SIDE, market_asset, market_currency, market_side
from marketplace.offers.forms import FilterForm
from marketplace.offers.models import Side
from marketplace.offers.selectors import SORTS, freed_by_dropping, markets, open_offers, short_fiat
from marketplace.payments.catalogue import METHODS, UnknownMethod, currencies, method, methods_for

DEFAULT_MARKET = ("buy", "USDC", "EUR")


@require_GET
def go(request: HttpRequest) -> HttpResponse:
    """From the filter form's selects to the market's own URL; without a choice to the fullest market."""
    side = request.GET.get("side", "buy")
    side = side if side in MAKER_SIDE else "buy"
    asset, currency = request.GET.get("asset", ""), request.GET.get("currency", "")
    if not asset or not currency:
        fullest = markets(side=MAKER_SIDE[side])
        symbol, code = fullest[0][:2] if fullest else DEFAULT_MARKET[1:]
        asset, currency = asset or symbol, currency or code
    kept = {
        name: request.GET[name] for name in ("amount", "method", "sort") if request.GET.get(name)
    }
    market_asset(asset)
    market_currency(currency)
    return redirect(_url(side, asset.upper(), currency.upper(), kept))


@require_GET
def page(request: HttpRequest, side: str, asset: str, currency: str) -> HttpResponse:
    """The open offers of one market."""
    maker_side = market_side(side)
    coin, code = market_asset(asset), market_currency(currency)
    form = FilterForm(request.GET, currency=code)
    form.is_valid()
    amount, method_code, sort, problems = _filters(form, code)
    found = open_offers(
        side=maker_side,
        asset=coin,
        currency=code,
        amount=amount,
        method=method_code,
        sort=sort,
        viewer=viewer_of(request),
        after=request.GET.get("after", ""),
    )
    kept = {
        "amount": fiat_text(amount, code) if amount is not None else "",
        "method": method_code or "",
        "sort": sort if sort != "best" else "",
    }
    here = (side, coin.symbol, code)
    context: dict[str, Any] = {
        "side": side,
        "is_buy": maker_side == Side.SELL,
        "asset": coin,
        "currency": code,
        "page": found,
        "amount_text": request.GET.get("amount", "") if "amount" in form.errors else kept["amount"],
        "amount": amount,
        "amount_short": short_fiat(amount, code) if amount is not None else "",
        "problems": problems,
        "sort": sort,
        "sorts": [
            {"code": name, "name": words, "url": _url(*here, {**kept, "sort": name})}
            for name, words in SORTS.items()
        ],
        "sort_name": SORTS[sort],
        "method": method_code,
        "method_name": method(method_code).name if method_code else "",
        "assets": Asset.objects.filter(is_active=True),
        "currencies": currencies(),
        "methods": methods_for(code),
        "chips": _chips(here, kept, code),
        "clear_url": _url(*here, {}),
        "more_url": _url(*here, {**kept, "after": found.next_cursor}) if found.next_cursor else "",
        "other_side_url": _url("sell" if side == "buy" else "buy", coin.symbol, code, kept),
        "this_side_url": _url(*here, kept),
        "reference_text": short_price_text(found.reference.value, code) if found.reference else "",
        "query": urlencode(
            {name: text for name, text in kept.items() if name in ("amount", "method") and text}
        ),
        "topic": f"market:{maker_side}:{coin.symbol}:{code}",
    }
    if not found.total:
        context["freed"] = _freed(here, kept, maker_side, coin, code, amount, method_code)
    return render(request, "marketplace/offers/market.html", context)


def _filters(form: FilterForm, currency: str) -> tuple[Decimal | None, str | None, str, list[str]]:
    problems = [str(error) for error in form.errors.get("amount", [])]
    text = form.cleaned_data.get("amount") or ""
    code = form.cleaned_data.get("method") or ""
    if code and code not in METHODS:
        problems.append(str(UnknownMethod(code)))
        code = ""
    sort = form.cleaned_data.get("sort") or "best"
    return (
        Decimal(text) if text else None,
        code or None,
        sort if sort in SORTS else "best",
        problems,
    )


def _chips(here: tuple[str, str, str], kept: dict[str, str], currency: str) -> list[dict[str, str]]:
    words = {
        "amount": f"Fits {short_fiat(Decimal(kept['amount']), currency)} {currency}"
        if kept["amount"]
        else "",
        "method": f"By {method(kept['method']).name}" if kept["method"] else "",
    }
    return [
        {"text": text, "url": _url(*here, {**kept, name: ""})}
        for name, text in words.items()
        if kept[name]
    ]


def _freed(
    here: tuple[str, str, str],
    kept: dict[str, str],
    maker_side: str,
    asset: Asset,
    currency: str,
    amount: Decimal | None,
    method_code: str | None,
) -> list[dict[str, Any]]:
    found = freed_by_dropping(
        side=maker_side, asset=asset, currency=currency, amount=amount, method=method_code
    )
    return [
        {"name": one.name, "count": one.count, "url": _url(*here, kept | _without(one.name))}
        for one in found
    ]


def _without(name: str) -> dict[str, str]:
    return dict.fromkeys(("amount", "method") if name == "filters" else (name,), "")


def _url(side: str, asset: str, currency: str, kept: dict[str, str]) -> str:
    query = urlencode({name: text for name, text in kept.items() if text})
    return reverse("offers:market", args=[side, asset, currency]) + (f"?{query}" if query else "")
