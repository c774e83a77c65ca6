"""Signing in with a wallet: words first, two taps, one signature; a refusal is calm."""

from playwright.sync_api import expect


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
