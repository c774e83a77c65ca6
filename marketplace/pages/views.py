"""The front page and the pages that are only read. Each view gathers, then renders."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from escrow.models import Asset
from escrow.selectors import chain_clock
from marketplace.accounts.access import viewer_of
from marketplace.money import MoneyError, fiat_exponent, fiat_text, is_currency, parse_amount
from marketplace.offers.access import MAKER_SIDE
from marketplace.offers.selectors import open_offers
from marketplace.pages.selectors import tally
from marketplace.payments.catalogue import METHODS, currencies

BEST = 3
DEFAULTS = {"side": "buy", "asset": "USDC", "currency": "EUR", "amount": "200"}


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    """The promise, one amount and the three best offers for it, and how it works."""
    wanted = {name: request.GET.get(name) or value for name, value in DEFAULTS.items()}
    side = wanted["side"] if wanted["side"] in MAKER_SIDE else "buy"
    currency = wanted["currency"] if is_currency(wanted["currency"]) else DEFAULTS["currency"]
    assets = list(Asset.objects.filter(is_active=True))
    asset = next((found for found in assets if found.symbol == wanted["asset"]), None) or next(
        iter(assets), None
    )
    amount, problem = _amount(wanted["amount"], currency)
    found = (
        open_offers(
            side=MAKER_SIDE[side],
            asset=asset,
            currency=currency,
            amount=amount,
            viewer=viewer_of(request),
            limit=BEST,
        )
        if asset
        else None
    )
    query = urlencode({"amount": fiat_text(amount, currency)} if amount else {})
    context: dict[str, Any] = {
        "side": side,
        "is_buy": side == "buy",
        "assets": assets,
        "asset": asset,
        "currency": currency,
        "currencies": currencies(),
        "amount_text": wanted["amount"],
        "problem": problem,
        "rows": [row for row in found.rows if row.quote and not row.shut] if found else [],
        "total": found.total if found else 0,
        "query": query,
        "market_url": _market_url(side, asset.symbol, currency, query)
        if asset
        else reverse("offers:market-go"),
        "tally": tally(),
    }
    return render(request, "marketplace/pages/front.html", context)


def _amount(text: str, currency: str) -> tuple[Decimal | None, str]:
    try:
        return parse_amount(text, exponent=fiat_exponent(currency)), ""
    except MoneyError as error:
        return None, str(error)


def _market_url(side: str, symbol: str, currency: str, query: str) -> str:
    url = reverse("offers:market", args=[side, symbol, currency])
    return f"{url}?{query}" if query else url


@require_GET
def safety(request: HttpRequest) -> HttpResponse:
    """What can go wrong, what we do about it, what nobody can."""
    ranked = sorted(METHODS.values(), key=lambda method: method.name)
    return render(request, "marketplace/pages/safety.html", {"methods": ranked})


@require_GET
def fees(request: HttpRequest) -> HttpResponse:
    """The fee, what it is taken from, and when there is none."""
    fee_text = f"{Decimal(settings.FEE_BPS) / 100:f}"
    return render(request, "marketplace/pages/fees.html", {"fee_text": fee_text})


@require_GET
def glossary(request: HttpRequest) -> HttpResponse:
    """One word for one thing."""
    return render(request, "marketplace/pages/glossary.html")


@require_GET
def robots(_request: HttpRequest) -> HttpResponse:
    """Search engines may read what is public."""
    closed = (
        "/trade/",
        "/trades/",
        "/desk/",
        "/ops/",
        "/inbox/",
        "/notices/",
        "/wallet/",
        "/settings/",
        "/connect/",
        "/practice/",
        "/offers/",
    )
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")


@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    """Every part of the look on one page, in its states."""
    now = chain_clock()
    steps: list[dict[str, Any]] = [
        {"name": "Locked", "by": "Marta, 14:02", "state": "open"},
        {"name": "Pay", "by": "You, by 14:32", "state": "here", "left": 0.6},
        {"name": "Confirm", "by": "Marta, in her bank", "state": ""},
        {"name": "Released", "by": "To 0x3f08…9A1c", "state": ""},
    ]
    held = [
        {**steps[0]},
        {"name": "Pay", "by": "You, 14:19", "state": "open"},
        {"name": "In review", "by": "Petra, by 4 Dec", "state": "held"},
        {"name": "Paid out", "by": "As decided", "state": "ruled"},
    ]
    filling = [
        {"name": "Locking", "by": "Marta, 1 of 2", "state": "filling"},
        *({**step, "state": ""} for step in steps[1:]),
    ]
    return render(
        request,
        "marketplace/pages/gallery.html",
        {
            "now": now,
            "soon": now + 1104,
            "later": now + 2 * 86_400 + 23 * 3600,
            "late": now + 100,
            "bars": [("Paying", steps), ("Locking", filling), ("In review", held)],
            "usdc": SimpleNamespace(symbol="USDC", decimals=6),
            "eth": SimpleNamespace(symbol="ETH", decimals=18),
            "people": [
                "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
                "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
                "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
                "0x976EA74026E726554dB657fA54763abd0C3a0aa9",
            ],
            "kinds": [
                "waiting",
                "your-turn",
                "locking",
                "locked",
                "paid",
                "released",
                "returned",
                "ended",
                "in-review",
                "decided",
                "failed",
                "paused",
            ],
            "colours": [
                "paper",
                "surface",
                "sunken",
                "line",
                "line-strong",
                "ink",
                "ink-2",
                "ink-3",
                "lake",
                "brass",
                "moss",
                "clay",
                "plum",
                "stone",
            ],
        },
    )
