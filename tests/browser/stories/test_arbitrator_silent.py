"""Story 8: nobody decides. The contract halves the coins, to the unit, without a fee."""

from __future__ import annotations

import pytest

from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from tests.browser.conftest import Enter
from tests.drivers.trade import TradeDriver
from tests.plugin.site import Site

AMOUNT = 100_000_001


@pytest.fixture
def trade(driver: TradeDriver, live_site: Site, alice: User, bob: User) -> Trade:
    """100.000001 USDC, an odd number of units, locked and marked paid; Bob has no ether."""
    with live_site.background.paused():
        driver.rpc("anvil_setBalance", bob.address, "0x0")
        price = {"price_kind": "fixed", "fixed_price": "0.92559999"}
        offer = driver.offer(alice, price=price)
        trade = driver.sign(driver.take(bob, offer, "92.56"))
        assert trade.amount_base_units == AMOUNT
        driver.fund(trade)
        trade = driver.settle_down(trade)
        driver.sign_move(trade, bob, "markPaid")
        return driver.settle_down(trade)


def test_silence_of_the_arbitrator_halves(
    driver: TradeDriver, enter: Enter, live_site: Site, trade: Trade, alice: User, bob: User
) -> None:
    """The seller holds the coins, 14 days pass, the relayer sends the last step for both."""
    buyer = enter(bob, f"/trade/{trade.ref}/")
    seller = enter(alice, f"/trade/{trade.ref}/")
    before = driver.balance(trade, alice)
    seller.page.get_by_role("link", name="Hold, it is not here yet").click()
    seller.press("Review before signing")
    seller.press("Hold the coins")
    buyer.sees("Waiting for an arbitrator")
    seller.open(f"/trade/{trade.ref}/")
    seller.sees("Waiting for an arbitrator")

    with live_site.background.paused():
        trade = driver.fresh(trade)
        driver.skip_past(trade.since + trade.ruling_seconds)
    buyer.sees("Nobody decided in time: 50 USDC for you")
    seller.sees("Nobody decided in time: 50.000001 USDC for you")
    assert driver.balance(trade, bob) == 50_000_000
    assert driver.balance(trade, alice) - before == 50_000_001
    assert driver.node.fees(trade.asset.token) == 0
    assert driver.node.token_balance(trade.asset.token, driver.node.contract) == 0
    assert driver.node.balance(bob.address) == 0
