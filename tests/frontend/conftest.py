"""Alice's market, and people who trade with her through the pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from escrow.chain.keys import ARBITRATOR, cast_account
from escrow.models import Chain
from marketplace.accounts.models import User
from tests.drivers.trade import TradeDriver


@pytest.fixture
def driver(chain: Chain, cast: Any, alice: User, bob: User, carol: User) -> TradeDriver:
    """Alice makes, Bob takes, Petra of the hub's list judges."""
    keys = {account.address: account for account in (cast.alice, cast.bob, cast.carol)}
    return TradeDriver(chain, keys, cast_account(ARBITRATOR))


@pytest.fixture
def enter(visit: Any) -> Any:
    """Open a profile signed in as an account, on a page."""

    def open_as(account: Any, path: str, **options: Any) -> Any:
        visitor = visit(account, path=f"/connect/?next={path}", **options)
        page = visitor.page
        page.get_by_role("button", name="Test wallet").click()
        page.get_by_role("button", name="Open my wallet to sign").click()
        page.wait_for_url(lambda url: urlsplit(url).path == path)
        return visitor

    return open_as
