"""A browser's notice: sealed for it, signed by the hub, posted to its own push service and to nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.notifications import push
from marketplace.notifications.models import Channel, Delivery
from marketplace.notifications.selectors import is_reachable
from marketplace.notifications.sending import send_due
from marketplace.notifications.services import notify
from tests.drivers.push import PushService

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("page_bundle")]

PAGE = "/settings/notifications/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def subscribe(client: Client, subscription: dict[str, Any]) -> Any:
    return client.post(
        PAGE + "push/",
        json.dumps(subscription),
        content_type="application/json",
        headers={"User-Agent": FIREFOX},
    )


@pytest.fixture
def browser(client: Client, alice: User, pushes: PushService) -> Channel:
    client.force_login(alice)
    assert subscribe(client, pushes.subscription()).status_code == 200
    return Channel.objects.get()


def test_a_push_is_opened_only_by_the_browser_and_signed_by_the_hub(
    client: Client, alice: User, pushes: PushService, browser: Channel
) -> None:
    assert send_due() == 1
    [test] = pushes.arrived
    assert (test.payload["kind"], browser.label) == ("channel.test", "Firefox on Linux")
    assert not is_reachable(alice)
    # What the service worker does on a click.
    answer = Client(enforce_csrf_checks=True).post(f"/notices/arrived/{test.payload['proof']}/")
    assert (answer.status_code, is_reachable(alice)) == (200, True)

    until = timezone.now() + timedelta(minutes=20)
    notify(alice, kind="trade.Funded.buyer", text="250 USDC", url="/trade/7KQ2-M4/", until=until)
    assert send_due() == 1
    sent = pushes.arrived[1]
    delivery = Delivery.objects.exclude(notice=None).get()
    assert sent.payload == {
        "id": str(delivery.key),
        "kind": "trade.Funded.buyer",
        "path": "/trade/7KQ2-M4/",
        "proof": "",
    }
    assert (sent.claims["aud"], sent.key) == (pushes.origin, push.public_key())
    assert sent.claims["sub"].startswith("mailto:")
    assert sent.headers["Urgency"] == "high"
    assert 1100 < int(sent.headers["Ttl"]) <= 1200


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(
    alice: User, pushes: PushService, browser: Channel, status: int
) -> None:
    pushes.status = status
    assert send_due() == 0
    browser.refresh_from_db()
    assert (browser.disabled_reason, is_reachable(alice)) == ("gone", False)
    notify(alice, kind="trade.Funded.buyer", text="x", url="/trade/A/")
    assert Delivery.objects.count() == 1


def test_a_service_that_is_busy_is_asked_again(pushes: PushService, browser: Channel) -> None:
    pushes.status = 429
    assert send_due() == 0
    delivery = Delivery.objects.get()
    assert (delivery.tries, delivery.parked_at) == (1, None)
    assert "429" in delivery.failure
    Delivery.objects.update(due_at=timezone.now())
    pushes.status = 201
    assert (send_due(), len(pushes.arrived)) == (1, 1)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(pushes: PushService, browser: Channel, status: int) -> None:
    pushes.status, pushes.location = status, f"{pushes.origin}/elsewhere"
    assert send_due() == 0
    assert pushes.asked == ["/send/one"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evil.example/fcm.googleapis.com",
        "https://fcm.googleapis.com@evil.example/x",
        "https://evil.example#fcm.googleapis.com",
        "https://fcm.googleapis.com:8443/x",
        "https://push.services.mozilla.com.evil.example/x",
        "https://evilpush.services.mozilla.com/x",
        "https://169.254.169.254/latest",
        "https://localhost/x",
        "https://[::1]/x",
        "http://127.0.0.1:6379/",
        "file:///etc/passwd",
        "https://evil.example\\@fcm.googleapis.com/x",
        "https://fcm.googleapis.com\t.evil.example/x",
        "",
    ],
)
def test_an_address_of_anything_else_is_refused(
    client: Client, alice: User, pushes: PushService, endpoint: str
) -> None:
    """An attacker chooses the endpoint; the hub must not post where he likes."""
    client.force_login(alice)
    answer = subscribe(client, {**pushes.subscription(), "endpoint": endpoint})
    assert (answer.status_code, Channel.objects.count()) == (400, 0)
    assert answer.json()["error"]["text"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/x",
        "https://updates.push.services.mozilla.com/wpush/v2/x",
        "https://db5p.notify.windows.com/w/?token=x",
        "https://web.push.apple.com/x",
    ],
)
def test_the_push_services_of_browsers_are_known(endpoint: str) -> None:
    assert push.is_known_service(endpoint)


def test_a_service_that_was_taken_off_the_list_is_not_posted_to(
    settings: Any, pushes: PushService, browser: Channel
) -> None:
    settings.PUSH_ORIGINS = ("https://fcm.googleapis.com",)
    assert (send_due(), pushes.asked) == (0, [])
    browser.refresh_from_db()
    assert browser.disabled_reason == "gone"


@pytest.mark.parametrize("change", [{"p256dh": "AAAA"}, {"auth": "AAAA"}, {"p256dh": "B" * 87}])
def test_keys_that_are_no_keys_are_refused(
    client: Client, alice: User, pushes: PushService, change: dict[str, str]
) -> None:
    client.force_login(alice)
    given = pushes.subscription()
    answer = subscribe(client, {**given, "keys": {**given["keys"], **change}})
    assert (answer.status_code, Channel.objects.count()) == (400, 0)


def test_a_browser_speaks_to_whoever_asked_in_it_last(
    client: Client, bob: User, pushes: PushService, browser: Channel
) -> None:
    """On a shared machine the next person's browser never shows the notices of the one before."""
    client.force_login(bob)
    subscribe(client, pushes.subscription())
    assert [channel.user for channel in Channel.objects.all()] == [bob]


def test_a_hub_without_a_key_says_so(client: Client, alice: User, settings: Any) -> None:
    settings.VAPID_PRIVATE_KEY = ""
    client.force_login(alice)
    assert "no key for browser notices" in client.get(PAGE).content.decode()


def test_the_service_worker_stands_at_the_root(client: Client) -> None:
    answer = client.get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in answer["Content-Security-Policy"]
    assert b"notificationclick" in answer.content
