"""Looks at makers' wallets: an offer shows the coins its maker had when we last looked, and at which block."""

from __future__ import annotations

import structlog
from django.utils import timezone

from escrow.chain.gateway import Gateway, gateway
from marketplace.offers.models import Offer, OfferStatus, Side

log = structlog.get_logger()


def see_funds(*, maker_id: int | None = None, limit: int = 500) -> int:
    """Stores the balances behind the open sell offers, or behind one maker's; how many wallets were read."""
    open_sells = Offer.objects.filter(
        side=Side.SELL, status=OfferStatus.OPEN, expires_at__gt=timezone.now()
    )
    if maker_id is not None:
        open_sells = open_sells.filter(maker_id=maker_id)
    pairs = list(
        open_sells.values_list("maker_id", "maker__address", "asset_id", "asset__token")
        .distinct()
        .order_by("maker_id")[:limit]
    )
    if not pairs:
        return 0
    node = gateway()
    block = node.head().number
    for maker, address, asset, token in pairs:
        funds = _balance(node, address, token)
        if funds is not None:
            open_sells.filter(maker_id=maker, asset_id=asset).update(
                funds_base_units=funds, funds_block=block
            )
    return len(pairs)


def _balance(node: Gateway, address: str, token: str) -> int | None:
    try:
        return node.balance(address) if int(token, 16) == 0 else node.token_balance(token, address)
    except Exception as error:
        # What was seen before stays, with the block it was seen at.
        log.warning("balance_unread", address=address, token=token, error=repr(error))
        return None
