"""Story 5: 226.40 of the agreed 231.40 EUR arrive. The two split to match, or the buyer sends the rest."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from tests.browser.conftest import Enter
from tests.drivers.browser import Person
from tests.drivers.trade import TradeDriver
from tests.plugin.site import Site

SPLIT = "244.598098"
IBAN = "DE89 3704 0044 0532 0130 00"


@pytest.fixture
def trade(driver: TradeDriver, live_site: Site, alice: User, bob: User) -> Trade:
    """250 USDC locked by Alice for Bob, who has no ether."""
    with live_site.background.paused():
        driver.rpc("anvil_setBalance", bob.address, "0x0")
        return driver.funded(alice, bob)


@pytest.fixture
def buyer(enter: Enter, trade: Trade, bob: User) -> Person:
    """Bob, who sent 5 EUR too little and says that he has paid."""
    buyer = enter(bob, f"/trade/{trade.ref}/")
    _send(buyer, "226.40")
    buyer.press("I have sent 231.40 EUR")
    buyer.sees("Alice checks the bank")
    return buyer


@pytest.fixture
def seller(enter: Enter, trade: Trade, buyer: Person, alice: User) -> Person:
    """Alice, who looks into her bank."""
    seller = enter(alice, "/practice/bank/")
    expect(seller.page.locator(".bank")).to_contain_text("226.40")
    seller.open(f"/trade/{trade.ref}/")
    seller.sees("What arrived from Jonas Weber?")
    return seller


def test_both_sign_the_split_that_matches(
    driver: TradeDriver, buyer: Person, seller: Person, trade: Trade, alice: User, bob: User
) -> None:
    """244.598098 to the buyer before the fee: he gets 243.375108, the fee is 1.222990, 5.401902 go back."""
    before = driver.balance(trade, alice)
    seller.page.get_by_text("Offer a split").click()
    seller.page.get_by_label("To Bob, before the fee").fill(SPLIT)
    expect(seller.page.get_by_label("To you", exact=True)).to_have_value("5.401902")
    seller.press("Sign this split")

    expect(buyer.page.get_by_role("heading", name="Alice offers a split")).to_be_visible()
    assert buyer.ledger() == {
        "To you, fee taken off": "243.375108 USDC",
        "To Alice": "5.401902 USDC",
        "Fee": "1.22299 USDC",
    }
    assert seller.ledger() == {
        "To Bob, fee taken off": "243.375108 USDC",
        "To you": "5.401902 USDC",
        "Fee": "1.22299 USDC",
    }
    assert driver.balance(trade, bob) == 0
    buyer.press("Accept and sign the split")

    buyer.sees("Settled. 243.375108 USDC went to you")
    seller.sees("Settled. 5.401902 USDC came back to you")
    assert driver.balance(trade, bob) == 243_375_108
    assert driver.balance(trade, alice) - before == 5_401_902
    assert driver.node.fees(trade.asset.token) == 1_222_990
    assert driver.node.balance(bob.address) == 0
    for person in (buyer, seller):
        assert "eth_sendTransaction" not in person.wallet.prompts


def test_missing_part_is_sent_after_it(
    driver: TradeDriver, buyer: Person, seller: Person, trade: Trade, bob: User
) -> None:
    """The account stays readable after "paid", so the missing 5 EUR go to the same place and all coins are released."""
    expect(buyer.page.get_by_text("Do not pay twice")).to_be_visible()
    expect(buyer.account_row("IBAN")).to_have_text(IBAN)
    _send(buyer, "5.00")

    seller.open("/practice/bank/")
    expect(seller.page.locator(".bank .row > .amt")).to_have_text(["+5.00 EUR", "+226.40 EUR"])
    seller.open(f"/trade/{trade.ref}/")
    seller.release(seen="231.40", coins="250 USDC")
    buyer.sees("Done. 248.75 USDC are in your wallet")
    assert driver.balance(trade, bob) == 248_750_000


def _send(buyer: Person, amount: str) -> None:
    """A transfer in the practice bank, which the room fills in."""
    buyer.page.get_by_role("link", name="Pay in the practice bank").click()
    buyer.page.get_by_label("Amount").fill(amount)
    buyer.page.get_by_role("button", name="Pay", exact=True).click()
    buyer.page.wait_for_url("**/trade/**")
