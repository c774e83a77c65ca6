"""The moves beside the straight way, each from the page: other terms, more time, giving back, the last step after silence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from escrow.models import Chain, Submission
from escrow.selectors import STALE_HEAD_SECONDS
from escrow.services import record_submission
from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from realtime.hints import hint
from tests.browser.conftest import Enter
from tests.drivers.browser import PATIENCE_MILLISECONDS, Person
from tests.drivers.trade import ETHER, TradeDriver
from tests.plugin.site import Site

SIGN, SEND = "eth_signTypedData_v4", "eth_sendTransaction"
MORE_SECONDS = 1800


@pytest.fixture
def trade(driver: TradeDriver, live_site: Site, alice: User, bob: User) -> Trade:
    """250 USDC locked by Alice for Bob, who has no ether."""
    with live_site.background.paused():
        driver.rpc("anvil_setBalance", bob.address, "0x0")
        return driver.funded(alice, bob)


@pytest.fixture
def buyer(enter: Enter, trade: Trade, bob: User) -> Person:
    return enter(bob, f"/trade/{trade.ref}/")


@pytest.fixture
def seller(enter: Enter, trade: Trade, alice: User) -> Person:
    return enter(alice, f"/trade/{trade.ref}/")


def test_other_price_is_proposed_accepted_and_signed(
    driver: TradeDriver, enter: Enter, live_site: Site, alice: User, bob: User
) -> None:
    """231.40 EUR at 0.93 instead of 0.9256: new terms that the buyer signs again, then exactly these are locked."""
    with live_site.background.paused():
        trade = driver.agreed(alice, bob)
        driver.give(alice, trade.asset.token, 1_000_000_000)
    buyer, seller = (enter(user, f"/trade/{trade.ref}/") for user in (bob, alice))
    seller.page.get_by_text("Change the terms").click()
    seller.page.get_by_label("Price", exact=True).fill("0.93")
    seller.press("Send this proposal")

    buyer.sees("Accept 231.40 EUR at 0.93?")
    expect(buyer.page.locator(".slip")).to_contain_text("0.93")
    buyer.press("Accept 231.40 EUR")
    buyer.sees("Accept 231.40 EUR for 247.573118 USDC?")
    buyer.press("Accept and sign 231.40 EUR")
    seller.sees("Lock 248.817204 USDC for Bob")
    assert buyer.wallet.prompts[-1] == SIGN

    seller.press("Lock 248.817204 USDC")
    buyer.sees("Send 231.40 EUR to Alice")
    assert driver.node.token_balance(trade.asset.token, driver.node.contract) == 248_817_204
    trade = driver.fresh(trade)
    assert (trade.terms_version, trade.is_extra) == (2, False)


def test_buyer_leaves_before_anything_is_locked(
    driver: TradeDriver, enter: Enter, live_site: Site, alice: User, bob: User
) -> None:
    with live_site.background.paused():
        trade = driver.agreed(alice, bob)
    buyer, seller = (enter(user, f"/trade/{trade.ref}/") for user in (bob, alice))
    buyer.press("Leave, nothing is owed")
    for person in (buyer, seller):
        person.sees("This trade ended before it began")
    assert driver.fresh(trade).outcome == "DECLINED"
    assert SEND not in seller.wallet.prompts


def test_more_time_is_asked_and_given(
    driver: TradeDriver, buyer: Person, seller: Person, trade: Trade
) -> None:
    buyer.press("Ask for more time")
    expect(seller.page.get_by_text("Bob asks for more time.")).to_be_visible()
    seller.press("Give 30 minutes more")
    for person in (buyer, seller):
        told = person.page.locator("[data-log] .sys", has_text="Alice gave more time to pay")
        expect(told).to_be_visible(timeout=PATIENCE_MILLISECONDS)
    later = driver.fresh(trade)
    assert later.pay_by - trade.pay_by == MORE_SECONDS
    assert driver.node.escrow_state(trade.trade_id).pay_by == later.pay_by
    buyer.sees("Send 231.40 EUR to Alice")


def test_buyer_gives_the_coins_back(
    driver: TradeDriver, buyer: Person, seller: Person, trade: Trade, alice: User, bob: User
) -> None:
    """One signature, with his word that he has sent nothing; the seller has all coins again."""
    before = driver.balance(trade, alice)
    buyer.page.get_by_text("Cancel, I have not paid").click()
    buyer.press("Give 250 USDC back")
    assert SIGN not in buyer.wallet.prompts
    buyer.page.get_by_label("I have not sent any money for this trade.").check()
    buyer.press("Give 250 USDC back")
    buyer.sees("You gave 250 USDC back to Alice")
    seller.sees("250 USDC are back in your wallet")
    assert driver.balance(trade, alice) - before == 250_000_000
    assert (driver.balance(trade, bob), driver.node.fees(trade.asset.token)) == (0, 0)
    assert driver.node.balance(bob.address) == 0


def test_buyer_sends_the_last_step_himself(
    driver: TradeDriver, enter: Enter, live_site: Site, trade: Trade, bob: User, alice: User
) -> None:
    """The seller's time ran out and nobody relays: with a little gas the buyer ends it, and the text says why."""
    with live_site.background.paused():
        driver.sign_move(trade, bob, "markPaid")
        trade = driver.settle_down(trade)
    live_site.background.stop_relayer()
    with live_site.background.paused():
        driver.skip_past(trade.since + trade.release_seconds)
        driver.rpc("anvil_setBalance", bob.address, hex(ETHER))
    buyer, seller = (enter(user, f"/trade/{trade.ref}/") for user in (bob, alice))
    buyer.sees("Alice's time ran out: the coins are yours")
    seller.sees("Your time to look ran out")
    buyer.press("Send the last step myself")
    buyer.sees("Done. 248.75 USDC went to you")
    seller.sees("Your time ran out: the coins went to Bob")
    assert driver.balance(trade, bob) == 248_750_000


def test_page_says_that_the_chain_is_not_read(
    live_site: Site, buyer: Person, seller: Person, trade: Trade, driver: TradeDriver
) -> None:
    """The follower stands still: the page says so and keeps what was signed; it goes on when the follower is back."""
    slow = buyer.page.get_by_text("The network is slow. Your last step is saved")
    buyer.sees("Send 231.40 EUR to Alice")
    expect(slow).to_have_count(0)
    with live_site.background.paused():
        long_ago = timezone.now() - timedelta(seconds=STALE_HEAD_SECONDS + 1)
        Chain.objects.update(polled_at=long_ago)
        buyer.press("I have sent 231.40 EUR")
        buyer.sees("“Paid” is being recorded")
        expect(slow).to_be_visible()
    buyer.sees("Alice checks the bank")
    expect(slow).to_have_count(0)
    seller.sees("What arrived from Jonas Weber?")
    assert driver.fresh(trade).status == "PAID"


def test_what_is_typed_survives_a_refresh(
    live_site: Site, buyer: Person, seller: Person, trade: Trade
) -> None:
    """Hints make the card look again while somebody types; his words, ticks and open folds stay."""
    buyer.press("I have sent 231.40 EUR")
    seller.sees("What arrived from Jonas Weber?")
    page = seller.page
    page.get_by_label("Amount you see in your account").fill("231.40")
    page.get_by_label("I see it in my own bank").check()
    page.get_by_text("Offer a split").click()
    page.get_by_label("To Bob, before the fee").fill("100")
    for _ in range(3):
        with page.expect_response(lambda answer: answer.url.endswith("/region/")):
            hint(f"trade:{trade.ref}")
    page.wait_for_timeout(300)
    expect(page.get_by_label("Amount you see in your account")).to_have_value("231.40")
    expect(page.get_by_label("I see it in my own bank")).to_be_checked()
    expect(page.get_by_label("To Bob, before the fee")).to_have_value("100")
    seller.press("Release 250 USDC")
    seller.sees("Done. You released 250 USDC to Bob")


def test_page_of_a_dispute_that_was_not_sent_shows_the_choice_again(
    driver: TradeDriver, enter: Enter, live_site: Site, trade: Trade, alice: User, bob: User
) -> None:
    """The wallet never sent it: the page that waited for it becomes the page before it, not an empty one."""
    with live_site.background.paused():
        driver.sign_move(trade, bob, "markPaid")
        trade = driver.settle_down(trade)
        sent = record_submission(
            account=alice.address, trade_id=trade.trade_id, move="dispute", tx_hash=f"0x{7:064x}"
        )
        seller = enter(alice, f"/trade/{trade.ref}/dispute/")
        waits = seller.page.get_by_role("heading", name="The dispute is being recorded")
        expect(waits).to_be_visible()
        Submission.objects.filter(pk=sent.pk).update(status="DROPPED")
        hint(f"trade:{trade.ref}")
        expect(seller.page.get_by_role("heading", name="What is wrong?")).to_be_visible()
