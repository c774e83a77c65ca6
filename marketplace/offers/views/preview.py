"""What the wizard shows beside its forms: rank, preview row, earnings, the document to sign. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from escrow.chain.typed_data import typed_message
from escrow.models import Asset
from marketplace.accounts.models import User
from marketplace.money import (
    base_units,
    coins_for_down,
    fiat_for_down,
    fiat_text,
    net_of_fee,
    price_text,
    short_price_text,
)
from marketplace.offers import services
from marketplace.offers.arbitrators import arbitrator
from marketplace.offers.forms import StepForm
from marketplace.offers.ladder import ladder, ordinal
from marketplace.offers.models import Offer, OfferDraft, PriceKind, Side
from marketplace.offers.pricing import against_market_bps, margin_price
from marketplace.offers.selectors import against_text, latest_funds, prices_of_others
from marketplace.offers.terms import MethodTerms, OfferTerms
from marketplace.payments.catalogue import method
from marketplace.prices.selectors import Price, reference_prices
from marketplace.reputation.selectors import record_for

SAMPLE_FIAT = {"JPY": Decimal(20_000), "NGN": Decimal(100_000), "INR": Decimal(10_000)}


def summary(values: Mapping[str, Any]) -> str:
    """The draft in a few words, "you sell USDC for EUR", as far as it says."""
    side = values.get("side")
    if not side:
        return ""
    verb = "sell" if side["side"] == Side.SELL else "buy"
    return f"you {verb} {side['asset']} for {side['currency']}"


def amount_context(values: Mapping[str, Any], viewer: User) -> dict[str, Any]:
    """The reference price, and the coins seen in the maker's wallet on a sell offer."""
    side = values["side"]
    reference = _reference(side)
    return {
        "reference": reference,
        "reference_text": short_price_text(reference.value, side["currency"]) if reference else "",
        "funds": latest_funds(viewer, side["asset"]) if side["side"] == Side.SELL else None,
    }


def price_context(
    form: StepForm, values: Mapping[str, Any], offer: Offer | None, viewer: User
) -> dict[str, Any]:
    """Rank, drawing and preview of the price in the form, or of the draft's when the form has none yet."""
    side = values["side"]
    asset = Asset.objects.get(symbol=side["asset"])
    reference = _reference(side)
    price = _typed_price(form, reference.value if reference else None, side["currency"])
    context: dict[str, Any] = {
        "reference": reference,
        "reference_text": short_price_text(reference.value, side["currency"]) if reference else "",
        "asset": asset,
        "currency": side["currency"],
        "is_sell": side["side"] == Side.SELL,
        "maker": viewer,
        "record": record_for(viewer),
        "price": price,
    }
    if price is None:
        return context
    others = prices_of_others(side=side["side"], asset=asset, currency=side["currency"], but=offer)
    drawn = ladder(
        others,
        mine=price,
        market=reference.value if reference else None,
        currency=side["currency"],
        is_sell=side["side"] == Side.SELL,
    )
    context |= _sample(price, reference, asset, side["currency"], values)
    return context | {
        "ladder": drawn,
        "place": ordinal(drawn.place),
        "price_text": short_price_text(price, side["currency"]),
        "against": against_text(against_market_bps(price, reference.value)) if reference else "",
        "best_text": short_price_text(others[0], side["currency"]) if others else "",
    }


def review_context(draft: OfferDraft, *, publish_url: str) -> dict[str, Any]:
    """The offer as its takers will see it, and the document that the maker signs.

    Raises: DraftIncomplete.
    """
    terms = services.terms_of(draft)
    message = services.prepared_message(draft)
    chain = terms.asset.chain
    return {
        "terms": terms,
        "price_rule": price_rule(terms),
        "methods": [
            {"method": method(entry.method), "details": entry.details, "lines": _labelled(entry)}
            for entry in terms.methods
        ],
        "takers_text": _takers_text(terms),
        "arbitrator": arbitrator(terms.arbitrator),
        "fee_percent": f"{Decimal(message['feeBps']) / 100:f}",
        "is_sell": terms.side == Side.SELL,
        "sheet": {
            "typed": typed_message("Offer", message, chain.chain_id, chain.contract_address),
            "urls": {"publish": publish_url},
            "side": terms.side,
            "methods": [
                {"method": entry.method, "details": dict(entry.details)} for entry in terms.methods
            ],
        },
    }


def price_rule(terms: OfferTerms) -> str:
    """The price rule in words."""
    if terms.price_kind == PriceKind.FIXED and terms.fixed_price is not None:
        return f"{price_text(terms.fixed_price)} {terms.currency} per {terms.asset.symbol}, fixed"
    words = _margin_words(terms.margin_bps or 0)
    if terms.floor_price is not None:
        words += f", never below {price_text(terms.floor_price)}"
    if terms.ceiling_price is not None:
        words += f", never above {price_text(terms.ceiling_price)}"
    return words


def _margin_words(bps: int) -> str:
    if bps == 0:
        return "the market price"
    return f"{abs(bps) // 100}.{abs(bps) % 100:02d} % {'under' if bps < 0 else 'over'} the market"


def _typed_price(form: StepForm, reference: Decimal | None, currency: str) -> Decimal | None:
    if form.is_bound and not form.is_valid():
        return None
    values = form.values() if form.is_bound else form.initial
    if not values.get("price_kind"):
        return reference
    if values["price_kind"] == PriceKind.FIXED:
        return Decimal(values["fixed_price"]) if values.get("fixed_price") else None
    if reference is None:
        return None
    floor, ceiling = values.get("floor_price"), values.get("ceiling_price")
    return margin_price(
        reference,
        values.get("margin_bps") or 0,
        currency,
        floor=Decimal(floor) if floor else None,
        ceiling=Decimal(ceiling) if ceiling else None,
    )


def _sample(
    price: Decimal, reference: Price | None, asset: Asset, currency: str, values: Mapping[str, Any]
) -> dict[str, Any]:
    """One example trade: what its taker gets, and what the maker earns against the market on the whole stock."""
    fiat = min(
        max(SAMPLE_FIAT.get(currency, Decimal(200)), Decimal(values["amount"]["min_fiat"])),
        Decimal(values["amount"]["max_fiat"]),
    )
    coins = coins_for_down(fiat, price, asset.decimals)
    fee_bps = services.fee_bps()
    stock = base_units(values["amount"]["stock"], asset.decimals)
    receives = fiat_for_down(stock, price, asset.decimals, currency)
    worth = fiat_for_down(stock, reference.value, asset.decimals, currency) if reference else None
    return {
        "sample_fiat": fiat_text(fiat, currency),
        "sample_net": net_of_fee(coins, fee_bps),
        "sample_coins": coins,
        "stock": stock,
        "receives": receives,
        "worth": worth,
        "difference_text": _signed(receives - worth, currency) if worth is not None else "",
    }


def _signed(value: Decimal, currency: str) -> str:
    return ("−" if value < 0 else "+") + fiat_text(abs(value), currency)


def _labelled(entry: MethodTerms) -> list[tuple[str, str]]:
    fields = method(entry.method).payee_fields
    return [
        (field.label, entry.details[field.name]) for field in fields if field.name in entry.details
    ]


def _takers_text(terms: OfferTerms) -> str:
    wishes = []
    if terms.min_done:
        wishes.append(f"{terms.min_done} finished trade{'' if terms.min_done == 1 else 's'}")
    if terms.min_age_days:
        wishes.append(
            f"an account of {terms.min_age_days} day{'' if terms.min_age_days == 1 else 's'}"
        )
    return "people with " + " and ".join(wishes) if wishes else "anybody"


def _reference(side: Mapping[str, Any]) -> Price | None:
    pair = (side["asset"], side["currency"])
    return reference_prices([pair]).get(pair)
