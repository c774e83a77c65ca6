"""Story 1: somebody with no wallet and no ether buys his first coins from the practice partner, on a phone."""

from __future__ import annotations

import time

from playwright.sync_api import expect

from escrow.models import Asset
from marketplace.money import base_units
from tests.drivers.practice import Newcomer
from tests.drivers.trade import TradeDriver
from tests.plugin.browser import Visit

MOST_TAPS = 6
THREE_MINUTES = 180


def test_newcomer_buys_with_no_ether(practice: TradeDriver, visit: Visit) -> None:
    """At most six taps from the front page to an open trade; what arrives is what the first page quoted."""
    usdc = Asset.objects.get(symbol="USDC")
    node = practice.node
    began = time.monotonic()
    page = visit(path="/", width=390).page
    you = Newcomer(page)
    page.reload()

    you.tap("Start a practice trade")
    page.wait_for_url("**/o/**")
    expect(page.get_by_label("You pay", exact=True)).to_have_value("200.00")
    quoted = page.get_by_label("You get, fee already off").input_value()
    # The faucet gives a little ether for those who sell; a buyer must never need it.
    practice.rpc("anvil_setBalance", you.address, "0x0")
    before = node.token_balance(usdc.token, you.address)
    page.get_by_label("Name on the account you pay from").click()
    page.keyboard.type("Jo Newcomer")
    you.tap("Buy ")
    said = you.confirm("Agree to these terms")
    page.wait_for_url("**/trade/**")
    assert you.taps <= MOST_TAPS
    assert said["You pay"] == "200.00 EUR by SEPA Instant"
    net = said["You get"].removesuffix(" USDC")
    # The offer's page rounds down to cents of a coin; the wallet and everything after it show every digit.
    assert net.startswith(quoted)
    assert said["Network fee"] == "none, a signature only"

    heading = page.locator("#trade-region .act h2").first
    expect(heading).to_contain_text("Send 200.00 EUR to", timeout=30_000)
    assert node.balance(you.address) == 0
    page.get_by_role("link", name="Pay in the practice bank").click()
    you.tap("Pay")
    page.wait_for_url("**/trade/**")
    you.tap("I have sent 200.00 EUR")
    you.confirm("Say that you have paid")
    expect(heading).to_have_text(f"Done. {net} USDC are in your wallet", timeout=60_000)

    assert node.token_balance(usdc.token, you.address) - before == base_units(net, 6)
    assert (node.balance(you.address), node.nonce_of(you.address)) == (0, 0)
    assert time.monotonic() - began < THREE_MINUTES
