"""A dispute in three browsers: the seller files and sends it, both read the case, Petra decides in her own wallet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from escrow.chain.keys import ARBITRATOR, cast_account
from marketplace.accounts.models import User
from marketplace.moderation.audit import verify_chain
from marketplace.trades.models import Trade
from tests.browser.conftest import Enter
from tests.drivers.browser import PATIENCE_MILLISECONDS, Person
from tests.drivers.pictures import keep
from tests.drivers.trade import TradeDriver
from tests.plugin.browser import Visit
from tests.plugin.site import Site

STORY = "Only 226.40 arrived, I see nothing else."
LETTER = "226.40 EUR were booked: 5.00 EUR less than agreed, kept by the sending bank."


@pytest.fixture
def petra(visit: Visit, transactional_db: None) -> Person:
    """The arbitrator of the hub's list, at her desk."""
    account = cast_account(ARBITRATOR)
    user = User.objects.get_or_create(address=account.address, defaults={"name": "Petra"})[0]
    user.groups.add(Group.objects.get_or_create(name="arbitrator")[0])
    return Person(visit(account, path=None), user)


def test_from_the_first_sentence_to_the_paid_out_ruling(
    driver: TradeDriver, live_site: Site, enter: Enter, alice: User, bob: User, petra: Person
) -> None:
    with live_site.background.paused():
        trade = driver.paid(alice, bob)
        before = driver.balance(trade, bob), driver.balance(trade, alice)
    seller = enter(alice, f"/trade/{trade.ref}/dispute/")
    seller.page.get_by_text("A different amount arrived than agreed.").click()
    keep(seller.page, "reason")
    seller.page.get_by_label("What happened, in your own words").fill(STORY)
    seller.page.get_by_label("A split", exact=True).check()
    seller.page.get_by_label("For a split: to the buyer, USDC").fill("244.598098")
    seller.press("Review before signing")
    expect(seller.page.get_by_text(STORY)).to_be_visible()
    keep(seller.page, "review")
    seller.press("Open the dispute")
    seller.page.wait_for_url(f"**/trade/{trade.ref}/dispute/")
    expect(seller.page.get_by_role("heading", name="Waiting for an arbitrator")).to_be_visible(
        timeout=PATIENCE_MILLISECONDS
    )

    petra.sign_in("/desk/queue/")
    expect(petra.page.get_by_role("link", name="Different amount")).to_be_visible(
        timeout=PATIENCE_MILLISECONDS
    )
    keep(petra.page, "queue")
    petra.press("Take next case")
    petra.page.wait_for_url(f"**/desk/case/{trade.ref}/")
    expect(petra.page.get_by_text(STORY).first).to_be_visible()
    buyer = enter(bob, f"/trade/{trade.ref}/dispute/")
    expect(buyer.page.get_by_role("heading", name="Petra reads your case")).to_be_visible()
    buyer.page.get_by_label("Text").fill("My bank may have kept a fee.")
    buyer.press("Add it to the case")
    expect(petra.page.get_by_text("My bank may have kept a fee.").first).to_be_visible(
        timeout=PATIENCE_MILLISECONDS
    )
    keep(buyer.page, "status")

    for question, answer in (
        ("Was it paid?", "Yes"),
        ("On time?", "Yes"),
        ("From the right name?", "Yes"),
        ("The right amount?", "No"),
    ):
        petra.page.get_by_role("radiogroup", name=question).get_by_text(answer, exact=True).click()
    petra.page.get_by_role("radiogroup", name="So the coins go").get_by_text(
        "Split", exact=True
    ).click()
    petra.page.get_by_label("For a split: to Bob, USDC").fill("244.598098")
    petra.page.get_by_label("Reason both will read").select_option("underpaid")
    petra.page.get_by_label("Letter", exact=True).fill(LETTER)
    keep(petra.page, "case")
    petra.press("Preview as both will read it")
    expect(petra.page.get_by_text("5.401902 USDC")).to_be_visible()
    keep(petra.page, "ruling")
    petra.press("Rule: 244.598098 USDC to Bob")

    for reader in (buyer, seller):
        expect(reader.page.get_by_role("heading", name="Decided")).to_be_visible(
            timeout=PATIENCE_MILLISECONDS
        )
        expect(reader.page.get_by_text(LETTER).first).to_be_visible()
    keep(buyer.page, "decided")
    expect(petra.page.get_by_role("heading", name="Decided")).to_be_visible(
        timeout=PATIENCE_MILLISECONDS
    )
    after = driver.balance(trade, bob), driver.balance(trade, alice)
    assert (after[0] - before[0], after[1] - before[1]) == (244_598_098, 5_401_902)
    assert Trade.objects.get(pk=trade.pk).outcome == "RULED"
    assert verify_chain().is_whole


def test_the_relayer_sends_what_she_only_signs(
    driver: TradeDriver, live_site: Site, alice: User, bob: User, petra: Person
) -> None:
    with live_site.background.paused():
        trade = driver.disputed(alice, bob)
    petra.sign_in(f"/desk/case/{trade.ref}/")
    expect(petra.page.get_by_role("heading", name="On the contract")).to_be_visible()
    petra.press("Take the case")
    for question in ("Was it paid?", "On time?", "From the right name?", "The right amount?"):
        petra.page.get_by_role("radiogroup", name=question).get_by_text("No", exact=True).click()
    petra.page.get_by_role("radiogroup", name="So the coins go").get_by_text("All to Alice").click()
    petra.page.get_by_label("Letter", exact=True).fill("No booking was shown.")
    petra.press("Preview as both will read it")
    petra.press("Sign it, let the relayer send it")

    expect(petra.page.get_by_role("heading", name="Decided")).to_be_visible(
        timeout=PATIENCE_MILLISECONDS
    )
    expect(petra.page.get_by_text(re.compile(r"0\.00\sUSDC")).first).to_be_visible()
    assert Trade.objects.get(pk=trade.pk).to_buyer == 0


@pytest.mark.parametrize(
    ("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)]
)
def test_axe_finds_nothing_on_the_desk_and_on_the_parties_pages(
    driver: TradeDriver,
    live_site: Site,
    visit: Visit,
    alice: User,
    bob: User,
    width: int,
    dark: bool,
) -> None:
    from marketplace.moderation.services.cases import claim_case
    from marketplace.moderation.services.rulings import draft_ruling

    account = cast_account(ARBITRATOR)
    user = User.objects.get_or_create(address=account.address, defaults={"name": "Petra"})[0]
    user.groups.set(
        [Group.objects.get_or_create(name=name)[0] for name in ("arbitrator", "moderator")]
    )
    with live_site.background.paused():
        trade = driver.disputed(alice, bob)
        claim_case(trade, by=user)
        findings = dict.fromkeys(("paid", "on_time", "right_name", "right_amount"), "no")
        ruling = draft_ruling(
            trade,
            by=user,
            findings=findings,
            to_buyer_base_units=1,
            reason="not_paid",
            letter="None shown.",
        )
    petra = Person(visit(account, path=None, width=width, dark=dark), user)
    petra.sign_in("/desk/")
    expect(petra.page.get_by_role("heading", name="My work")).to_be_visible()
    case = f"/desk/case/{trade.ref}/"
    found = {}
    for path in (
        "/desk/",
        "/desk/queue/",
        case,
        f"{case}ruling/{ruling.pk}/",
        "/desk/users/",
        f"/desk/users/{alice.address}/",
        "/desk/audit/",
    ):
        petra.open(path)
        keep(
            petra.page, f"{path.strip('/').replace('/', '-')}-{width}-{'dark' if dark else 'light'}"
        )
        if problems := axe(petra.page):
            found[path] = problems
        assert petra.page.evaluate("document.documentElement.scrollWidth") <= width, path

    assert found == {}


def axe(page: Page) -> list[str]:
    """The rules of WCAG 2.2 A and AA that the page breaks, with the first place of each."""
    source = Path("node_modules/axe-core/axe.min.js").read_text()
    page.evaluate(source)
    result = page.evaluate(
        "axe.run({runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']})"
    )
    return [f"{row['id']}: {row['nodes'][0]['html'][:160]}" for row in result["violations"]]
