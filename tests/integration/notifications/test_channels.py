"""A channel is confirmed by whoever gets what is sent to it, stopped by one click, and nobody learns of another's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.notifications.channels import send_test
from marketplace.notifications.models import Channel, Delivery
from marketplace.notifications.selectors import is_reachable
from marketplace.notifications.sending import send_due
from marketplace.notifications.services import notify
from tests.drivers.mail import MailServer, text_of
from tests.integration.notifications.conftest import ADDRESS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("page_bundle")]

PAGE = "/settings/notifications/"


def add(client: Client, address: str = ADDRESS) -> int:
    return client.post(PAGE + "mail/", {"address": address}).status_code


def test_an_address_counts_once_the_button_in_its_mail_was_pressed(
    client: Client, alice: User, post: MailServer
) -> None:
    client.force_login(alice)
    assert add(client, f" {ADDRESS.replace('example', 'EXAMPLE')} ") == 302
    assert "Not confirmed" in client.get(PAGE).content.decode()
    notify(alice, kind="trade.Funded.buyer", text="x", url="/trade/A/")
    assert (send_due(), len(post.given)) == (1, 1)
    link = post.link("arrived")
    elsewhere = Client(enforce_csrf_checks=True)
    # A mail program that opens links confirms nothing.
    assert "Send notices here?" in elsewhere.get(link).content.decode()
    assert not is_reachable(alice)
    assert "Confirmed" in elsewhere.post(link).content.decode()
    assert is_reachable(alice)
    assert "Works" in client.get(PAGE).content.decode()
    assert elsewhere.post(link).status_code == 404
    assert elsewhere.get(link).status_code == 404


def test_a_link_that_is_old_replaced_or_changed_confirms_nothing(
    client: Client, alice: User, post: MailServer
) -> None:
    client.force_login(alice)
    add(client)
    send_due()
    first = post.link("arrived")
    send_test(Channel.objects.get())
    send_due()
    second = post.link("arrived")
    assert first != second
    Channel.objects.update(proof_until=timezone.now() - timedelta(seconds=1))
    for link in (first, second, second.replace("arrived/", "arrived/W"), second[:-3] + "/"):
        assert client.post(link).status_code == 404
    assert not is_reachable(alice)


def test_one_click_stops_mails_without_a_session(
    client: Client, alice: User, mailbox: Channel, post: MailServer
) -> None:
    """RFC 8058: a bare POST to the address in the header. Opening the link only asks."""
    notify(alice, kind="trade.Funded.buyer", text="x", url="/trade/A/")
    send_due()
    link = post.link("stop")
    bare = Client(enforce_csrf_checks=True)
    assert "No more mails?" in bare.get(link).content.decode()
    assert is_reachable(alice)
    assert bare.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not is_reachable(alice)
    notify(alice, kind="trade.Funded.buyer", text="x", url="/trade/A/")
    assert (send_due(), len(post.given)) == (0, 1)
    # Taken back only by a new confirmation from the mailbox.
    client.force_login(alice)
    add(client)
    notify(alice, kind="trade.Funded.buyer", text="x", url="/trade/A/")
    send_due()
    assert (len(post.given), is_reachable(alice)) == (2, False)
    client.post(post.link("arrived"))
    assert is_reachable(alice)


@pytest.mark.parametrize(
    "address", ["", "alice", "a@b", "a@b.org\nBcc: c@d.org", "a" * 250 + "@b.org", "<a@b.org>"]
)
def test_what_is_no_address_is_refused_with_a_sentence(
    client: Client, alice: User, post: MailServer, address: str
) -> None:
    client.force_login(alice)
    answer = client.post(PAGE + "mail/", {"address": address})
    assert (answer.status_code, Channel.objects.count()) == (400, 0)
    assert "no mail address" in answer.content.decode()


def test_two_wallets_may_share_a_mailbox_and_neither_learns_of_it(
    client: Client, alice: User, bob: User, mailbox: Channel, post: MailServer
) -> None:
    client.force_login(bob)
    assert add(client) == 302
    assert Channel.objects.filter(address=ADDRESS).count() == 2
    assert not is_reachable(bob)
    theirs = f"{PAGE}{mailbox.pk}/"
    assert client.post(theirs + "remove/").status_code == 404
    assert client.post(theirs + "test/").status_code == 404


def test_tests_are_limited_by_person_and_silently_by_address(
    client: Client, alice: User, bob: User, post: MailServer
) -> None:
    client.force_login(alice)
    for _ in range(3):
        assert add(client) == 302
        send_due()
    client.force_login(bob)
    assert (add(client), send_due(), len(post.given)) == (302, 0, 3)
    for _ in range(9):
        assert add(client, "bob@example.org") == 302
    answer = client.post(PAGE + "mail/", {"address": "bob@example.org"})
    assert answer.status_code == 400
    assert "Try again in" in answer.content.decode()


def test_a_hub_without_mail_says_so_and_takes_no_address(
    client: Client, alice: User, settings: object
) -> None:
    settings.MAIL_WAY = ""  # type: ignore[attr-defined]
    client.force_login(alice)
    page = client.get(PAGE).content.decode()
    assert "no mail server" in page
    assert "Add a mail address" not in page
    assert (add(client), Channel.objects.count()) == (400, 0)


def test_a_practice_network_writes_mails_as_files_and_says_where(
    client: Client, alice: User, settings: object, tmp_path: object
) -> None:
    settings.MAIL_WAY, settings.MAIL_FOLDER = "file", tmp_path  # type: ignore[attr-defined]
    client.force_login(alice)
    add(client)
    assert send_due() == 1
    [file] = tmp_path.iterdir()  # type: ignore[attr-defined]
    assert "/notices/arrived/" in file.read_text()
    assert str(tmp_path) in client.get(PAGE).content.decode()


def test_the_confirming_mail_says_nothing_of_trades(
    client: Client, alice: User, post: MailServer
) -> None:
    client.force_login(alice)
    add(client)
    send_due()
    for kind in ("plain", "html"):
        text = text_of(post.given[0], kind)
        assert "If it was not you, do nothing" in text
        assert alice.address not in text
    assert Delivery.objects.get().notice is None
