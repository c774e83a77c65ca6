"""Chromium with visitors: each has a profile, a size and, if wanted, a wallet of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import pytest
from eth_account.signers.local import LocalAccount
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

from stack.verify.chromium import program as chromium_program
from tests.plugin.site import Site
from tests.plugin.wallet import ScriptedWallet

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_POLICY_WORDS = ("Content Security Policy", "TrustedHTML", "TrustedScript")
_HEIGHTS = {1280: 900, 390: 844}


@dataclass
class Visitor:
    """A person at the site. `problems` collects page errors, console errors and policy reports; none may be left at the end."""

    page: Page
    wallet: ScriptedWallet | None
    problems: list[str] = field(default_factory=list)
    _expected: list[str] = field(default_factory=list)

    def expect_problem(self, text: str) -> None:
        """A refusal that this test provokes: console errors that contain the text are no problem."""
        self._expected.append(text)

    def note(self, problem: str) -> None:
        """Something the page complained about."""
        if not any(text in problem for text in self._expected):
            self.problems.append(f"{self.page.url}: {problem}")


class Visit(Protocol):
    """Opens a profile, at the front page unless told another path."""

    def __call__(
        self,
        account: LocalAccount | None = None,
        *,
        path: str | None = "/",
        width: int = 1280,
        dark: bool = False,
        javascript: bool = True,
        locale: str = "en-GB",
    ) -> Visitor: ...


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the whole run."""
    program = chromium_program()
    assert program, "Chromium is missing: `python manage.py verify` installs it, or set CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, live_site: Site) -> Iterator[Visit]:
    """Open one profile per call; all are closed, and checked for problems, at the end."""
    opened: list[tuple[BrowserContext, Visitor]] = []

    def open_profile(
        account: LocalAccount | None = None,
        *,
        path: str | None = "/",
        width: int = 1280,
        dark: bool = False,
        javascript: bool = True,
        locale: str = "en-GB",
    ) -> Visitor:
        context = chromium.new_context(
            base_url=live_site.url,
            viewport={"width": width, "height": _HEIGHTS.get(width, 900)},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            locale=locale,
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        wallet = ScriptedWallet(account, os.environ["CHAIN_RPC_URL"]) if account else None
        if wallet:
            wallet.attach(context)
        visitor = Visitor(context.new_page(), wallet)
        watch(visitor)
        opened.append((context, visitor))
        if path is not None:
            visitor.page.goto(path)
        return visitor

    yield open_profile
    problems = [problem for _, visitor in opened for problem in visitor.problems]
    for context, _ in opened:
        context.close()
    assert not problems, "problems in the page:\n" + "\n".join(problems)


@pytest.fixture
def page(visit: Visit) -> Page:
    """The front page in a profile without a wallet."""
    return visit().page


def watch(visitor: Visitor) -> None:
    """Note whatever the page complains about as the visitor's problem."""

    def console(message: ConsoleMessage) -> None:
        if message.type == "error" or any(word in message.text for word in _POLICY_WORDS):
            place = message.location.get("url", "")
            visitor.note(f"{message.text} ({place})")

    def request(request: Request) -> None:
        if request.url.endswith("/csp/"):
            visitor.note(f"policy report: {request.post_data}")

    visitor.page.on("console", console)
    visitor.page.on("pageerror", lambda error: visitor.note(f"page error: {error}"))
    visitor.page.on("request", request)
