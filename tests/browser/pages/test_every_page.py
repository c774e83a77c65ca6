"""Every page and every state of the room: no finding of axe, no sideways scroll, in light and dark, wide and on a phone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.plugin import DjangoDbBlocker

from escrow import relayer
from escrow.selectors import chain_clock
from marketplace.trades.models import Trade
from stack.devnet import forward
from tests.browser.pages.world import World, made_world
from tests.drivers import pictures
from tests.plugin.browser import Visitor, watch

AXE = Path("node_modules/axe-core/axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Fonts are in, fragments have come, accounts are compared.
SETTLED = """() => document.fonts.status === "loaded"
  && !document.querySelector(".htmx-request, app-account:not([data-checked])")
  && [...document.querySelectorAll("[hx-trigger^=load]")].every((part) => part.childElementCount)"""
WIDE, PHONE, NARROW = (1280, 900), (390, 844), (320, 640)


@dataclass(frozen=True)
class Shown:
    """A page as somebody sees it: a path, or the name of one that the world has; `more` is added to it."""

    name: str
    who: str = ""
    more: str = ""

    def path(self, world: World) -> str:
        return world.paths.get(self.name, self.name) + self.more

    def __str__(self) -> str:
        return f"{self.who or 'visitor'} {self.name}{self.more}"


MARKET = "/market/buy/USDC/EUR/"
STATES = ("asked", "agreed", "locked", "paid", "split", "disputed", "done")
# Rooms before funding first: their clocks are the shortest.
PAGES = [
    *(Shown(state, who) for state in STATES for who in ("bob", "alice")),
    Shown("locked", "bob", "chat/"),
    Shown("/"),
    Shown("/", "bob"),
    Shown(MARKET, more="?amount=200"),
    Shown(MARKET, "bob"),
    Shown(MARKET, more="?method=cash-by-mail&amount=1"),
    Shown("/market/sell/ETH/EUR/"),
    Shown("sell-offer"),
    Shown("sell-offer", "bob", "?amount=231.40"),
    Shown("sell-offer", "alice"),
    Shown("sell-offer", "bob", "?amount=99999"),
    Shown("buy-offer", "bob"),
    Shown("profile"),
    Shown("/connect/"),
    *(
        Shown(f"/offers/new/{step}/", "alice")
        for step in ("side", "amount", "price", "methods", "takers", "terms", "review")
    ),
    Shown("/offers/", "alice"),
    Shown("/offers/", "bob"),
    Shown("/settings/notifications/", "bob"),
    Shown("/settings/notifications/", "alice"),
    Shown("signed-step", "bob"),
    Shown("/submit/"),
    Shown("submit-fits"),
    Shown("submit-made"),
    Shown("submit-refused"),
    Shown("arrived"),
    Shown("stop"),
    Shown("/trades/", "bob"),
    Shown("/trades/?tab=done", "alice"),
    Shown("/trades/?tab=turn", "olga"),
    Shown("paid", "bob", "dispute/"),
    Shown("paid", "bob", "dispute/?reason=not_released"),
    Shown("paid", "alice", "dispute/?reason=hold"),
    Shown("paid", "bob", "dispute/review/"),
    Shown("disputed", "bob", "dispute/"),
    Shown("disputed", "alice", "dispute/messages/"),
    Shown("/desk/", "petra"),
    Shown("/desk/queue/", "petra"),
    Shown("case", "petra"),
    Shown("ruling", "petra"),
    Shown("/desk/", "olga"),
    Shown("/desk/users/", "olga"),
    Shown("/desk/audit/", "olga"),
    Shown("/inbox/", "bob"),
    Shown("/inbox/", "olga"),
    Shown("/settings/profile/", "bob"),
    Shown("/wallet/", "bob"),
    Shown("/practice/bank/", "bob"),
    Shown("/practice/bank/", "marta"),
    Shown("bank", "bob"),
    Shown("/inbox/", "marta"),
    Shown("/trades/?tab=done", "marta"),
    Shown("/guide/"),
    Shown("/safety/"),
    Shown("/fees/"),
    Shown("/verify/"),
    Shown("/glossary/"),
    Shown("/status/"),
    Shown("/status/", "bob"),
    Shown("/nowhere/"),
]
# What the same rooms say once the time to lock and the time to pay are over.
LATE = [Shown(state, who) for state in ("asked", "locked") for who in ("bob", "alice")]
READABLE = [
    Shown("/"),
    Shown(MARKET, more="?amount=200"),
    Shown("sell-offer"),
    Shown("profile"),
    Shown("/guide/"),
]


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The database, kept from test to test and emptied at the module's end."""
    with django_db_blocker.unblock():
        yield
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture(scope="module")
def world(
    transactional_db: None, redis_server: str, page_bundle: None, deployment: Any, cast: Any
) -> Iterator[World]:
    with made_world(deployment, cast) as world:
        yield world


@pytest.fixture(autouse=True)
def _empty_redis() -> None:
    """The sessions of the world's people are kept for the whole module."""


@pytest.fixture(scope="module")
def contexts(chromium: Browser, world: World) -> Iterator[Callable[..., BrowserContext]]:
    """One profile per person."""
    opened: dict[str, BrowserContext] = {}

    def of(who: str) -> BrowserContext:
        if who not in opened:
            context = chromium.new_context(
                base_url=world.site.url,
                locale="en-GB",
                timezone_id="Europe/Berlin",
                reduced_motion="reduce",
            )
            cookie = world.cookie_of(who)
            if cookie:
                context.add_cookies([cookie])
            opened[who] = context
        return opened[who]

    yield of
    for context in opened.values():
        context.close()


@pytest.fixture(scope="module")
def late(world: World) -> World:
    """The world an hour later."""
    trade = Trade.objects.get(ref=world.paths["locked"].split("/")[2])
    forward(trade.pay_by - chain_clock() + 5)
    for _ in range(150):
        if not Trade.objects.filter(status="ASKED").exists():
            return world
        time.sleep(0.2)
    raise AssertionError("no take lapsed")


@pytest.mark.parametrize("shown", PAGES, ids=str)
def test_page_has_no_barrier(
    world: World, contexts: Callable[..., BrowserContext], shown: Shown
) -> None:
    _look_for_barriers(world, contexts, shown)


def _look_for_barriers(
    world: World, contexts: Callable[..., BrowserContext], shown: Shown, said: str = ""
) -> None:
    visitor = Visitor(contexts(shown.who).new_page(), None)
    watch(visitor)
    page = visitor.page
    if shown.name == "/nowhere/":
        visitor.expect_problem("404")
    if shown.name == "submit-refused":
        visitor.expect_problem("400")
    page.set_viewport_size(_size(WIDE))
    page.goto(shown.path(world))
    assert urlsplit(page.url).path == urlsplit(shown.path(world)).path, "shown another page"
    if "#" in shown.path(world):
        # The page hands in what the link holds, and shows the answer.
        page.locator("#do, .tip[role=alert]").wait_for()
    page.wait_for_function(SETTLED)
    assert said in page.locator("main").inner_text()
    _keep_pictures(page, shown, said)
    # What is folded away is read too.
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    page.evaluate(AXE.read_text())
    found = []
    for size in (WIDE, PHONE):
        page.set_viewport_size(_size(size))
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found += [f"{size[0]} {scheme}: {finding}" for finding in _findings(page)]
    for size in (WIDE, PHONE, NARROW):
        page.set_viewport_size(_size(size))
        found += _too_wide(page, size[0])
    page.close()
    found += visitor.problems
    assert not found, "\n".join(found)


def _keep_pictures(page: Page, shown: Shown, said: str) -> None:
    if not pictures.is_wanted():
        return
    for size in (WIDE, PHONE):
        page.set_viewport_size(_size(size))
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            pictures.keep(page, f"{shown} {said} {size[0]} {scheme}")
    page.set_viewport_size(_size(WIDE))


def test_check_finds_what_it_should(contexts: Callable[..., BrowserContext]) -> None:
    """A page with a nameless button, pale words and a wide box does not pass."""
    page = contexts("").new_page()
    page.goto("/guide/")
    page.evaluate(AXE.read_text())
    page.evaluate(
        """() => {
          const main = document.querySelector("main"), make = (name, look) => {
            const part = main.appendChild(document.createElement(name));
            for (const [key, value] of Object.entries(look)) part.style.setProperty(key, value);
            return part;
          };
          make("button", {});
          make("p", {color: "#ccc", background: "#fff"}).textContent = "Pale words";
          make("div", {width: "2000px", height: "1px"});
        }"""
    )
    rules = {finding.partition(":")[0] for finding in _findings(page)}
    assert {"button-name", "color-contrast"} <= rules
    assert _too_wide(page, page.viewport_size["width"])
    page.close()


@pytest.mark.parametrize("opened", ["Practice network", ", menu"])
def test_open_menu_has_no_barrier(contexts: Callable[..., BrowserContext], opened: str) -> None:
    page = contexts("bob").new_page()
    page.goto("/guide/")
    page.evaluate(AXE.read_text())
    page.get_by_role("button", name=opened).click()
    page.locator(".menu:popover-open").wait_for()
    page.wait_for_load_state("networkidle")
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += _findings(page)
    page.close()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("who", ["bob", ""])
def test_phone_leads_to_what_works_now(
    contexts: Callable[..., BrowserContext], who: str, world: World
) -> None:
    """The foot is not shown there: the menu of somebody signed in has the link, and the sign-in page a visitor comes to."""
    page = contexts(who).new_page()
    page.set_viewport_size(_size(PHONE))
    page.goto("/market/")
    if who:
        page.get_by_role("button", name=", menu").click()
    else:
        page.get_by_role("link", name="Wallet", exact=True).click()
    page.get_by_role("link", name="What works now").click()
    page.wait_for_url("**/status/")
    page.close()


@pytest.mark.parametrize("shown", READABLE, ids=str)
def test_page_reads_without_javascript(chromium: Browser, world: World, shown: Shown) -> None:
    """What a visitor came to read stands in the page as it was sent."""
    context = chromium.new_context(base_url=world.site.url, java_script_enabled=False)
    page = context.new_page()
    answer = page.goto(shown.path(world))
    assert answer is not None
    assert answer.status == 200
    heading = page.locator("h1")
    assert heading.inner_text().strip()
    for words in _WORDS[shown.name]:
        assert words in page.locator("main").inner_text(), words
    context.close()


def test_room_of_a_step_on_its_way_has_no_barrier(
    world: World, contexts: Callable[..., BrowserContext]
) -> None:
    """Bob's "paid": signed and waiting for the relayer, then in a block, 1 of 2, as both read it."""
    rooms = [Shown("sending", who) for who in ("bob", "alice")]
    with world.site.background.paused():
        trade = Trade.objects.get(ref=world.paths["sending"].split("/")[2])
        world.driver.sign_move(trade, trade.buyer, "markPaid")
        _look_for_barriers(world, contexts, rooms[0], said="Waiting for our sender")
        assert relayer.run_once().sent == 1
        world.driver.follow()
        for shown in [*rooms, Shown("/trades/", "alice", "?tab=active")]:
            _look_for_barriers(world, contexts, shown, said="1 of 2")


@pytest.mark.parametrize("shown", LATE, ids=str)
def test_late_room_has_no_barrier(
    late: World, contexts: Callable[..., BrowserContext], shown: Shown
) -> None:
    _look_for_barriers(late, contexts, shown)


_WORDS = {
    "/": ("USDC", "EUR"),
    MARKET: ("Marta", "SEPA Instant", "EUR"),
    "sell-offer": ("Alice sells USDC", "0.9256", "SEPA Instant", "You get", "If someone vanishes"),
    "profile": ("Alice", "trade"),
    "/guide/": ("lock",),
}


def _size(size: tuple[int, int]) -> Any:
    return {"width": size[0], "height": size[1]}


def _findings(page: Page) -> list[str]:
    """What axe says, one line per rule and place."""
    result = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})",
        RULES,
    )
    return [
        f"{rule['id']}: {node['html'][:160]} {' '.join(node['failureSummary'].split())[:200]}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


def _too_wide(page: Page, width: int) -> list[str]:
    """The innermost elements that make the page scroll sideways."""
    wide = page.evaluate(
        """width => {
          if (document.documentElement.scrollWidth <= width) return [];
          const out = [...document.querySelectorAll("body *")].filter(
            (part) => part.getBoundingClientRect().right > width + 0.5 && ![...part.children].some((child) => child.getBoundingClientRect().right > width + 0.5));
          return [`scrolls to ${document.documentElement.scrollWidth}`, ...out.slice(0, 3).map((part) => part.outerHTML.slice(0, 160))];
        }""",
        width,
    )
    return [f"{width}: {line}" for line in wide]
