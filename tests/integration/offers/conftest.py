"""A market to read: the devnet's rows, a price, and a way to publish offers as their makers do."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from eth_account.signers.local import LocalAccount

from escrow.models import Asset, Chain
from marketplace.accounts.models import User
from marketplace.offers.arbitrators import arbitrators
from marketplace.offers.models import Offer
from marketplace.prices.models import PriceQuote
from tests.integration.offers.publishing import publish_offer, values_for

Publish = Callable[..., Offer]


@pytest.fixture
def usdc(chain: Chain) -> Asset:
    return Asset.objects.get(chain=chain, symbol="USDC")


@pytest.fixture
def market_price(db: None) -> PriceQuote:
    """1 USDC = 0.9293 EUR, read just now."""
    return PriceQuote.objects.create(
        asset="USDC",
        currency="EUR",
        value=Decimal("0.9293"),
        source="on-chain feeds USDC/USD over EUR/USD",
        at=int(timezone.now().timestamp()),
        read_at=timezone.now(),
    )


@pytest.fixture
def publish(usdc: Asset, cast: Any) -> Publish:
    """Publishes an offer by the real service with the maker's signature; give what differs from Alice's usual one."""
    keys = {account.address: account for account in (cast.alice, cast.bob, cast.carol, cast.dana)}

    def make(maker: User, *, key: LocalAccount | None = None, **changes: Any) -> Offer:
        values = values_for(arbitrators()[0].address, **changes)
        return publish_offer(maker, key or keys[maker.address], values)

    return make
