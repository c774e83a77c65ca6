"""Puts the practice traders' standing offers on the market, published and signed as anyone's."""

from __future__ import annotations

import secrets
from typing import Any

from escrow.chain.typed_data import commitment, method_salt
from marketplace.offers.arbitrators import arbitrators
from marketplace.offers.models import Offer, OfferStatus
from marketplace.offers.services import close, create_draft, prepared_message, publish
from practice.player import Player
from practice.traders import TRADERS, PracticeOffer

# An offer with less than a fifth of its stock left is published anew.
SOLD_OUT_PART = 5


def stand_all() -> int:
    """Publish each standing offer that is not open, or nearly sold out; how many were published now."""
    return sum(_stand(Player(trader), offer) for trader in TRADERS for offer in trader.offers)


def _stand(player: Player, wanted: PracticeOffer) -> int:
    user = player.user()
    standing = Offer.objects.filter(
        maker=user,
        side=wanted.side,
        asset__symbol=wanted.asset,
        currency=wanted.currency,
        status=OfferStatus.OPEN,
    ).first()
    if standing is not None:
        if standing.left_base_units * SOLD_OUT_PART >= standing.stock_base_units:
            return 0
        close(standing)
    draft = create_draft(user, values=_values(player, wanted))
    message, salt = prepared_message(draft), "0x" + secrets.token_hex(32)
    if wanted.side == "sell":
        for entry in message["methods"]:
            details = player.trader.details(entry["method"])
            entry["payeeCommitment"] = commitment(details, method_salt(salt, entry["method"]))
    publish(draft, message=message, salt=salt, signature=player.sign("Offer", message))
    return 1


def _values(player: Player, wanted: PracticeOffer) -> dict[str, Any]:
    details = player.trader.details if wanted.side == "sell" else (lambda method: {})
    return {
        "side": {"side": wanted.side, "asset": wanted.asset, "currency": wanted.currency},
        "amount": {"min_fiat": wanted.min_fiat, "max_fiat": wanted.max_fiat, "stock": wanted.stock},
        "price": {"price_kind": "margin", "margin_bps": wanted.margin_bps},
        "methods": {
            "methods": [{"method": code, "details": details(code)} for code in wanted.methods]
        },
        "takers": {"min_done": 0, "min_age_days": 0},
        "terms": {
            "terms_text": player.trader.greeting,
            "arbitrator": arbitrators()[0].address,
            "expires_days": 30,
        },
    }
