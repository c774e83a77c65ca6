"""Locking the coins: one request for ether, a permit or an exact approval for tokens, never more than this trade."""

import pytest
from playwright.sync_api import expect

from escrow.chain.gateway import gateway
from escrow.chain.types import ZERO_ADDRESS
from escrow.models import Asset
from tests.drivers import trade as driving

FUNDED = 1
SIGN, SEND = "eth_signTypedData_v4", "eth_sendTransaction"


def wait_until(page, is_so):
    """Let the page go on until it is so."""
    for _ in range(100):
        if is_so():
            return
        page.wait_for_timeout(200)
    assert is_so()


@pytest.mark.parametrize(
    ("symbol", "requests"),
    [("ETH", [SEND]), ("USDC", [SIGN, SEND]), ("DAI", [SEND, SEND])],
    ids=["ether at once", "a permit", "an exact approval"],
)
def test_the_seller_locks_from_the_room(
    driver, enter, cast, alice, bob, monkeypatch, symbol, requests
):
    monkeypatch.setitem(driving.PRICES, "DAI", "0.9256")
    monkeypatch.setitem(driving.STOCKS, "DAI", "1240")
    asset = Asset.objects.get(symbol=symbol)
    if asset.token != ZERO_ADDRESS:
        driver.give(alice, asset.token, 2_000 * 10**asset.decimals)
    trade = driver.sign(driver.take(bob, driver.offer(alice, asset=symbol)))
    seller = enter(cast.alice, f"/trade/{trade.ref}/")
    before = len(seller.wallet.prompts)
    seller.page.get_by_role("button", name="Lock").first.click()
    wait_until(seller.page, lambda: gateway().escrow_state(trade.trade_id).status == FUNDED)
    assert seller.wallet.prompts[before:] == requests
    if asset.token != ZERO_ADDRESS:
        assert gateway().allowance(asset.token, alice.address) == 0


def test_a_wallet_that_is_short_is_told_by_how_much(driver, enter, cast, alice, bob):
    driver.give(alice, Asset.objects.get(symbol="USDC").token, 100 * 10**6)
    trade = driver.sign(driver.take(bob, driver.offer(alice)))
    seller = enter(cast.alice, f"/trade/{trade.ref}/")
    before = list(seller.wallet.prompts)
    seller.page.get_by_role("button", name="Lock").first.click()
    expect(
        seller.page.get_by_text(
            "The wallet is 150.00 USDC short of what this trade locks. Nothing was sent."
        )
    ).to_be_visible()
    assert seller.wallet.prompts == before
