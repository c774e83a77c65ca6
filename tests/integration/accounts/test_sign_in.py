"""Signing in with a wallet: one question, one answer, one session."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils import timezone

from chat.models import Device
from marketplace.accounts import challenges, services
from marketplace.accounts.models import Challenge, User
from tests.integration.accounts.conftest import DEVICE, Browser

pytestmark = pytest.mark.django_db


def test_the_server_writes_the_whole_message_for_its_own_domain(
    browser: Browser, cast: Any
) -> None:
    answer = browser.ask(cast.alice).json()
    site = settings.PUBLIC_ORIGIN.removeprefix("http://")
    lines = answer["message"].split("\n")
    assert lines[0] == f"{site} wants you to sign in with your Ethereum account:"
    assert lines[1] == cast.alice.address
    assert lines[-2:] == [
        "Resources:",
        f"- urn:parley:device:1:{DEVICE['signing']}:{DEVICE['agreement']}",
    ]
    assert answer["words"][:2] == [f"I sign in to {site} as", cast.alice.address]


def test_a_signed_message_opens_a_session_and_binds_the_device(browser: Browser, cast: Any) -> None:
    answer = browser.sign_in(cast.alice)
    assert (answer.status_code, answer.json()) == (200, {"next": "/"})
    user = User.objects.get(address=cast.alice.address)
    assert browser.client.session["_auth_user_id"] == str(user.pk)
    device = Device.objects.get(user=user)
    assert (device.signing_key, device.agreement_key) == (DEVICE["signing"], DEVICE["agreement"])
    assert browser.client.session["device"] == device.device_hash


def test_signing_in_again_knows_the_person_and_the_device(
    browser: Browser, other_browser: Browser, cast: Any
) -> None:
    browser.sign_in(cast.alice)
    other_browser.sign_in(cast.alice)
    assert (User.objects.count(), Device.objects.count()) == (1, 1)


def test_the_session_key_changes_at_sign_in(browser: Browser, cast: Any) -> None:
    """W04."""
    message = browser.ask(cast.alice).json()["message"]
    before = browser.client.session.session_key
    browser.answer(message, cast.alice)
    after = browser.client.session.session_key
    assert before != after
    stolen = Client()
    stolen.cookies[settings.SESSION_COOKIE_NAME] = before
    assert "_auth_user_id" not in stolen.session


def test_a_message_cannot_be_answered_twice(browser: Browser, cast: Any) -> None:
    """W01."""
    message = browser.ask(cast.alice).json()["message"]
    browser.answer(message, cast.alice)
    browser.client.post("/connect/leave/")
    again = browser.answer(message, cast.alice)
    assert (again.status_code, again.json()["error"]["code"]) == (403, "sign_in_nonce")
    assert not browser.is_signed_in


def test_a_failed_attempt_burns_the_question(browser: Browser, cast: Any, chain: Any) -> None:
    """W01: the right signature after a wrong one comes too late."""
    message = browser.ask(cast.alice).json()["message"]
    assert browser.answer(message, cast.bob).json()["error"]["code"] == "sign_in_signature"
    assert browser.answer(message, cast.alice).json()["error"]["code"] == "sign_in_nonce"
    assert not browser.is_signed_in


def test_a_question_asked_in_another_browser_is_not_answered_here(
    browser: Browser, other_browser: Browser, cast: Any
) -> None:
    """W01: bound to the session that asked."""
    message = browser.ask(cast.alice).json()["message"]
    other_browser.ask(cast.bob)
    assert other_browser.answer(message, cast.alice).status_code == 403
    assert not other_browser.is_signed_in


def test_a_question_is_good_for_five_minutes(browser: Browser, cast: Any) -> None:
    """W01."""
    message = browser.ask(cast.alice).json()["message"]
    Challenge.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert browser.answer(message, cast.alice).json()["error"]["code"] == "sign_in_nonce"


@pytest.mark.parametrize("count", [20])
@pytest.mark.django_db(transaction=True)
def test_of_twenty_answers_at_once_one_signs_in(browser: Browser, cast: Any, count: int) -> None:
    """W01: barrier test on one session and one message."""
    message = browser.ask(cast.alice).json()["message"]
    cookie = browser.client.cookies[settings.SESSION_COOKIE_NAME].value
    barrier, codes = threading.Barrier(count), []

    def answer() -> None:
        mine = Browser(Client())
        mine.client.cookies[settings.SESSION_COOKIE_NAME] = cookie
        barrier.wait()
        codes.append(mine.answer(message, cast.alice).status_code)
        connections.close_all()

    threads = [threading.Thread(target=answer) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200] + [403] * (count - 1)


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("localhost:", "evil.example:", "sign_in_domain"),
        ("Chain ID: 72731", "Chain ID: 1", "sign_in_chain"),
        ("Version: 1", "Version: 2", "sign_in_malformed"),
        ("Nonce: ", "Nonce:  ", "sign_in_malformed"),
        ("Issued At: ", "Request ID: x\nIssued At: ", "sign_in_malformed"),
        ("nothing is paid.", "nothing is paid", "sign_in_nonce"),
        ("\nResources:", "\n\nResources:", "sign_in_malformed"),
        ("urn:parley:device:1:11", "urn:parley:device:1:33", "sign_in_nonce"),
    ],
)
def test_a_message_changed_anywhere_is_refused(
    browser: Browser, cast: Any, before: str, after: str, code: str
) -> None:
    """W02: signed as changed, so only the check of the text stands between."""
    message = browser.ask(cast.alice).json()["message"]
    assert before in message
    changed = message.replace(before, after)
    answer = browser.answer(changed, cast.alice)
    assert answer.json()["error"]["code"] == code
    assert not browser.is_signed_in


def test_a_nonce_hidden_in_another_line_does_not_count(browser: Browser, cast: Any) -> None:
    """W02."""
    message = browser.ask(cast.alice).json()["message"]
    nonce = next(line for line in message.split("\n") if line.startswith("Nonce: "))
    hidden = message.replace(nonce, "Nonce: 0123456789abcdef").replace(
        "Resources:", f"Request ID: {nonce[7:]}\nResources:"
    )
    assert browser.answer(hidden, cast.alice).status_code == 403
    assert not browser.is_signed_in


@pytest.mark.parametrize("header", ["HTTP_HOST", "HTTP_X_FORWARDED_HOST"])
def test_the_domain_is_the_setting_not_a_header(
    browser: Browser, cast: Any, header: str, settings: Any
) -> None:
    """W03."""
    settings.ALLOWED_HOSTS = ["*"]
    site = settings.PUBLIC_ORIGIN.removeprefix("http://")
    answer = browser.post(
        "/connect/challenge/",
        {"address": cast.alice.address, "device": DEVICE},
        **{header: "evil.example"},
    )
    assert answer.json()["message"].startswith(f"{site} wants")
    forged = answer.json()["message"].replace(site, "evil.example")
    assert (
        browser.answer(forged, cast.alice, **{header: "evil.example"}).json()["error"]["code"]
        == "sign_in_domain"
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"address": "0x12", "device": DEVICE},
        {"address": 5, "device": DEVICE},
        {"address": "0x" + "0" * 40, "device": {"signing": "11", "agreement": "22" * 32}},
        {"address": "0x" + "0" * 40, "device": {"signing": "zz" * 32, "agreement": "22" * 32}},
        {"address": "0x" + "0" * 40, "device": []},
        [],
    ],
)
def test_a_question_of_other_shape_is_refused(browser: Browser, body: Any) -> None:
    """N13."""
    answer = browser.post("/connect/challenge/", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["text"]
    assert not Challenge.objects.exists()


def test_an_address_in_small_letters_is_the_same_person(browser: Browser, cast: Any) -> None:
    """W06: one canonical form."""
    message = browser.ask(cast.alice, address=cast.alice.address.lower()).json()["message"]
    browser.answer(message, cast.alice)
    assert User.objects.get().address == cast.alice.address


def test_an_address_with_a_wrong_checksum_is_refused(browser: Browser, cast: Any) -> None:
    """W06."""
    swapped = cast.alice.address[:2] + cast.alice.address[2:].swapcase()
    assert browser.ask(cast.alice, address=swapped).status_code == 400


def test_a_session_keeps_only_a_few_open_questions(browser: Browser, cast: Any) -> None:
    for _ in range(9):
        browser.ask(cast.alice)
    assert Challenge.objects.count() == challenges.OPEN_QUICK


def test_a_stranger_without_a_wallet_contract_is_not_believed(
    browser: Browser, cast: Any, chain: Any
) -> None:
    """W05: the node is asked about an account without code, and says no."""
    message = browser.ask(cast.alice).json()["message"]
    assert browser.answer(message, cast.bob).json()["error"]["code"] == "sign_in_signature"


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/trades/", "/trades/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\\evil", "/"),
        ("", "/"),
    ],
)
def test_after_sign_in_only_a_path_of_this_site_is_followed(
    browser: Browser, cast: Any, asked: str, given: str
) -> None:
    message = browser.ask(cast.alice).json()["message"]
    from eth_account.messages import encode_defunct

    signature = "0x" + bytes(cast.alice.sign_message(encode_defunct(text=message)).signature).hex()
    answer = browser.post(
        "/connect/verify/", {"message": message, "signature": signature, "next": asked}
    )
    assert answer.json() == {"next": given}


def test_leaving_everywhere_ends_the_other_browsers_too(
    browser: Browser, other_browser: Browser, cast: Any
) -> None:
    """W04."""
    browser.sign_in(cast.alice)
    other_browser.sign_in(cast.alice)
    assert other_browser.client.get("/settings/profile/").status_code == 200
    browser.client.post("/connect/leave/", {"everywhere": "1"})
    assert other_browser.client.get("/settings/profile/").status_code == 302
    assert other_browser.sign_in(cast.alice).status_code == 200


def test_a_suspended_person_can_still_sign_in(browser: Browser, alice: User, cast: Any) -> None:
    """He has open trades to finish."""
    services.suspend(alice, until=timezone.now() + timedelta(days=30), reason="fake receipts")
    assert browser.sign_in(cast.alice).status_code == 200


def test_the_sign_in_page_says_what_will_be_signed(client: Client) -> None:
    page = client.get("/connect/?next=/trades/").content.decode()
    assert "Your wallet will show this" in page
    assert 'data-next="/trades/"' in page


def test_who_is_signed_in_is_sent_on(browser: Browser, cast: Any) -> None:
    browser.sign_in(cast.alice)
    assert browser.client.get("/connect/?next=/offers/").url == "/offers/"
