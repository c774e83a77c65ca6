"""Mail leaves once, later where it must, and never where nobody can know: real SMTP over a real socket."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.notifications.models import Channel, Delivery, Notice
from marketplace.notifications.selectors import is_reachable
from marketplace.notifications.sending import BACK_OFF, LAST_TRY, LOST_AFTER, send_due
from marketplace.notifications.services import notify
from stack.folders import ROOT
from stack.services import free_port
from tests.drivers.mail import MailServer, text_of
from tests.integration.realtime.server import _database_url

pytestmark = pytest.mark.django_db

REF = "7KQ2-M4"
TEXT = "Your turn: 250 USDC are locked. Send 231.40 EUR to Marta."
SEND = "import django; django.setup(); from marketplace.notifications.sending import send_due; send_due()"


def tell(user: User, **changes: Any) -> Notice:
    values = {
        "kind": "trade.Funded.buyer",
        "text": TEXT,
        "url": f"/trade/{REF}/",
        "until": timezone.now() + timedelta(minutes=20),
        **changes,
    }
    return notify(user, **values)


def again() -> int:
    """The next try is due now."""
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    return send_due()


def test_a_duty_leaves_once_with_all_that_a_mail_needs(
    alice: User, mailbox: Channel, post: MailServer
) -> None:
    """(fault Q11) One mail however many sweeps run; it names no amount, nobody and no account, and can be stopped."""
    tell(alice)
    assert (send_due(), send_due()) == (1, 0)
    [message] = post.given
    delivery = Delivery.objects.get()
    assert (post.to, delivery.tries, delivery.failure) == ([mailbox.address], 1, "")
    assert message["Message-ID"] == f"<{delivery.key}@localhost>"
    assert message["Subject"] == f"Your turn: pay · trade {REF}"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Unsubscribe"].strip("<>").endswith(post.link("stop"))
    assert message["Auto-Submitted"] == "auto-generated"
    for kind in ("plain", "html"):
        text = text_of(message, kind)
        assert f"/trade/{REF}/" in text
        assert "The coins are locked" in text
        assert "time until" in text
        assert not [word for word in ("250 USDC", "231.40", "Marta") if word in text]


def test_talk_and_strangers_channels_stay_inside(
    alice: User, bob: User, mailbox: Channel, post: MailServer
) -> None:
    tell(alice, kind="trade.proposal_declined.seller")
    tell(bob)
    assert Notice.objects.count() == 2
    assert (Delivery.objects.count(), send_due()) == (0, 0)


def test_an_address_that_nobody_confirmed_hears_nothing(alice: User, mailbox: Channel) -> None:
    Channel.objects.update(verified_at=None, tested_at=None)
    tell(alice)
    assert Delivery.objects.count() == 0
    assert not is_reachable(alice)


def test_deliveries_are_written_with_the_notice_or_not_at_all(
    alice: User, mailbox: Channel
) -> None:
    with transaction.atomic():
        tell(alice)
        assert Delivery.objects.count() == 1
        transaction.set_rollback(True)
    assert (Notice.objects.count(), Delivery.objects.count()) == (0, 0)


def test_a_server_that_says_later_is_tried_five_times_with_one_message_id(
    alice: User, mailbox: Channel, post: MailServer
) -> None:
    """(fault Q11) 451 after the text: answered, so another try is safe; each waits longer, then it is parked."""
    post.data = "451 try again later"
    tell(alice)
    waits = []
    for number in range(1, LAST_TRY + 1):
        before = timezone.now()
        assert again() == 0
        delivery = Delivery.objects.get()
        assert delivery.tries == number
        waits.append(delivery.due_at - before)
    assert delivery.parked_at is not None
    assert "451" in delivery.failure
    for wait, least in zip(waits, BACK_OFF, strict=False):
        assert least <= wait < least * 1.5
    assert len({message["Message-ID"] for message in post.given}) == 1
    assert (len(post.given), again(), len(post.given)) == (LAST_TRY, 0, LAST_TRY)


def test_a_mailbox_that_is_not_there_ends_its_channel(
    alice: User, mailbox: Channel, post: MailServer
) -> None:
    post.rcpt = "550 no such user"
    tell(alice)
    send_due()
    mailbox.refresh_from_db()
    delivery = Delivery.objects.get()
    assert (mailbox.disabled_reason, mailbox.tested_at, is_reachable(alice)) == (
        "refused",
        None,
        False,
    )
    assert "550 no such user" in delivery.failure
    assert delivery.parked_at is not None
    tell(alice)
    assert Delivery.objects.count() == 1


def test_a_mailbox_that_says_later_keeps_its_channel(
    alice: User, mailbox: Channel, post: MailServer
) -> None:
    post.rcpt = "451 greylisted"
    tell(alice)
    assert send_due() == 0
    post.rcpt = "250 OK"
    assert (again(), len(post.given), is_reachable(alice)) == (1, 1, True)


@pytest.mark.parametrize("how", ["drop", "hang"])
def test_a_mail_without_an_answer_is_not_sent_twice(
    alice: User, mailbox: Channel, post: MailServer, settings: Any, how: str
) -> None:
    """(fault Q11) The text went out and the connection broke, or stayed silent: at most once."""
    settings.EMAIL_TIMEOUT = 1
    post.data = how
    tell(alice)
    assert send_due() == 0
    delivery = Delivery.objects.get()
    assert "may have arrived" in delivery.failure
    assert (again(), len(post.given)) == (0, 1)


def test_all_mail_rests_while_the_server_is_away(
    alice: User, mailbox: Channel, post: MailServer
) -> None:
    post.stop()
    for _ in range(3):
        tell(alice)
    assert send_due() == 0
    # One try found the server away; the others wait without spending theirs.
    assert sorted(Delivery.objects.values_list("tries", flat=True)) == [0, 0, 1]
    assert send_due() == 0
    post.start()
    assert (again(), len(post.given)) == (3, 3)


def test_a_server_that_does_not_greet_costs_one_try(
    alice: User, mailbox: Channel, settings: Any
) -> None:
    import socket

    with socket.create_server(("127.0.0.1", free_port())) as silent:
        settings.EMAIL_PORT = silent.getsockname()[1]
        settings.EMAIL_TIMEOUT = 1
        tell(alice)
        assert send_due() == 0
    delivery = Delivery.objects.get()
    assert (delivery.tries, delivery.parked_at, delivery.begun_at) == (1, None, None)
    assert "does not answer" in delivery.failure


def test_nothing_goes_to_an_address_that_was_taken_back(
    alice: User, mailbox: Channel, post: MailServer
) -> None:
    """(fault Q11) Waiting mail dies with its channel, removed or stopped."""
    tell(alice)
    Channel.objects.update(disabled_at=timezone.now(), disabled_reason="stopped")
    assert send_due() == 0
    assert Delivery.objects.get().failure == "the channel was closed meanwhile"
    mailbox.delete()
    assert (Delivery.objects.count(), send_due(), post.greeted) == (0, 0, 0)


def test_a_reminder_is_not_sent_when_its_time_is_over(
    alice: User, mailbox: Channel, post: MailServer
) -> None:
    tell(alice, until=timezone.now() + timedelta(seconds=-1))
    assert (send_due(), len(post.given)) == (0, 0)
    assert Delivery.objects.get().failure == "too late to be of use"


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_of_a_mail_does_not_send_it_again(
    alice: User, mailbox: Channel, post: MailServer
) -> None:
    """(faults Q01, Q11) The try was committed before; what the dead worker left is settled, not repeated."""
    post.data = "hang"
    tell(alice)
    environment = {
        **os.environ,
        "DATABASE_URL": _database_url(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MAIL_URL": f"smtp+plain://127.0.0.1:{post.port}",
        "PYTHONPATH": str(ROOT),
    }
    worker = subprocess.Popen([sys.executable, "-c", SEND], cwd=ROOT, env=environment)
    try:
        patience = time.monotonic() + 60
        while not post.given:
            assert time.monotonic() < patience, "the worker sent nothing"
            time.sleep(0.05)
        delivery = Delivery.objects.get()
        assert (delivery.tries, delivery.sent_at) == (1, None)
        assert delivery.begun_at is not None
    finally:
        worker.kill()
        worker.wait()
    assert send_due() == 0
    Delivery.objects.update(begun_at=timezone.now() - LOST_AFTER - timedelta(seconds=1))
    post.data = "250 OK"
    assert send_due() == 0
    delivery.refresh_from_db()
    assert "may have arrived" in delivery.failure
    assert (again(), len(post.given)) == (0, 1)


@pytest.mark.django_db(transaction=True)
def test_many_sweeps_at_once_send_each_mail_once(
    alice: User, mailbox: Channel, post: MailServer
) -> None:
    """(faults Q05, Q11)"""
    for _ in range(20):
        tell(alice)
    sent: list[int] = []

    def sweep() -> None:
        try:
            sent.append(send_due())
        finally:
            connection.close()

    sweeps = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in sweeps:
        thread.start()
    for thread in sweeps:
        thread.join()
    assert sum(sent) == 20
    assert len({message["Message-ID"] for message in post.given}) == len(post.given) == 20
