"""Story 10: the relayer, then the whole hub, is gone. Nobody is told to pay into nothing, and no coin is stuck."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from escrow.models import RelayTransaction, SignedCall
from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from tests.browser.conftest import Enter
from tests.drivers.trade import DAY, TradeDriver
from tests.plugin.browser import Visit
from tests.plugin.site import Site

IBAN = "DE89 3704 0044 0532 0130 00"
SCRIPT = Path("docs/runbook/finish_trade.py")


@pytest.fixture
def trade(driver: TradeDriver, live_site: Site, alice: User, bob: User) -> Trade:
    """250 USDC locked by Alice for Bob, who has no ether."""
    with live_site.background.paused():
        driver.rpc("anvil_setBalance", bob.address, "0x0")
        return driver.funded(alice, bob)


def test_account_is_withheld_while_nobody_relays(
    enter: Enter, live_site: Site, trade: Trade, bob: User
) -> None:
    """The coins are locked, but "paid" could not be recorded: the account is not in the page until the relayer is back."""
    live_site.background.stop_relayer()
    buyer = enter(bob, f"/trade/{trade.ref}/")
    buyer.sees("Wait with the payment")
    assert IBAN not in buyer.page.content()
    assert "DE89370400440532013000" not in buyer.page.content()
    expect(buyer.button("I have sent")).to_have_count(0)

    live_site.background.start_relayer()
    expect(buyer.account_row("IBAN")).to_have_text(IBAN, timeout=45_000)
    buyer.sees("Send 231.40 EUR to Alice")


def test_stranger_brings_the_saved_step_to_the_chain(
    driver: TradeDriver,
    enter: Enter,
    visit: Visit,
    live_site: Site,
    trade: Trade,
    cast: Any,
    alice: User,
    bob: User,
) -> None:
    """ "Paid" is signed when the relayer is gone; a third account, unknown to the hub, brings the saved file to the network."""
    buyer = enter(bob, f"/trade/{trade.ref}/")
    buyer.sees("Send 231.40 EUR to Alice")
    live_site.background.stop_relayer()
    buyer.press("I have sent 231.40 EUR")
    buyer.sees("“Paid” is being recorded")
    expect(buyer.page.get_by_text("Waiting for our sender")).to_be_visible()
    expect(buyer.page.get_by_text("Our sender is not working right now")).to_be_visible()
    with buyer.page.expect_download() as download:
        buyer.page.get_by_role("link", name="Save your signed step as a file").click()
    saved = Path(download.value.path())
    assert json.loads(saved.read_text())["signer"] == bob.address

    stranger = visit(cast.carol, path="/submit/")
    stranger.page.get_by_label("The file").set_input_files(saved)
    stranger.page.get_by_role("button", name="Check it").click()
    expect(stranger.page.get_by_role("heading", name="It fits: “paid”")).to_be_visible()
    stranger.page.get_by_role("button", name="Send it from my wallet").click()
    expect(stranger.page.get_by_text("Done. The network has it")).to_be_visible(timeout=20_000)
    buyer.sees("Alice checks the bank")
    seller = enter(alice, f"/trade/{trade.ref}/")
    seller.sees("What arrived from Jonas Weber?")
    assert driver.fresh(trade).status == "PAID"
    # The relayer comes back, finds the step made, and pays for nothing.
    live_site.background.start_relayer()
    _until(lambda: SignedCall.objects.get().status == "DONE")
    assert RelayTransaction.objects.count() == 0


def test_step_travels_as_a_link_that_a_phone_scans(
    driver: TradeDriver,
    enter: Enter,
    visit: Visit,
    live_site: Site,
    trade: Trade,
    cast: Any,
    bob: User,
) -> None:
    """The QR code's link opens the page with the step in it; what is sent is the contract's own call."""
    live_site.background.stop_relayer()
    with live_site.background.paused():
        driver.sign_move(trade, bob, "markPaid", open_for=DAY)
    buyer = enter(bob, f"/trade/{trade.ref}/")
    buyer.page.get_by_role("link", name="as a QR code, and who can send it").click()
    expect(buyer.page.get_by_role("img", name="QR code")).to_be_visible()
    link = buyer.page.locator("app-copy").get_attribute("value")
    assert link is not None

    stranger = visit(cast.carol, path="/submit/")
    stranger.page.goto(link)
    stranger.page.reload()
    expect(stranger.page.get_by_role("heading", name="It fits: “paid”")).to_be_visible()
    stranger.page.get_by_role("button", name="Send it from my wallet").click()
    expect(stranger.page.get_by_text("Done. The network has it")).to_be_visible(timeout=20_000)
    _until(lambda: driver.fresh(trade).status == "PAID")


def test_seller_releases_with_the_hub_gone(
    driver: TradeDriver, enter: Enter, live_site: Site, trade: Trade, cast: Any, bob: User
) -> None:
    """A node, the contract's address, the trade's id and a key end the trade; the hub catches up when it is back."""
    with live_site.background.paused():
        driver.sign_move(trade, bob, "markPaid")
        driver.settle_down(trade)
    buyer = enter(bob, f"/trade/{trade.ref}/")
    buyer.sees("Alice checks the bank")
    for trouble in ("net::ERR_", "WebSocket connection", "Failed to fetch"):
        buyer.visitor.expect_problem(trouble)
    live_site.stop()

    assert "may now: " in _finish(driver, trade, cast.alice).stderr
    done = _finish(driver, trade, cast.alice, "release")
    assert (done.returncode, done.stdout[:13]) == (0, "release: done")
    assert driver.balance(trade, bob) == 248_750_000
    assert driver.node.balance(bob.address) == 0

    live_site.start()
    buyer.open(f"/trade/{trade.ref}/")
    buyer.sees("Done. 248.75 USDC are in your wallet")


def _until(is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for what no page shows."""
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.1)


def _finish(
    driver: TradeDriver, trade: Trade, key: Any, *move: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            SCRIPT,
            os.environ["CHAIN_RPC_URL"],
            driver.node.contract,
            trade.trade_id,
            *move,
        ],
        env={**os.environ, "KEY": "0x" + bytes(key.key).hex()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
