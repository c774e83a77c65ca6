"""A room for two, and browsers in which people signed in with their wallets: only such a browser can seal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from chat import lines, services
from chat.models import Room
from tests.plugin.browser import Visit

PATH = "/only-a-room/trade-1/"
Open = Callable[..., Page]


@pytest.fixture
def room(chain: Any, alice: Any, bob: Any) -> Room:
    lines.register("test_locked", "{amount} locked")
    lines.register("test_says", "{text}")
    lines.register("test_slip", "{who} proposes", slip=True)
    return services.open_room("trade-1", members=[(alice, "seller"), (bob, "buyer")])


@pytest.fixture
def open_as(visit: Visit, cast: Any) -> Open:
    """A new browser in which the person signed in through the sheet and has the room open."""

    def opened(
        user: Any,
        *,
        prepare: Callable[[Page], Any] = lambda page: None,
        provokes: tuple[str, ...] = (),
        path: str = PATH,
        script: str = "",
        **more: Any,
    ) -> Page:
        account = next(key for key in vars(cast).values() if key.address == user.address)
        visitor = visit(account, path=None, **more)
        if script:
            visitor.page.context.add_init_script(script)
        for problem in provokes:
            visitor.expect_problem(problem)
        page = visitor.page
        page.goto("/connect/?next=/guide/")
        page.get_by_role("button", name="Test wallet").click()
        page.get_by_role("button", name="Open my wallet to sign").click()
        page.wait_for_url(lambda url: urlsplit(url).path == "/guide/")
        page.wait_for_function("() => sessionStorage.getItem('parley.stock') === null")
        prepare(page)
        page.goto(path)
        ready(page)
        return page

    return opened


def ready(page: Page) -> None:
    """Wait until the log is there and this browser's key is in the room."""
    expect(page.locator("[data-log]:not([aria-live])")).to_be_attached()


def reopened(context: BrowserContext) -> Page:
    """The room in a new tab of the same browser."""
    page = context.new_page()
    page.goto(PATH)
    ready(page)
    return page


def say(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Message").fill(text)
    page.get_by_role("button", name="Send", exact=True).click()


def said(page: Page) -> list[str]:
    """What the bubbles say, in order, without the spoken names."""
    return page.locator(".msg:not(.is-unsent) > p").evaluate_all(
        "all => all.map(p => [...p.childNodes].filter(n => !n.classList?.contains('sr')).map(n => n.textContent).join(''))"
    )


def stored(page: Page, count: int) -> None:
    """Wait until the hub has stored this many of the page's own messages."""
    expect(page.locator(".msg.is-mine:not(.is-unsent)")).to_have_count(count)
    expect(page.locator(".is-unsent")).to_have_count(0)
