"""Browser notices in Chromium: the settings page, the real service worker, and what it shows and does.

Chromium without a screen has no line to its vendor's push service, so this test stands in for that line alone: the
page gets a subscription of the local service, and what the hub posted there is handed to the worker by the browser's
own developer protocol.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from marketplace.accounts.models import User
from marketplace.notifications.models import Channel
from marketplace.notifications.selectors import is_reachable
from marketplace.notifications.services import notify
from tests.browser.conftest import Enter
from tests.drivers.push import PushService, push_service
from tests.drivers.trade import TradeDriver
from tests.plugin.site import Site

PAGE = "/settings/notifications/"
PATIENCE_SECONDS = 30.0
# The vendor's part of PushManager: a subscription of the local service instead of one that Google would give.
VENDOR = """(() => {
  const given = __GIVEN__;
  let mine = null;
  PushManager.prototype.getSubscription = async () => mine;
  PushManager.prototype.subscribe = async (options) => {
    mine = {...given, options, toJSON: () => given, unsubscribe: async () => true};
    return mine;
  };
})();"""


@pytest.fixture
def pushes(settings: Any) -> Iterator[PushService]:
    with push_service(settings) as service:
        yield service


def test_a_notice_shows_in_words_of_the_worker_and_a_click_confirms_the_test(
    pushes: PushService, driver: TradeDriver, enter: Enter, live_site: Site, bob: User
) -> None:
    person = enter(bob, "/inbox/")
    page, context = person.page, person.page.context
    context.grant_permissions(["notifications"], origin=live_site.url)
    page.add_init_script(VENDOR.replace("__GIVEN__", json.dumps(pushes.subscription())))
    person.open(PAGE)
    person.press("Turn notices on in this browser")
    expect(page.locator("app-push [data-status]")).to_contain_text("A test is on its way")
    expect(page.locator("app-push [data-state]")).to_have_text("Notices are on in this browser.")
    expect(page.locator("#channels")).to_contain_text("Not tested")

    deliver(context, page, live_site, arrived(pushes, 0))
    [shown] = notices(page, 1)
    assert shown["title"] == "A test from Parley"
    click(context, shown["tag"])
    expect(page.locator("#channels")).to_contain_text("Works", timeout=20_000)
    assert is_reachable(bob)

    with live_site.background.paused():
        notify(bob, kind="trade.Funded.buyer", text="250 USDC", url="/trade/7KQ2-M4/")
    payload = arrived(pushes, 1)
    for _ in range(2):
        deliver(context, page, live_site, payload)
    shown = next(row for row in notices(page, 1) if row["tag"] == payload["id"])
    assert shown["title"] == "Your turn: pay"
    assert shown["body"].endswith("never in a message. Trade 7KQ2-M4.")
    assert shown["path"] == "/trade/7KQ2-M4/"
    assert Channel.objects.count() == 1


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/", "javascript:1"])
def test_a_notice_leads_nowhere_but_into_the_site(
    pushes: PushService,
    driver: TradeDriver,
    enter: Enter,
    live_site: Site,
    bob: User,
    path: str,
) -> None:
    person = enter(bob, "/inbox/")
    context = person.page.context
    context.grant_permissions(["notifications"], origin=live_site.url)
    person.page.add_init_script(VENDOR.replace("__GIVEN__", json.dumps(pushes.subscription())))
    person.open(PAGE)
    person.press("Turn notices on in this browser")
    expect(person.page.locator("app-push[data-is=on]")).to_have_count(1)
    payload = {"id": "1", "kind": "toString", "path": path, "proof": ""}
    deliver(context, person.page, live_site, payload)
    [shown] = notices(person.page, 1)
    assert (shown["title"], shown["path"]) == ("Parley", "/inbox/")


def test_a_browser_that_was_told_no_says_what_to_do(
    pushes: PushService, driver: TradeDriver, enter: Enter, live_site: Site, bob: User
) -> None:
    person = enter(bob, "/inbox/")
    session = person.page.context.new_cdp_session(person.page)
    target = session.send("Target.getTargetInfo")["targetInfo"]
    session.send(
        "Browser.setPermission",
        {
            "permission": {"name": "notifications"},
            "setting": "denied",
            "origin": live_site.url,
            "browserContextId": target["browserContextId"],
        },
    )
    person.open(PAGE)
    expect(person.page.locator("app-push")).to_have_attribute("data-is", "denied")
    expect(person.page.locator("app-push [data-state]")).to_contain_text("blocked in this browser")
    expect(person.page.locator("app-push button")).to_be_hidden()


def arrived(pushes: PushService, number: int) -> dict[str, Any]:
    """What the hub posted, opened with the browser's keys."""
    patience = time.monotonic() + PATIENCE_SECONDS
    while len(pushes.arrived) <= number:
        assert time.monotonic() < patience, "nothing was posted"
        time.sleep(0.05)
    return pushes.arrived[number].payload


def deliver(context: BrowserContext, page: Page, site: Site, payload: dict[str, Any]) -> None:
    """Hand a message to the registered worker, as the browser does when its vendor sends one."""
    session = context.new_cdp_session(page)
    known: list[dict[str, Any]] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: known.extend(event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    patience = time.monotonic() + PATIENCE_SECONDS
    while not known:
        assert time.monotonic() < patience, "no worker is registered"
        page.wait_for_timeout(50)
    session.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": site.url,
            "registrationId": known[-1]["registrationId"],
            "data": json.dumps(payload),
        },
    )
    session.detach()


def notices(page: Page, count: int) -> list[dict[str, Any]]:
    """What the browser shows now."""
    page.wait_for_function(
        "async (count) => (await (await navigator.serviceWorker.ready).getNotifications()).length >= count",
        arg=count,
    )
    found = page.evaluate(
        """async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(
          ({title, body, tag, data}) => ({title, body, tag, path: data.path}))"""
    )
    return list(found)


def click(context: BrowserContext, tag: str) -> None:
    """A click on the notice, as the worker hears of it; without a real one no window may be opened."""
    [worker] = context.service_workers
    worker.evaluate(
        """async (tag) => {
          const [notification] = await self.registration.getNotifications({tag});
          self.dispatchEvent(new NotificationEvent("notificationclick", {notification}));
        }""",
        tag,
    )
