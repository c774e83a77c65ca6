"""Drafts: an offer being written, step by step, on the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from marketplace.accounts.models import User
from marketplace.money import amount_text, price_text
from marketplace.offers.models import Offer, OfferDraft
from marketplace.offers.terms import STEPS
from marketplace.payments.services import keep_account


def create_draft(
    maker: User, *, values: Mapping[str, Any] | None = None, offer: Offer | None = None
) -> OfferDraft:
    """The maker's one draft of a new offer, or of `offer` when given; with `values` it starts over from them."""
    draft, _ = OfferDraft.objects.get_or_create(maker=maker, offer=offer)
    if values is not None:
        draft.values = dict(values)
        draft.save(update_fields=["values", "updated_at"])
    return draft


def save_step(draft: OfferDraft, step: str, cleaned: Mapping[str, Any]) -> OfferDraft:
    """Keeps one step's cleaned answers; the other steps stay as they are."""
    if step not in STEPS:
        raise ValueError(f"{step} is no step of an offer.")
    with transaction.atomic():
        kept = OfferDraft.objects.select_for_update().get(pk=draft.pk)
        unfinished = {
            name: raw for name, raw in kept.values.get("unfinished", {}).items() if name != step
        }
        kept.values = {**kept.values, step: dict(cleaned), "unfinished": unfinished}
        kept.save(update_fields=["values", "updated_at"])
        for entry in cleaned.get("methods", []) if step == "methods" else []:
            if entry.get("details"):
                keep_account(draft.maker, method=entry["method"], data=entry["details"])
    return kept


def save_unfinished(draft: OfferDraft, step: str, texts: Mapping[str, Any]) -> OfferDraft:
    """Keeps what somebody had typed into a step that is not right yet, so that going back loses nothing."""
    with transaction.atomic():
        kept = OfferDraft.objects.select_for_update().get(pk=draft.pk)
        trimmed = {str(name)[:60]: str(text)[:400] for name, text in list(texts.items())[:120]}
        kept.values = {
            **kept.values,
            "unfinished": {**kept.values.get("unfinished", {}), step: trimmed},
        }
        kept.save(update_fields=["values", "updated_at"])
    return kept


def fee_bps() -> int:
    """The fee that an offer published now is signed with."""
    return int(settings.FEE_BPS)


def values_of(offer: Offer) -> dict[str, Any]:
    """A published offer as the values of a draft, to edit or to duplicate."""
    return {
        "side": {"side": offer.side, "asset": offer.asset.symbol, "currency": offer.currency},
        "amount": {
            "min_fiat": f"{offer.min_fiat.normalize():f}",
            "max_fiat": f"{offer.max_fiat.normalize():f}",
            "stock": amount_text(offer.left_base_units, offer.asset.decimals),
        },
        "price": {
            "price_kind": offer.price_kind,
            "fixed_price": price_text(offer.fixed_price) if offer.fixed_price is not None else None,
            "margin_bps": offer.margin_bps,
            "floor_price": price_text(offer.floor_price) if offer.floor_price is not None else None,
            "ceiling_price": price_text(offer.ceiling_price)
            if offer.ceiling_price is not None
            else None,
        },
        "methods": {
            "methods": [
                {"method": entry.method, "details": (entry.payee_opening or {}).get("details", {})}
                for entry in offer.methods.all()
            ]
        },
        "takers": {"min_done": offer.min_done, "min_age_days": offer.min_age_days},
        "terms": {
            "terms_text": offer.terms_text,
            "arbitrator": offer.arbitrator,
            "expires_days": 30,
        },
    }
