"""Alice, Bob and Carol with browsers and wallets, on a market with a chain behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command

from escrow.chain.keys import ARBITRATOR, cast_account
from escrow.models import Asset, Chain
from marketplace.accounts.models import User
from tests.drivers.browser import Person
from tests.drivers.trade import TradeDriver
from tests.plugin.browser import Visit
from tests.plugin.site import Site

Enter = Callable[..., Person]


@pytest.fixture
def driver(
    chain: Chain, cast: Any, alice: User, bob: User, carol: User, live_site: Site
) -> TradeDriver:
    """Alice makes, Bob takes, Petra of the hub's list judges. Made while the site runs: pause its work to walk."""
    keys = {account.address: account for account in (cast.alice, cast.bob, cast.carol)}
    with live_site.background.paused():
        return TradeDriver(chain, keys, cast_account(ARBITRATOR))


@pytest.fixture
def usdc(chain: Chain) -> Asset:
    return Asset.objects.get(symbol="USDC")


@pytest.fixture
def enter(visit: Visit, cast: Any) -> Enter:
    """A person signed in through the sheet, on a page."""

    def entered(user: User, path: str = "/", **options: Any) -> Person:
        account = next(key for key in vars(cast).values() if key.address == user.address)
        person = Person(visit(account, path=None, **options), user)
        person.sign_in(path)
        return person

    return entered


@pytest.fixture
def practice(driver: TradeDriver, live_site: Site) -> TradeDriver:
    """The practice traders stand on the market with coins, offers and a past, as `manage.py seed` leaves them."""
    with live_site.background.paused():
        call_command("seed")
        driver.follow()
    return driver
