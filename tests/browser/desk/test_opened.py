"""Messages opened for the arbitrator: sealed for the account that the contract names, checked in her own browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from chat.models import Entry
from escrow.chain.keys import ARBITRATOR, cast_account
from marketplace.accounts.models import User
from marketplace.moderation.services.cases import claim_case
from marketplace.trades.models import Trade
from tests.browser.chat.conftest import ready, said, say
from tests.browser.chat.test_sealed import fits
from tests.browser.conftest import Enter
from tests.drivers.browser import Person
from tests.drivers.trade import TradeDriver
from tests.plugin.browser import Visit
from tests.plugin.site import Site

ASKED, ANSWERED, PRIVATE = "Did you send it?", "Yes, 231.40 at 14:12.", "My sister is ill."


@pytest.fixture
def petra(visit: Visit, transactional_db: None) -> Person:
    """The arbitrator of the hub's list, not signed in yet."""
    account = cast_account(ARBITRATOR)
    user = User.objects.get_or_create(address=account.address, defaults={"name": "Petra"})[0]
    user.groups.add(Group.objects.get_or_create(name="arbitrator")[0])
    return Person(visit(account, path=None), user)


@pytest.fixture
def disputed(driver: TradeDriver, live_site: Site, alice: User, bob: User, petra: Person) -> Trade:
    with live_site.background.paused():
        trade = driver.disputed(alice, bob)
        claim_case(trade, by=petra.user)
    return trade


@pytest.fixture
def talked(disputed: Trade, enter: Enter, alice: User, bob: User) -> tuple[Person, Person]:
    """Alice and Bob, who have said three things in the trade's room."""
    hers, his = (enter(user, f"/trade/{disputed.ref}/") for user in (alice, bob))
    ready(hers.page)
    ready(his.page)
    say(hers.page, ASKED)
    expect(his.page.locator(".msg", has_text=ASKED)).to_be_visible()
    for text in (ANSWERED, PRIVATE):
        say(his.page, text)
        expect(hers.page.locator(".msg", has_text=text)).to_be_visible()
    assert said(hers.page) == [ASKED, ANSWERED, PRIVATE]
    return hers, his


def pick(person: Person, trade: Trade, *texts: str) -> None:
    """Tick messages and open them."""
    page = person.page
    person.open(f"/trade/{trade.ref}/dispute/messages/")
    for text in texts:
        page.get_by_role("checkbox", name=text).check()
    page.get_by_role("button", name="Open the ticked ones for the arbitrator").click()
    page.wait_for_url(f"**/trade/{trade.ref}/dispute/")


def opened(page: Page) -> list[str]:
    return page.locator("app-opened .is-good > p").all_inner_texts()


def test_nothing_can_be_opened_before_the_arbitrator_has_a_key(
    disputed: Trade, talked: tuple[Person, Person]
) -> None:
    """E09: no key of the account that the contract names, no opening; the page says so."""
    _, his = talked
    his.open(f"/trade/{disputed.ref}/dispute/messages/")
    expect(his.page.get_by_text("The arbitrator has no key in this room yet")).to_be_visible()
    his.page.get_by_role("checkbox", name=ANSWERED).check()
    his.page.get_by_role("button", name="Open the ticked ones").click()
    expect(his.page.locator("[data-status]")).to_contain_text("has no key in this room yet")
    assert Entry.objects.filter(kind="message").count() == 3


def test_opened_messages_are_verified_on_the_desk_and_gaps_are_gaps(
    disputed: Trade, talked: tuple[Person, Person], petra: Person, tmp_path: Path, visit: Visit
) -> None:
    """E06, E07: she reads what was opened and nothing else; the other side is told; the file holds without the hub."""
    hers, his = talked
    case = f"/desk/case/{disputed.ref}/"
    petra.sign_in(case)
    expect(petra.page.get_by_text("No message was opened for this browser yet")).to_be_visible()
    pick(his, disputed, ASKED, ANSWERED)
    petra.open(case)
    expect(petra.page.locator("app-opened .is-good")).to_have_count(2)
    assert opened(petra.page) == [ASKED, ANSWERED]
    expect(petra.page.locator("app-opened .is-good").first).to_contain_text("opened by Bob")
    expect(petra.page.locator("app-opened .is-closed").first).to_contain_text("not shown")
    assert PRIVATE not in petra.page.content()
    hers.page.reload()
    ready(hers.page)
    expect(hers.page.locator(".sys").filter(has_text="let the arbitrator read 2")).to_be_visible()
    expect(hers.page.locator(".hidden-msg")).to_contain_text("Sealed for the arbitrator")

    with petra.page.expect_download() as saving:
        petra.page.get_by_role("button", name="Save as a file").click()
    path = tmp_path / "case.json"
    saving.value.save_as(path)
    assert json.loads(path.read_text())["kind"] == "parley evidence"
    checker = visit(path="/verify/").page
    checker.get_by_label("The file").set_input_files(path)
    expect(checker.locator("[data-result] .tip").first).to_contain_text("2 messages can be read")
    assert PRIVATE not in path.read_text()


def test_what_the_hub_altered_is_not_shown_as_said(
    disputed: Trade, talked: tuple[Person, Person], petra: Person
) -> None:
    """E03, E06: one byte of an opened envelope in the store; the others are still verified."""
    _, his = talked
    case = f"/desk/case/{disputed.ref}/"
    petra.sign_in(case)
    expect(petra.page.get_by_text("No message was opened for this browser yet")).to_be_visible()
    pick(his, disputed, ASKED, ANSWERED)
    entry = Entry.objects.filter(kind="message").order_by("seq")[1]
    body = bytearray(entry.body)
    body[-70] ^= 1
    Entry.objects.filter(pk=entry.pk).update(body=bytes(body))
    petra.open(case)
    expect(petra.page.locator("app-opened .is-bad")).to_contain_text("Not verified")
    assert opened(petra.page) == [ASKED]
    expect(petra.page.get_by_text("The hub's log contradicts itself").first).to_be_visible()


@pytest.mark.parametrize(
    ("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True), (320, False)]
)
def test_the_pages_of_opening_have_no_barrier(
    disputed: Trade,
    talked: tuple[Person, Person],
    petra: Person,
    width: int,
    dark: bool,
) -> None:
    _, his = talked
    case = f"/desk/case/{disputed.ref}/"
    petra.sign_in(case)
    expect(petra.page.get_by_text("No message was opened for this browser yet")).to_be_visible()
    size: Any = {"width": width, "height": 900}
    for person in (his, petra):
        person.page.set_viewport_size(size)
        person.page.emulate_media(color_scheme="dark" if dark else "light")
    his.open(f"/trade/{disputed.ref}/dispute/messages/")
    expect(his.page.get_by_role("checkbox", name=ANSWERED)).to_be_visible()
    fits(his.page, "picking", dark)
    pick(his, disputed, ANSWERED)
    petra.open(case)
    expect(petra.page.locator("app-opened .is-good")).to_have_count(1)
    fits(petra.page, "opened", dark)
