"""A page whose wallet code is still on its way: what was pressed is done when it is there, once."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Route

from marketplace.accounts.models import User
from tests.browser.conftest import Enter
from tests.drivers.trade import TradeDriver
from tests.plugin.site import Site


def test_press_before_the_code_is_here_is_kept(
    driver: TradeDriver, enter: Enter, live_site: Site, alice: User, bob: User
) -> None:
    with live_site.background.paused():
        trade = driver.funded(alice, bob)
    buyer = enter(bob, "/trades/")
    held: list[Route] = []
    buyer.page.route(f"**/{_wallet_code()}", lambda route: held.append(route))
    buyer.page.goto(f"/trade/{trade.ref}/", wait_until="commit")
    pressed = buyer.page.get_by_role("button", name="I have sent").first
    pressed.wait_for()
    buyer.page.wait_for_function("() => window.htmx")
    pressed.click()
    signed = [method for method, _ in buyer.wallet.calls].count("eth_signTypedData_v4")
    assert signed == 0
    for route in held:
        route.continue_()
    buyer.sees("Alice checks the bank")
    assert "?" not in buyer.page.url
    assert [method for method, _ in buyer.wallet.calls].count("eth_signTypedData_v4") == 1


def _wallet_code() -> str:
    """The file of the bundle that defines the elements which ask a wallet."""
    built = Path("static/build").glob("*.js")
    return next(file.name for file in built if 'define("app-move"' in file.read_text())
