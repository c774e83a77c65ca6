"""What a person does in the pages, in the words of a trade. Each step ends when his own page shows its effect."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from playwright.sync_api import Locator, Page, expect

from marketplace.accounts.models import User
from marketplace.offers.models import Offer
from tests.plugin.browser import Visitor
from tests.plugin.wallet import ScriptedWallet

# The other side's step has to be signed or mined, become deep, be applied and be hinted.
PATIENCE_MILLISECONDS = 20_000
# A person is slower than the page's own code; a script is not.
READY = "() => !document.querySelector('app-move:not(:defined), app-take:not(:defined)')"


class Person:
    """Somebody with a browser and a wallet; `user` is his account at the site."""

    def __init__(self, visitor: Visitor, user: User) -> None:
        self.visitor = visitor
        self.page: Page = visitor.page
        self.user = user

    @property
    def wallet(self) -> ScriptedWallet:
        assert self.visitor.wallet is not None
        return self.visitor.wallet

    def sign_in(self, path: str = "/") -> None:
        """Through the sheet: pick the wallet, read, sign."""
        self.page.goto(f"/connect/?next={quote(path)}")
        self.page.get_by_role("button", name="Test wallet").click()
        self.page.get_by_role("button", name="Open my wallet to sign").click()
        self.page.wait_for_url(lambda url: urlsplit(url).path == urlsplit(path).path)

    def open(self, path: str) -> None:
        self.page.goto(path)

    def press(self, name: str) -> None:
        """The one visible button of that name: in the card on wide pages, in the thumb bar on phones."""
        self.page.wait_for_function(READY)
        self.button(name).click()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name).locator("visible=true").first

    # --- taking ---

    def buy(self, offer: Offer, *, fiat: str, name: str = "Jonas Weber") -> str:
        """Take a sell offer as its page asks: amount, name, one signature. Answers the trade's reference."""
        self.page.get_by_label("You pay", exact=True).fill(fiat)
        self.page.get_by_label("Name on the account you pay from").fill(name)
        self.page.wait_for_function(READY)
        self.page.locator("[data-take] [data-go]").click()
        return self._arrived()

    def sell(self, offer: Offer, *, fiat: str, name: str, iban: str) -> str:
        """Take a buy offer: amount and the account to be paid on; nothing is signed yet."""
        self.page.get_by_label("You receive", exact=True).fill(fiat)
        self.page.locator("[name='sepa-instant-name']").fill(name)
        self.page.locator("[name='sepa-instant-iban']").fill(iban)
        self.page.wait_for_function(READY)
        self.page.locator("[data-take] [data-go]").click()
        return self._arrived()

    def _arrived(self) -> str:
        self.page.wait_for_url("**/trade/*/")
        return self.page.url.rstrip("/").rsplit("/", 1)[1]

    # --- the room ---

    def sees(self, heading: str | re.Pattern[str]) -> None:
        """Wait for the room's first heading: what is to do now."""
        expect(self.heading).to_contain_text(heading, timeout=PATIENCE_MILLISECONDS)

    def sees_state(self, word: str) -> None:
        """Wait for the chip beside the amounts."""
        expect(self.page.locator(".room-head .chip")).to_have_text(
            word, timeout=PATIENCE_MILLISECONDS
        )

    def release(self, *, seen: str, coins: str) -> None:
        """Type what the bank shows, tick the statement, release."""
        self.page.get_by_label("Amount you see in your account").fill(seen)
        self.page.get_by_label("I see it in my own bank").check()
        self.press(f"Release {coins}")

    def account_row(self, label: str) -> Locator:
        """One row of the account to pay to, once the page has compared it with the signed terms."""
        return self.page.locator("app-account[data-checked]").locator(f"[data-field='{label}']")

    @property
    def heading(self) -> Locator:
        """What is to do now, or how it ended."""
        return self.page.locator("#trade-region .act h2").first

    @property
    def status(self) -> Locator:
        """The sentence under the action."""
        return self.page.locator("[data-status]").filter(has_text=re.compile(r"\S")).first

    def ledger(self) -> dict[str, str]:
        """The sums of the room as they are read."""
        rows = self.page.locator("#trade-region .ledger > div")
        return {
            row.locator("dt").inner_text(): row.locator("dd").inner_text() for row in rows.all()
        }

    def title(self) -> str:
        """The amounts at the head of the room."""
        return " ".join(self.page.locator("#trade-region h1").inner_text().split())
