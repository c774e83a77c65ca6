"""A hub that lies: the page refuses before anything is paid or signed, and reports it."""

import json
import re

import pytest
from playwright.sync_api import expect

from marketplace.trades.models import Trade

OTHER_IBAN = "GB33BUKB20201555555555"


@pytest.fixture
def room(driver, enter, cast, alice, bob):
    """A funded trade whose buyer looks at it from a browser that did not sign the terms."""
    trade = driver.funded(alice, bob)
    return enter(cast.bob, f"/trade/{trade.ref}/"), trade


def rewrite(page, pattern, change):
    """The hub's answers to these addresses pass through `change` first."""

    def answer(route):
        response = route.fetch()
        route.fulfill(response=response, body=change(response.text()))

    page.route(re.compile(pattern), answer)


def test_a_true_account_is_shown(room):
    visitor, _ = room
    expect(visitor.page.locator("app-account[data-checked]")).to_be_visible()


def test_a_swapped_account_is_refused_and_reported(room, caplog):
    """A hub that keeps another account under the same signed commitment."""
    visitor, trade = room
    page = visitor.page
    true = trade.payee_opening["details"]
    swapped = {**trade.payee_opening, "details": {**true, "iban": OTHER_IBAN}}
    Trade.objects.filter(pk=trade.pk).update(payee_opening=swapped)
    with page.expect_response(lambda response: response.request.method == "POST") as reported:
        page.reload()
    expect(page.get_by_role("alert").filter(has_text="Do not pay")).to_be_visible()
    expect(page.locator("app-account dl")).to_have_count(0)
    assert reported.value.ok
    assert f"{trade.ref}: the buyer's page refused" in caplog.text


@pytest.mark.parametrize(
    "swap",
    [
        pytest.param("rows[2].textContent = other", id="in the rows alone"),
        pytest.param("copies[2].setAttribute('value', other)", id="on the clipboard alone"),
        pytest.param("rows[2].closest('div').remove()", id="by leaving a row out"),
    ],
)
def test_rows_that_say_something_else_are_refused(room, swap):
    """The true account is in the sheet, but what would be read or copied is another."""
    page = room[0].page
    expect(page.locator("app-account[data-checked]")).to_be_visible()
    page.evaluate(
        f"""other => {{
          const account = document.querySelector("app-account");
          const rows = account.querySelectorAll("dd:not(.act-cell)"), copies = account.querySelectorAll("app-copy");
          {swap};
          document.dispatchEvent(new Event("htmx:after:swap"));
        }}""",
        OTHER_IBAN,
    )
    expect(page.get_by_role("alert").filter(has_text="Do not pay")).to_be_visible()
    expect(page.get_by_text(OTHER_IBAN)).to_have_count(0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "1"),
        ("seller", "0x000000000000000000000000000000000000dEaD"),
        ("releaseWindow", "2592000"),
    ],
)
def test_another_trade_is_not_signed(room, field, value):
    visitor, trade = room
    page = visitor.page

    def change(text):
        sheet = json.loads(text)
        sheet["trade"][field] = value
        return json.dumps(sheet)

    rewrite(page, rf"/trade/{trade.ref}/sheet/$", change)
    before = list(visitor.wallet.prompts)
    page.get_by_role("button", name="I have sent").first.click()
    expect(page.get_by_text("This page stopped")).to_be_visible()
    assert visitor.wallet.prompts == before


def test_another_contract_is_not_signed_for(room):
    visitor, trade = room
    page = visitor.page
    rewrite(
        page,
        rf"/trade/{trade.ref}/sheet/$",
        lambda text: json.dumps(
            {**json.loads(text), "contract": "0x000000000000000000000000000000000000dEaD"}
        ),
    )
    before = list(visitor.wallet.prompts)
    page.get_by_role("button", name="I have sent").first.click()
    expect(page.get_by_text("This page stopped")).to_be_visible()
    assert visitor.wallet.prompts == before


def test_a_refusal_in_the_wallet_is_calm_and_can_be_tried_again(room):
    visitor, _ = room
    page = visitor.page
    visitor.wallet.refuse("eth_signTypedData_v4")
    page.get_by_role("button", name="I have sent").first.click()
    expect(page.get_by_text("You closed the wallet request. Nothing was sent.")).to_be_visible()
    page.get_by_role("button", name="I have sent").first.click()
    expect(
        page.get_by_role("heading", name="is being recorded").or_(
            page.get_by_text("Marked paid").first
        )
    ).to_be_visible()
