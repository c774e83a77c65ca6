"""Story 3: the buyer pays in time and says so too late."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from escrow.models import Asset
from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from tests.browser.conftest import Enter
from tests.drivers.browser import Person
from tests.drivers.trade import TradeDriver
from tests.plugin.site import Site

LATE_SECONDS = 180
IBAN = "DE89 3704 0044 0532 0130 00"


@pytest.fixture
def trade(driver: TradeDriver, live_site: Site, alice: User, bob: User) -> Trade:
    """250 USDC locked by Alice for Bob, whose time to pay ended three minutes ago."""
    with live_site.background.paused():
        driver.rpc("anvil_setBalance", bob.address, "0x0")
        trade = driver.funded(alice, bob)
        driver.skip_past(trade.pay_by + LATE_SECONDS)
        return driver.fresh(trade)


def test_late_word_counts_until_the_coins_are_taken(
    driver: TradeDriver, enter: Enter, trade: Trade, alice: User, bob: User
) -> None:
    """(a) Three minutes after payBy "paid" is still accepted, and the account stays hidden."""
    buyer = enter(bob, f"/trade/{trade.ref}/")
    buyer.sees("Time is up. Had you already paid?")
    assert IBAN not in buyer.page.content()
    buyer.press("I had sent 231.40 EUR")

    seller = enter(alice, f"/trade/{trade.ref}/")
    seller.sees("What arrived from Jonas Weber?")
    buyer.sees("Alice checks the bank")
    trade.refresh_from_db()
    assert trade.status == "PAID"
    assert trade.paid_at > trade.pay_by
    _release(seller, buyer)
    assert driver.balance(trade, bob) == 248_750_000


def test_reclaimed_deal_is_locked_again(
    driver: TradeDriver, enter: Enter, trade: Trade, alice: User, bob: User
) -> None:
    """(b) The seller took the coins back first; when the money is there after all, the same deal is locked and released."""
    usdc = Asset.objects.get(symbol="USDC")
    buyer = enter(bob, f"/trade/{trade.ref}/")
    seller = enter(alice, f"/trade/{trade.ref}/")
    before = driver.balance(trade, alice)
    seller.sees("Take your 250 USDC back?")
    seller.press("Take 250 USDC back")
    buyer.sees("Time was up and Alice took the coins back")
    seller.sees("250 USDC are back in your wallet")
    assert driver.balance(trade, alice) - before == 250_000_000
    expect(buyer.page.locator(".act")).to_contain_text("ask Alice to lock the same deal again")

    seller.page.get_by_text("The money came after all").click()
    seller.press("Lock 250 USDC again")
    buyer.sees("Locked again: do not pay twice")
    seller.sees("Locked again for Bob")
    assert IBAN not in buyer.page.content()
    assert driver.balance(trade, alice) == before
    assert driver.node.token_balance(usdc.token, driver.node.contract) == 250_000_000
    _release(seller, buyer)
    assert driver.balance(trade, bob) == 248_750_000
    assert driver.node.balance(bob.address) == 0
    trade.refresh_from_db()
    assert (trade.status, trade.outcome) == ("CLOSED", "RELEASED")


def _release(seller: Person, buyer: Person) -> None:
    seller.release(seen="231.40", coins="250 USDC")
    buyer.sees("Done. 248.75 USDC are in your wallet")
    seller.sees("Done. You released 250 USDC to Bob")
