"""Story 7: the buyer paid, both tabs are closed and the seller never looks. Mail tells him; the coins go to the buyer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from tests.browser.conftest import Enter
from tests.drivers.mail import MailServer, mail_server, text_of
from tests.drivers.trade import TradeDriver
from tests.plugin.site import Site

PATIENCE_SECONDS = 30.0
LOOK = "Time is running: check your bank"


@pytest.fixture
def post(settings: Any) -> Iterator[MailServer]:
    with mail_server(settings) as server:
        yield server


@pytest.fixture
def trade(post: MailServer, driver: TradeDriver, live_site: Site, alice: User, bob: User) -> Trade:
    """250 USDC locked by Alice for Bob, who has no ether."""
    with live_site.background.paused():
        driver.rpc("anvil_setBalance", bob.address, "0x0")
        return driver.funded(alice, bob)


def test_a_seller_who_sleeps_is_told_twice_and_then_loses_his_say(
    driver: TradeDriver,
    enter: Enter,
    live_site: Site,
    post: MailServer,
    trade: Trade,
    alice: User,
    bob: User,
) -> None:
    """She sets up mail and closes her tab; he says that he paid and closes his. Nobody opens a page until the end."""
    seller = enter(alice, "/settings/notifications/")
    seller.page.get_by_label("Mail address").fill("alice@example.org")
    seller.press("Send the mail")
    mails(post, 1)
    seller.open(post.link("arrived"))
    seller.press("Yes, send notices here")
    seller.page.get_by_role("heading", name="Confirmed").wait_for()
    seller.page.close()

    buyer = enter(bob, f"/trade/{trade.ref}/")
    buyer.press("I have sent 231.40 EUR")
    buyer.sees("Alice checks the bank")
    buyer.page.close()
    mails(post, 2, "Your turn: check your bank")

    trade = driver.fresh(trade)
    end = trade.since + trade.release_seconds
    skip_to(driver, live_site, end - trade.release_seconds // 2)
    mails(post, 3, LOOK)
    skip_to(driver, live_site, end - trade.release_seconds // 4)
    told = mails(post, 4, LOOK)
    assert "the coins go to the buyer" in told
    skip_to(driver, live_site, end)
    told = mails(post, 5, "Your time to look ran out")
    assert "the coins went to the buyer" in told
    assert f"/trade/{trade.ref}/" in told

    assert driver.balance(trade, bob) == 248_750_000
    assert driver.node.balance(bob.address) == 0
    trade = driver.fresh(trade)
    assert (trade.status, trade.outcome) == ("CLOSED", "TIMED_OUT")
    seller = enter(alice, f"/trade/{trade.ref}/")
    seller.sees("Your time ran out: the coins went to Bob")
    assert len(post.given) == 5


def skip_to(driver: TradeDriver, site: Site, moment: int) -> None:
    with site.background.paused():
        driver.skip_past(moment)


def mails(post: MailServer, count: int, subject: str = "") -> str:
    """Wait until so many mails have come; the text of the last."""
    patience = time.monotonic() + PATIENCE_SECONDS
    while len(post.given) < count:
        assert time.monotonic() < patience, [message["Subject"] for message in post.given]
        time.sleep(0.05)
    last = post.given[-1]
    assert len(post.given) == count
    assert str(last["Subject"]).startswith(subject)
    return text_of(last)
