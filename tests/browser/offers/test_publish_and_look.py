"""A maker signs in with a wallet, writes an offer in seven steps and publishes it; others find it, also without script."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from escrow.chain.typed_data import commitment
from marketplace.offers.models import Offer
from marketplace.prices.tasks import refresh_prices
from practice.faucet import fill
from tests.drivers.pictures import keep
from tests.plugin.browser import Visit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def prices(live_site: Any, cast: Any) -> None:
    """The devnet's feeds, read once, and coins in the maker's wallet."""
    refresh_prices()
    fill(cast.alice.address)


def sign_in(page: Page, path: str) -> None:
    """Through the sheet, as a person does."""
    page.goto(f"/connect/?next={path}")
    page.locator("[data-wallets] button").first.click()
    page.get_by_role("button", name="Open my wallet to sign").click()
    page.wait_for_url(f"**{path}")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_an_offer_is_written_signed_and_found(
    visit: Visit, cast: Any, prices: None, width: int, dark: bool
) -> None:
    maker = visit(cast.alice, path=None, width=width, dark=dark)
    page = maker.page
    page.goto("/connect/?next=/offers/new/side/")
    page.locator("[data-wallets] button").first.click()
    expect(page.locator("[data-nonce]")).to_have_text(re.compile("^[A-Za-z0-9]{17}$"))
    keep(page, f"connect-{width}")
    page.get_by_role("button", name="Open my wallet to sign").click()
    page.wait_for_url("**/offers/new/side/")

    page.get_by_label("I sell coins").check()
    page.get_by_label("Coin", exact=True).select_option("USDC")
    page.get_by_label("Money", exact=True).select_option("EUR")
    keep(page, f"side-{width}")
    page.get_by_role("button", name="Continue to amount").click()

    page.get_by_label("How many USDC").fill("1.234,56")
    page.get_by_label("Least per trade").fill("50")
    page.get_by_label("Most per trade").fill("800")
    page.get_by_role("button", name="Continue to price").click()
    expect(page.get_by_text("Write the amount with a decimal point")).to_be_visible()
    keep(page, f"amount-{width}")
    page.get_by_label("How many USDC").fill("1240")
    page.get_by_role("button", name="Continue to price").click()

    page.get_by_label("Compared with the market").fill("-0.7")
    expect(page.locator("#price-preview")).to_contain_text("0.7 % under")
    keep(page, f"price-{width}")
    page.get_by_role("button", name="Continue to methods").click()

    page.get_by_role("checkbox", name="SEPA Instant").check()
    page.locator("[name='sepa-instant-name']").fill("Alice Ozola")
    page.locator("[name='sepa-instant-iban']").fill("DE89 3704 0044 0532 0130 00")
    keep(page, f"methods-{width}")
    page.get_by_role("button", name="Continue to who may take it").click()
    keep(page, f"takers-{width}")
    page.get_by_role("button", name="Continue to terms").click()
    page.get_by_label("Your words").fill("Instant transfer please.\nI am here most afternoons.")
    keep(page, f"terms-{width}")
    page.get_by_role("button", name="Continue to review").click()
    keep(page, f"review-{width}")
    page.get_by_role("button", name="Sign and publish").click()
    page.wait_for_url("**/o/*/")
    keep(page, f"own-offer-{width}")

    offer = Offer.objects.get()
    row = offer.methods.get()
    assert row.payee_opening is not None
    assert row.payee_commitment == commitment(
        row.payee_opening["details"], row.payee_opening["salt"]
    )
    assert (offer.margin_bps, offer.min_fiat, offer.stock_base_units) == (
        -70,
        Decimal(50),
        1_240_000_000,
    )
    assert maker.wallet is not None
    assert maker.wallet.prompts == ["eth_requestAccounts", "personal_sign", "eth_signTypedData_v4"]
    page.goto("/offers/")
    keep(page, f"mine-{width}")

    reader = visit(path="/market/buy/USDC/EUR/?amount=200", width=width, dark=dark).page
    keep(reader, f"market-{width}")
    reader.get_by_role("link", name="Buy from").click()
    expect(reader.get_by_role("heading", level=1)).to_contain_text("sells USDC at")
    keep(reader, f"offer-{width}")
    reader.goto(f"/u/{offer.maker.address}/")
    keep(reader, f"profile-{width}")
    reader.goto("/market/buy/USDC/EUR/?method=revolut&amount=200")
    keep(reader, f"empty-{width}")

    plain = visit(path="/market/buy/USDC/EUR/?amount=200", width=width, javascript=False).page
    plain.get_by_role("link", name="Buy from").click()
    expect(plain.get_by_text("If someone vanishes")).to_be_visible()

    buyer = visit(cast.bob, path=None, width=width, dark=dark).page
    sign_in(buyer, f"/o/{offer.public_id}/")
    buyer.get_by_label("You pay", exact=True).fill("231.40")
    expect(buyer.locator("[data-out=fiat] .amt, [data-out=fiat]").first).to_contain_text("231.40")
    keep(buyer, f"take-{width}")
    buyer.goto("/settings/profile/")
    keep(buyer, f"settings-{width}")
    buyer.goto("/inbox/")
    keep(buyer, f"inbox-{width}")
