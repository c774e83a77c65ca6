"""A whole trade through the pages: every wallet request is made by the elements, every answer by the real parts."""

from contextlib import suppress
from pathlib import Path

from playwright.sync_api import expect

from escrow.models import Asset
from escrow.submissions import watch_once

BLOCKS = 20
SHOTS = Path("test-results/trade")


def shoot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def until(driver, shown):
    """Let the network go on, block by block, until the page shows it."""
    for _ in range(BLOCKS):
        driver.mine(1)
        watch_once()
        with suppress(AssertionError):
            expect(shown).to_be_visible(timeout=1_500)
            return
    expect(shown).to_be_visible()


def test_buyer_and_seller_trade_through_the_pages(driver, enter, cast, alice):
    driver.give(alice, Asset.objects.get(symbol="USDC").token, 2_000 * 10**6)
    offer = driver.offer(alice)
    buyer = enter(cast.bob, f"/o/{offer.public_id}/")
    page = buyer.page
    page.locator("[data-fiat]").fill("231.40")
    expect(page.locator("[data-net]")).to_have_value("248.75")
    page.get_by_label("Name on the account you pay from").fill("Jonas Weber")
    shoot(page, "1-offer")
    page.locator("[data-take] [data-go]").click()
    page.wait_for_url("**/trade/**")
    shoot(page, "2-signed")
    assert buyer.wallet.prompts[-1:] == ["eth_signTypedData_v4"]

    room = page.url.replace(page.url.split("/trade/")[0], "")
    seller = enter(cast.alice, room)
    shoot(seller.page, "3-lock")
    seller.page.get_by_role("button", name="Lock").first.click()
    until(driver, page.locator("app-account[data-checked]"))
    expect(page.get_by_text("Send 231.40 EUR")).to_be_visible()
    shoot(page, "4-pay")
    assert seller.wallet.prompts[-2:] == ["eth_signTypedData_v4", "eth_sendTransaction"]

    page.get_by_role("button", name="I have sent").first.click()
    until(driver, seller.page.get_by_label("Amount you see in your account"))
    seller.page.get_by_label("Amount you see in your account").fill("231.40")
    seller.page.get_by_label("I see it in my own bank").check()
    shoot(seller.page, "5-confirm")
    seller.page.get_by_role("button", name="Release").first.click()
    until(driver, page.locator(".chip.state", has_text="Released"))
    assert buyer.wallet.prompts == [
        "eth_requestAccounts",
        "personal_sign",
        *["eth_signTypedData_v4"] * 2,
    ]
    shoot(page, "6-done")
