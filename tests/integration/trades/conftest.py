"""A devnet with Alice's market on it and people to trade with her."""

from __future__ import annotations

from typing import Any

import pytest

from escrow.chain.keys import ARBITRATOR, cast_account
from escrow.models import Chain
from marketplace.accounts.models import User
from tests.drivers.trade import TradeDriver


@pytest.fixture
def driver(chain: Chain, cast: Any, alice: User, bob: User, carol: User) -> TradeDriver:
    """Alice makes, Bob takes, Carol is another taker; Petra of the hub's list judges."""
    keys = {account.address: account for account in (cast.alice, cast.bob, cast.carol)}
    return TradeDriver(chain, keys, cast_account(ARBITRATOR))
