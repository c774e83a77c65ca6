"""Two people trade from take to release in two browsers. What both pages say is what the chain did, to the unit."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from escrow.chain.types import ZERO_ADDRESS
from escrow.models import Asset
from marketplace.accounts.models import User
from marketplace.offers.models import Offer
from tests.browser.conftest import Enter
from tests.drivers.browser import Person
from tests.drivers.purse import Purse
from tests.drivers.trade import ETHER, TradeDriver
from tests.plugin.site import Site

READY_IS_STALE_SECONDS = 200
SIGN, SEND = "eth_signTypedData_v4", "eth_sendTransaction"
PAYER = "Jonas Weber"
ALICES_IBAN = "DE89 3704 0044 0532 0130 00"
BOBS_IBAN = "LT12 1000 0111 0100 1000"


def test_usdc_from_take_to_release(
    driver: TradeDriver, enter: Enter, live_site: Site, alice: User, bob: User
) -> None:
    """250 USDC for 231.40 EUR: ready check, one permit, one signature for "paid"; the buyer never has ether."""
    usdc = Asset.objects.get(symbol="USDC")
    offer = _market(driver, live_site, alice, usdc, poor=bob)
    before = Purse.of(driver.node, usdc.token, alice.address)

    buyer = enter(bob, f"/o/{offer.public_id}/")
    expect(buyer.page.locator("[data-net]")).to_be_visible()
    ref = buyer.buy(offer, fiat="231.40", name=PAYER)
    assert buyer.title() == "231.40 EUR for 248.75 USDC"
    buyer.sees("Do not pay yet")

    _let_time_pass(driver, live_site, READY_IS_STALE_SECONDS)
    seller = enter(alice, f"/trade/{ref}/")
    assert seller.title() == "250 USDC for 231.40 EUR"
    _ready_check(seller, buyer)
    seller.press("Lock 250 USDC")

    buyer.sees("Send 231.40 EUR to Alice")
    assert seller.wallet.prompts[-2:] == [SIGN, SEND]
    locked = Purse.of(driver.node, usdc.token, alice.address)
    assert (before.held - locked.held, locked.locked) == (250_000_000, 250_000_000)
    assert driver.node.allowance(usdc.token, alice.address) == 0

    _pay_and_release(buyer, seller, fiat="231.40", iban=ALICES_IBAN, coins="250 USDC")
    assert buyer.wallet.prompts[-2:] == [SIGN, SIGN]
    assert SEND not in buyer.wallet.prompts
    assert seller.wallet.prompts[-1] == SEND

    after = Purse.of(driver.node, usdc.token, alice.address)
    assert (after.held, after.locked, after.fees) == (locked.held, 1_250_000, 1_250_000)
    assert driver.node.token_balance(usdc.token, bob.address) == 248_750_000
    assert driver.node.balance(bob.address) == 0
    _both_read(
        buyer, seller, fiat="231.40 EUR", coins="250 USDC", fee="1.25 USDC", net="248.75 USDC"
    )


def test_ether_from_take_to_release(
    driver: TradeDriver, enter: Enter, live_site: Site, alice: User, bob: User
) -> None:
    """0.1 ETH for 250 EUR: one request locks; the buyer's first ether is what he bought."""
    ether = Asset.objects.get(symbol="ETH")
    offer = _market(driver, live_site, alice, ether, poor=bob)
    before = Purse.of(driver.node, ZERO_ADDRESS, alice.address)

    buyer = enter(bob, f"/o/{offer.public_id}/")
    ref = buyer.buy(offer, fiat="250", name=PAYER)
    seller = enter(alice, f"/trade/{ref}/")
    asked = len(seller.wallet.prompts)
    seller.press("Lock 0.1 ETH")
    buyer.sees("Send 250.00 EUR to Alice")
    assert seller.wallet.prompts[asked:] == [SEND]
    locked = Purse.of(driver.node, ZERO_ADDRESS, alice.address)
    assert (before.own - locked.own, locked.locked) == (ETHER // 10, ETHER // 10)
    assert driver.node.balance(bob.address) == 0

    _pay_and_release(buyer, seller, fiat="250.00", iban=ALICES_IBAN, coins="0.1 ETH")
    after = Purse.of(driver.node, ZERO_ADDRESS, alice.address)
    assert (after.own, after.locked, after.fees) == (locked.own, ETHER // 2000, ETHER // 2000)
    assert driver.node.balance(bob.address) == 995 * ETHER // 10_000
    _both_read(
        buyer, seller, fiat="250.00 EUR", coins="0.1 ETH", fee="0.0005 ETH", net="0.0995 ETH"
    )


def test_dai_is_allowed_then_locked(
    driver: TradeDriver, enter: Enter, live_site: Site, alice: User, bob: User
) -> None:
    """A coin without permit takes two requests, the first for exactly this trade's amount; nothing stays allowed."""
    dai = Asset.objects.get(symbol="DAI")
    offer = _market(driver, live_site, alice, dai, poor=bob)

    buyer = enter(bob, f"/o/{offer.public_id}/")
    ref = buyer.buy(offer, fiat="231.40", name=PAYER)
    seller = enter(alice, f"/trade/{ref}/")
    asked = len(seller.wallet.prompts)
    seller.press("Lock 250 DAI")
    buyer.sees("Send 231.40 EUR to Alice")
    assert seller.wallet.prompts[asked:] == [SEND, SEND]
    allowed = next(call[1][0] for call in seller.wallet.calls if call[0] == SEND)
    assert allowed["to"].lower() == dai.token.lower()
    assert int(allowed["data"][-64:], 16) == 250 * ETHER
    assert driver.node.allowance(dai.token, alice.address) == 0

    _pay_and_release(buyer, seller, fiat="231.40", iban=ALICES_IBAN, coins="250 DAI")
    assert driver.node.token_balance(dai.token, bob.address) == 24_875 * ETHER // 100
    assert driver.node.fees(dai.token) == 125 * ETHER // 100
    _both_read(buyer, seller, fiat="231.40 EUR", coins="250 DAI", fee="1.25 DAI", net="248.75 DAI")


def test_maker_buys(
    driver: TradeDriver, enter: Enter, live_site: Site, alice: User, bob: User
) -> None:
    """On a buy offer the taker sells: he names where to be paid, the maker names his payer and signs, then coins are locked."""
    usdc = Asset.objects.get(symbol="USDC")
    with live_site.background.paused():
        driver.give(bob, usdc.token, 400_000_000)
        offer = driver.offer(alice, "buy")
        driver.rpc("anvil_setBalance", alice.address, "0x0")

    buyer = enter(alice, "/trades/")
    seller = enter(bob, f"/o/{offer.public_id}/")
    ref = seller.sell(offer, fiat="231.40", name="Bob Ozols", iban=BOBS_IBAN)
    asked = len(seller.wallet.prompts)
    assert SIGN not in seller.wallet.prompts

    buyer.open(f"/trade/{ref}/")
    buyer.sees("Accept 231.40 EUR for 248.75 USDC?")
    buyer.page.get_by_label("Name on the account you pay from").fill(PAYER)
    buyer.press("Accept and sign 231.40 EUR")
    seller.sees("Lock 250 USDC for Alice")
    seller.press("Lock 250 USDC")
    buyer.sees("Send 231.40 EUR to Bob")
    assert seller.wallet.prompts[asked:] == [SIGN, SEND]

    _pay_and_release(buyer, seller, fiat="231.40", iban=BOBS_IBAN, coins="250 USDC")
    assert driver.node.token_balance(usdc.token, alice.address) == 248_750_000
    assert driver.node.token_balance(usdc.token, bob.address) == 150_000_000
    assert driver.node.balance(alice.address) == 0
    assert SEND not in buyer.wallet.prompts
    _both_read(
        buyer, seller, fiat="231.40 EUR", coins="250 USDC", fee="1.25 USDC", net="248.75 USDC"
    )


def _market(driver: TradeDriver, site: Site, maker: User, asset: Asset, *, poor: User) -> Offer:
    """The maker's sell offer with coins behind it; `poor` has no ether at all."""
    with site.background.paused():
        driver.give(maker, asset.token, 1_000 * 10**asset.decimals)
        driver.rpc("anvil_setBalance", poor.address, "0x0")
        return driver.offer(maker, asset=asset.symbol)


def _let_time_pass(driver: TradeDriver, site: Site, seconds: int) -> None:
    with site.background.paused():
        driver.skip(seconds)


def _ready_check(seller: Person, buyer: Person) -> None:
    """The lock opens only when the buyer says that he is here."""
    seller.sees("Ask Bob before you lock")
    expect(seller.page.get_by_role("button", name=re.compile("^Lock "))).to_have_count(0)
    seller.press("Ask Bob")
    buyer.sees("Are you here?")
    buyer.press("I'm here")
    buyer.sees("Do not pay yet")
    seller.sees("Lock 250 USDC for Bob")


def _pay_and_release(buyer: Person, seller: Person, *, fiat: str, iban: str, coins: str) -> None:
    """The buyer pays the account shown and says so; the seller sees the money and releases."""
    expect(buyer.account_row("IBAN")).to_have_text(iban)
    buyer.press(f"I have sent {fiat} EUR")
    seller.sees(f"What arrived from {PAYER}?")
    buyer.sees(f"{seller.user.name} checks the bank")
    seller.release(seen=fiat, coins=coins)
    buyer.sees("Done.")
    seller.sees("Done.")
    for person in (buyer, seller):
        person.sees_state("Released")


def _both_read(buyer: Person, seller: Person, *, fiat: str, coins: str, fee: str, net: str) -> None:
    """The same amounts on both pages: the buyer's are net of the fee."""
    assert buyer.title() == f"{fiat} for {net}"
    assert seller.title() == f"{coins} for {fiat}"
    by, to = buyer.user.name, seller.user.name
    assert buyer.ledger() == {
        "You pay, SEPA Instant": fiat,
        f"{to} locks": coins,
        "Fee, 0.5 %": f"−{fee}",
        "You get": net,
    }
    assert seller.ledger() == {
        "You are paid, SEPA Instant": fiat,
        "You lock": coins,
        "Fee, 0.5 %": f"−{fee}",
        f"{by} gets": net,
    }
    expect(buyer.heading).to_have_text(f"Done. {net} are in your wallet")
    expect(seller.heading).to_have_text(f"Done. You released {coins} to {by}")
