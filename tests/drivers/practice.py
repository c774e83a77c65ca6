"""What a newcomer does with the practice wallet, counted in taps."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.drivers.browser import READY

COUNT_TAPS = """
addEventListener("click", (event) => {
  // A key that presses a button, and a label that passes its click on, are no taps of their own.
  if (event.isTrusted && event.detail > 0) sessionStorage.taps = Number(sessionStorage.taps || 0) + 1;
}, true);
"""


class Newcomer:
    """Somebody without a wallet: the page makes him one and asks in its own sheet."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.add_init_script(COUNT_TAPS)

    @property
    def taps(self) -> int:
        return int(self.page.evaluate("Number(sessionStorage.taps || 0)"))

    @property
    def address(self) -> str:
        """The account that is signed in."""
        return str(self.page.locator("meta[name=viewer]").get_attribute("content"))

    def tap(self, name: str) -> None:
        self.page.wait_for_function(READY)
        self.button(name).click()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name).locator("visible=true").first

    def confirm(self, title: str) -> dict[str, str]:
        """Agree in the practice wallet's sheet of that title; what it said, line by line."""
        sheet = self.page.locator("dialog[open]")
        expect(sheet.get_by_role("heading")).to_have_text(title)
        rows = sheet.locator(".ledger > div").all()
        said = {row.locator("dt").inner_text(): row.locator("dd").inner_text() for row in rows}
        sheet.get_by_role("button", name="Sign").or_(
            sheet.get_by_role("button", name="Send")
        ).click()
        expect(sheet).to_have_count(0)
        return said

    def play(self, name: str) -> None:
        """Become somebody of the cast through the wallet's menu."""
        self.page.get_by_role("button", name="Practice network").click()
        self.page.locator("[data-person]").filter(has_text=name).click()
