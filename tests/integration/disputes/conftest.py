"""People of a dispute: Alice sells, Bob buys, Dana is the arbitrator their trade names, Carol is nobody's business."""

from __future__ import annotations

import pytest

from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from tests.integration.disputes import rows


@pytest.fixture
def world(db: None) -> rows.World:
    return rows.world()


@pytest.fixture
def trade(world: rows.World, alice: User, bob: User, dana: User) -> Trade:
    """A trade that Bob marked paid yesterday."""
    return rows.paid_trade(world, seller=alice, buyer=bob, arbitrator=dana)
