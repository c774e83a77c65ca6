"""The offer that "Try it" opens."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from django.urls import reverse

from marketplace.offers.models import Offer, OfferStatus
from practice.player import Player
from practice.traders import TRADERS


def first_offer_url(*, side: str, amount_text: str) -> str | None:
    """The first standing USDC offer for EUR on the visitor's side, with the amount filled in; None when none stands.

    `side` is the visitor's: "buy" finds a maker who sells.
    """
    makers = [Player(trader).address for trader in TRADERS]
    offer = (
        Offer.objects.filter(
            maker__address__in=makers,
            side="sell" if side == "buy" else "buy",
            asset__symbol="USDC",
            currency="EUR",
            status=OfferStatus.OPEN,
        )
        .order_by("id")
        .first()
    )
    if offer is None:
        return None
    return (
        reverse("offers:offer", args=[offer.public_id])
        + "?"
        + urlencode({"amount": _clean(amount_text)})
    )


def _clean(text: str) -> str:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return "200"
    return f"{value:f}" if value.is_finite() and 0 < value < 10**9 else "200"
