"""Story 2: the first sale, to a buyer who says "paid", sends a picture and pays nothing."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from escrow.chain.types import ZERO_ADDRESS
from marketplace.trades.models import Trade
from tests.drivers.practice import Newcomer
from tests.drivers.purse import Purse
from tests.drivers.trade import ETHER, TradeDriver
from tests.plugin.browser import Visit

LETTER = "The seller's bank shows no booking, and the buyer showed a picture only."


def test_seller_keeps_his_ether(practice: TradeDriver, visit: Visit) -> None:
    """An empty bank account opens no release; the arbitrator gives the buyer nothing, and 0.1 ETH come back."""
    page = visit(path="/", width=390).page
    you = Newcomer(page)
    you.play("A second you")
    expect(page.get_by_role("button", name=", menu")).to_be_visible()

    page.goto("/market/sell/ETH/EUR/")
    page.get_by_role("link", name="Sell to Marta").click()
    page.get_by_label("You sell").fill("0.1")
    page.locator("[name='sepa-instant-name']").fill("Jo Newcomer")
    page.locator("[name='sepa-instant-iban']").fill("DE89 3704 0044 0532 0130 00")
    you.tap("Sell ")
    page.wait_for_url("**/trade/**")
    page.get_by_role("combobox", name="Marta").select_option(
        "Says paid, sends a picture, pays nothing"
    )
    you.tap("Play it so")

    heading = page.locator("#trade-region .act h2").first
    expect(heading).to_have_text("Lock 0.1 ETH for Marta", timeout=30_000)
    before = Purse.of(practice.node, ZERO_ADDRESS, you.address)
    you.tap("Lock 0.1 ETH")
    assert you.confirm("Lock the coins")["Locked"] == "0.10 ETH"
    expect(heading).to_contain_text("What arrived from Marta Kowalska?", timeout=30_000)
    locked = Purse.of(practice.node, ZERO_ADDRESS, you.address)
    assert before.own - locked.own == locked.locked - before.locked == ETHER // 10

    _see_an_empty_bank(page)
    _be_refused_the_release(page, you)
    _open_a_dispute(page, you)
    trade = Trade.objects.get(seller__address=you.address)
    _rule_all_to_the_seller(visit, trade)

    page.goto(f"/trade/{trade.ref}/")
    expect(heading).to_have_text("Decided: 0.1 ETH for you", timeout=30_000)
    after = Purse.of(practice.node, ZERO_ADDRESS, you.address)
    assert (after.own, after.locked, after.fees) == (before.own, before.locked, before.fees)
    trade.refresh_from_db()
    assert (trade.outcome, trade.to_buyer) == ("RULED", 0)


def _see_an_empty_bank(page: Page) -> None:
    expect(page.locator("[data-log] .msg").first).to_be_attached()
    page.get_by_role("link", name="See the practice bank").click()
    expect(page.get_by_text("Nothing has moved yet")).to_be_visible()
    page.go_back()


def _be_refused_the_release(page: Page, you: Newcomer) -> None:
    """What he sees is 0, so the release stays shut: no wallet is asked."""
    seen = page.get_by_label("Amount you see in your account")
    seen.fill("0")
    page.get_by_label("I see it in my own bank").check()
    you.tap("Release 0.1 ETH")
    assert seen.evaluate("input => input.validity.patternMismatch")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#trade-region .act h2").first).to_contain_text("What arrived")


def _open_a_dispute(page: Page, you: Newcomer) -> None:
    page.get_by_role("link", name="Nothing came").click()
    page.get_by_label("What happened, in your own words").fill(
        "Marta says paid and sent a picture. My account shows nothing since this morning."
    )
    page.get_by_label("All coins back to the seller").check()
    you.tap("Review before signing")
    you.tap("Open the dispute")
    you.confirm("Ask the arbitrator")
    expect(page.get_by_text("Add your side")).to_be_visible(timeout=30_000)


def _rule_all_to_the_seller(visit: Visit, trade: Trade) -> None:
    """The arbitrator of the practice network, played through the wallet's menu."""
    page = visit(path="/", width=1280).page
    petra = Newcomer(page)
    petra.play("Petra")
    page.wait_for_url("**/desk/")
    page.goto("/desk/queue/")
    page.get_by_role("row").filter(has_text=trade.ref).get_by_role("link").click()
    petra.tap("Take the case")
    expect(page.locator(".said").filter(has_text="My account shows nothing")).to_be_visible()
    for finding in ("paid", "on_time", "right_name", "right_amount"):
        page.locator(f"[name={finding}][value=no]").check(force=True)
    page.locator("[name=outcome][value=all_to_seller]").check(force=True)
    page.get_by_label("Reason both will read").select_option(value="not_paid")
    page.get_by_label("Letter", exact=True).fill(LETTER)
    petra.tap("Preview as both will read it")
    petra.tap("Rule: 0 ETH to Marta")
    said = petra.confirm("Decide this case")
    assert (said["To the buyer"], said["To the seller"]) == ("0.00 ETH", "0.10 ETH")
    expect(page.get_by_text(LETTER)).to_be_visible(timeout=30_000)
