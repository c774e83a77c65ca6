"""Signing in with a wallet: words first, two taps, one signature; a refusal is calm."""

import os
from types import SimpleNamespace

from playwright.sync_api import expect

from tests.drivers import wallets


def test_two_taps_and_one_signature_sign_in(visit, cast):
    visitor = visit(cast.bob, path="/connect/?next=/guide/")
    page = visitor.page
    page.get_by_role("button", name="Test wallet").click()
    page.get_by_role("button", name="Open my wallet to sign").click()
    page.wait_for_url("**/guide/")
    expect(page.get_by_role("button", name=cast.bob.address[:6])).to_be_visible()
    assert visitor.wallet.prompts == ["eth_requestAccounts", "personal_sign"]


def test_a_refusal_leaves_everything_as_it_was(visit, cast):
    visitor = visit(cast.bob, path="/connect/")
    visitor.wallet.refuse("personal_sign")
    page = visitor.page
    page.get_by_role("button", name="Test wallet").click()
    page.get_by_role("button", name="Open my wallet to sign").click()
    expect(page.locator("[data-status]")).to_have_text(
        "You closed the wallet request. Nothing was sent."
    )
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


class Owners:
    """What a wallet of two owners is to its page: one address, and as many signatures as were given so far."""

    def __init__(self, address, *signed):
        self.address = address
        self.signed = list(signed)

    def sign_message(self, message):
        parts = [bytes(owner.sign_message(message).signature) for owner in self.signed]
        return SimpleNamespace(signature=b"".join(parts))


def test_a_wallet_with_two_owners_goes_on_with_the_same_message_after_the_page_was_closed(
    visit, live_site, cast
):
    """The page asks the wallet whether the account is a contract, and gives its owners a day."""
    address = wallets.shared_wallet(os.environ["CHAIN_RPC_URL"], cast.alice, cast.bob)
    owners = Owners(address, cast.alice)
    visitor = visit(owners, path="/connect/?next=/guide/")
    visitor.expect_problem("403")
    page = visitor.page
    page.get_by_role("button", name="Test wallet").click()
    expect(page.get_by_text("The owners of this wallet may sign until")).to_be_visible()
    nonce = page.locator("[data-nonce]").inner_text()
    page.get_by_role("button", name="Open my wallet to sign").click()
    expect(page.locator("[data-status]")).to_contain_text("for 19 more tries")
    page.goto("/connect/?next=/guide/")
    owners.signed.append(cast.bob)
    page.get_by_role("button", name="Test wallet").click()
    expect(page.locator("[data-nonce]")).to_have_text(nonce)
    page.get_by_role("button", name="Open my wallet to sign").click()
    page.wait_for_url("**/guide/")
    expect(page.get_by_role("button", name=address[:6])).to_be_visible()


def test_owners_can_start_over_with_a_new_message(visit, live_site, cast):
    visitor = visit(cast.bob, path="/connect/")
    page = visitor.page
    page.get_by_role("checkbox", name="My wallet has several owners").check()
    page.get_by_role("button", name="Test wallet").click()
    expect(page.locator("[data-life]")).to_contain_text("until")
    nonce = page.locator("[data-nonce]").inner_text()
    page.get_by_role("button", name="Start over with a new message").click()
    expect(page.locator("[data-nonce]")).not_to_have_text(nonce)
    page.get_by_role("checkbox", name="My wallet has several owners").uncheck()
    expect(page.locator("[data-life]")).to_have_text("5 minutes")
    expect(page.get_by_role("button", name="Start over with a new message")).to_be_hidden()


def test_nobody_signs_twice_because_the_line_broke(visit, cast):
    visitor = visit(cast.bob, path="/connect/?next=/guide/")
    visitor.expect_problem("ERR_FAILED")
    page = visitor.page
    page.route("**/connect/verify/", lambda route: route.abort(), times=1)
    page.get_by_role("button", name="Test wallet").click()
    page.get_by_role("button", name="Open my wallet to sign").click()
    expect(page.locator("[data-status]")).to_have_text(
        "The connection failed. Nothing was lost. Try again in a moment."
    )
    page.get_by_role("button", name="Open my wallet to sign").click()
    page.wait_for_url("**/guide/")
    assert visitor.wallet.prompts == ["eth_requestAccounts", "personal_sign"]
