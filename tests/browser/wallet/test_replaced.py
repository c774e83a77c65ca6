"""A person's own transaction that does not go straight into a block: sped up, cancelled, lost, or its page closed. Each has its own sentence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from escrow.chain.types import Call
from escrow.models import Submission
from escrow.selectors import current_chain
from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from tests.browser.conftest import Enter
from tests.drivers.browser import Person
from tests.drivers.trade import TradeDriver
from tests.plugin.site import Site

SENT = "Sent. Waiting for the network…"
REPLACED = "Your wallet sent another transaction in its place."
LOST = "The network does not know your transaction any more."


@pytest.fixture
def trade(driver: TradeDriver, live_site: Site, alice: User, bob: User) -> Trade:
    """Bob said that he has paid; Alice's release is a transaction of her own wallet."""
    with live_site.background.paused():
        return driver.paid(alice, bob)


@pytest.fixture
def seller(enter: Enter, trade: Trade, alice: User) -> Person:
    seller = enter(alice, f"/trade/{trade.ref}/")
    seller.sees("What arrived from Jonas Weber?")
    return seller


@contextmanager
def held_in_the_pool(driver: TradeDriver, site: Site) -> Iterator[None]:
    """Nothing is mined and nothing follows meanwhile; the pages are served."""
    with site.background.paused():
        driver.rpc("evm_setAutomine", False)
        try:
            yield
        finally:
            driver.rpc("evm_setAutomine", True)
            driver.mine()


def waiting_release(driver: TradeDriver, seller: Person) -> Submission:
    """Alice releases; her transaction waits, and the server has noted it."""
    seller.release(seen="231.40", coins="250 USDC")
    expect(seller.status).to_contain_text(SENT)
    until(lambda: Submission.objects.filter(nonce__isnull=False).exists())
    return Submission.objects.get()


def outbid(driver: TradeDriver, row: Submission, alice: User, call: Call) -> str:
    """The wallet sends another transaction with the same nonce and a better price."""
    max_fee, tip = driver.node.gas_price()
    signed = driver.node.sign(
        "0x" + bytes(driver.keys[alice.address].key).hex(),
        call,
        chain_id=current_chain().chain_id,
        nonce=row.nonce or 0,
        gas=500_000,
        max_fee=max_fee * 10 + 10**10,
        priority_fee=tip * 10 + 4 * 10**9,
    )
    return driver.node.send_raw(signed.raw)


def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for what no page shows."""
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_sped_up_step_goes_on_and_the_trade_with_it(
    driver: TradeDriver, live_site: Site, seller: Person, trade: Trade, alice: User, bob: User
) -> None:
    """N15: the same step under another hash is that step."""
    with held_in_the_pool(driver, live_site):
        row = waiting_release(driver, seller)
        sent = driver.node.transaction(row.tx_hash)
        assert sent is not None
        faster = outbid(driver, row, alice, Call(to=sent.to, data=sent.data))
        driver.mine()
        expect(seller.status).to_contain_text(REPLACED, timeout=20_000)
    seller.sees("Done. You released 250 USDC to Bob")
    until(lambda: Submission.objects.get().status == "MINED")
    assert Submission.objects.get().replaced_by == faster
    assert driver.balance(trade, bob) == 248_750_000


def test_cancelled_step_is_told_and_can_be_sent_again(
    driver: TradeDriver, live_site: Site, seller: Person, alice: User
) -> None:
    """N15: the wallet's own cancel; nothing was moved, and the same button works."""
    with held_in_the_pool(driver, live_site):
        row = waiting_release(driver, seller)
        outbid(driver, row, alice, Call(to=alice.address, data="0x"))
        driver.mine()
        expect(seller.status).to_contain_text(REPLACED, timeout=20_000)
    expect(seller.page.get_by_role("alert").filter(has_text="cancelled it")).to_be_visible(
        timeout=20_000
    )
    assert Submission.objects.get().status == "REPLACED"
    seller.release(seen="231.40", coins="250 USDC")
    seller.sees("Done. You released 250 USDC to Bob")


def test_lost_step_is_told_and_can_be_sent_again(
    driver: TradeDriver, live_site: Site, seller: Person
) -> None:
    """N15: the pool forgot it, and nothing took its nonce."""
    with held_in_the_pool(driver, live_site):
        row = waiting_release(driver, seller)
        # The page must have seen it once; its second question comes after the first one's answer.
        while [method for method, _ in seller.wallet.calls].count("eth_getTransactionByHash") < 2:
            seller.page.wait_for_timeout(100)
        driver.rpc("anvil_dropTransaction", row.tx_hash)
        expect(seller.status).to_contain_text(LOST, timeout=40_000)
        assert "Nothing was moved" in seller.status.inner_text()
    seller.page.reload()
    expect(seller.heading).to_contain_text("on their way", timeout=20_000)


def test_page_that_is_closed_before_the_hub_is_told_loses_nothing(
    driver: TradeDriver,
    live_site: Site,
    enter: Enter,
    seller: Person,
    trade: Trade,
    alice: User,
    bob: User,
) -> None:
    """N15, N16: the hub never hears of the transaction; the contract's event moves the trade all the same."""
    seller.visitor.expect_problem("net::ERR_FAILED")
    seller.page.route("**/submissions/", lambda route: route.abort())
    with held_in_the_pool(driver, live_site):
        seller.release(seen="231.40", coins="250 USDC")
        expect(seller.status).to_contain_text(SENT)
        seller.page.close()
    buyer = enter(bob, f"/trade/{trade.ref}/")
    buyer.sees("Done. 248.75 USDC are in your wallet")
    assert Submission.objects.count() == 0
    assert driver.fresh(trade).outcome == "RELEASED"
