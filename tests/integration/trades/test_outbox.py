"""The outbox: what leaves, what waits, what is parked, and who can bring it back. On the real database."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from chat.models import Entry
from marketplace import outbox
from marketplace.accounts.models import User
from marketplace.moderation.models import AuditEntry
from marketplace.notifications.models import Notice
from marketplace.trades import delivery, services
from marketplace.trades.delivery import deliver_pending
from marketplace.trades.models import Trade, TradeEvent
from marketplace.trades.services import status
from tests.drivers.trade import TradeDriver

pytestmark = pytest.mark.django_db(transaction=True)


def undelivered(event: TradeEvent, **changes: object) -> TradeEvent:
    """The row as a crash right after the commit leaves it, with what was told of it forgotten."""
    Entry.objects.filter(client_id=f"trade-event-{event.pk}").delete()
    Notice.objects.all().delete()
    TradeEvent.objects.filter(pk=event.pk).update(
        delivered_at=None, due_at=timezone.now(), tries=0, **changes
    )
    return TradeEvent.objects.get(pk=event.pk)


def spoiled(event: TradeEvent) -> TradeEvent:
    """A row whose line cannot be written: its words are gone."""
    return undelivered(event, params={})


def let_wait_pass() -> None:
    """What the back-off asks for has passed."""
    TradeEvent.objects.filter(delivered_at=None).update(due_at=timezone.now())


def lines_of(event: TradeEvent) -> int:
    return Entry.objects.filter(client_id=f"trade-event-{event.pk}").count()


def taken(driver: TradeDriver, maker: User, taker: User) -> TradeEvent:
    return TradeEvent.objects.get(trade=driver.take(taker, driver.offer(maker)))


def test_a_row_that_fails_waits_longer_each_time_and_is_parked_with_its_reason(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Q07: at most five tries, further and further apart, then parked; the trade itself goes on."""
    event = spoiled(taken(driver, alice, bob))
    waits = []
    for _ in range(outbox.LAST_TRY):
        before = timezone.now()
        assert deliver_pending() == 0
        assert deliver_pending() == 0, "it is not due again at once"
        event.refresh_from_db()
        waits.append(round((event.due_at - before).total_seconds()))
        let_wait_pass()
    assert waits[:-1] == [2, 8, 32, 120]
    assert (event.tries, event.delivered_at) == (outbox.LAST_TRY, None)
    assert event.parked_at is not None
    assert event.failure.startswith("LineIncomplete")
    assert outbox.parked_count() == 1
    assert deliver_pending() == 0
    assert driver.sign(event.trade).status == "AGREED"


def test_a_row_waits_for_the_earlier_ones_of_its_trade_alone(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """Q07: others go on while one is stuck; its own trade goes on once it is parked."""
    event = spoiled(taken(driver, alice, bob))
    driver.sign(event.trade)
    other = undelivered(taken(driver, alice, carol))
    signed = TradeEvent.objects.get(trade=event.trade, seq=2)

    assert signed.delivered_at is None
    assert deliver_pending() == 1
    assert (lines_of(other), lines_of(signed)) == (1, 0)
    for _ in range(outbox.LAST_TRY):
        let_wait_pass()
        deliver_pending()
    signed.refresh_from_db()
    assert signed.delivered_at is not None
    assert outbox.parked_count() == 1


def test_many_stuck_trades_do_not_hide_the_next(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """Q07: rows that rest take no place in the sweep's round."""
    spoiled(taken(driver, alice, bob))
    deliver_pending(limit=1)
    good = undelivered(taken(driver, alice, carol))
    assert deliver_pending(limit=1) == 1
    assert lines_of(good) == 1


def test_a_row_that_kills_its_program_is_counted_and_parked(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """Q07, Q01: killed five times between effect and mark: nothing was told, the sixth look parks it."""
    event = undelivered(taken(driver, alice, bob))
    for number in range(1, outbox.LAST_TRY + 1):
        let_wait_pass()
        killed(deliver_then_die)
        event.refresh_from_db()
        assert (event.tries, event.failure) == (number, outbox.CUT_OFF)
        assert lines_of(event) == 0
    let_wait_pass()
    assert deliver_pending() == 0
    event.refresh_from_db()
    assert event.parked_at is not None
    assert lines_of(undelivered(event, parked_at=None)) == 0
    assert deliver_pending() == 1
    assert lines_of(event) == 1


def test_a_kill_between_commit_and_telling_loses_nothing(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Q04: the row is the message; nobody is told before the commit, and the sweep tells after it."""
    trade = driver.take(bob, driver.offer(alice))
    killed(lambda: decline_then_die(trade))
    assert driver.fresh(trade).status == "ASKED"
    assert deliver_pending() == 0

    killed(lambda: commit_then_die(trade))
    left = TradeEvent.objects.get(trade=trade, seq=2)
    assert (driver.fresh(trade).status, lines_of(left)) == ("CLOSED", 0)
    assert deliver_pending() == 1
    assert deliver_pending() == 0
    assert lines_of(left) == 1


def test_nothing_is_told_of_what_was_rolled_back(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Q04: no worker ever sees a row that is not committed."""
    trade = driver.take(bob, driver.offer(alice))
    with transaction.atomic():
        services.decline(user=bob, trade=trade)
        assert seen_by_another_connection(trade.pk) == 1
        transaction.set_rollback(True)
    assert TradeEvent.objects.filter(trade=trade).count() == 1


def test_a_lost_connection_is_a_counted_try(
    driver: TradeDriver, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Q14: the server ends the connection in the middle; the effect is undone and comes once, later."""
    event = undelivered(taken(driver, alice, bob))
    speak = delivery._speak

    def speak_and_lose(row: TradeEvent) -> None:
        speak(row)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(delivery, "_speak", speak_and_lose)
    assert deliver_pending() == 0
    monkeypatch.undo()
    connections.close_all()
    event.refresh_from_db()
    assert (event.tries, lines_of(event)) == (1, 0)
    let_wait_pass()
    assert deliver_pending() == 1
    assert lines_of(event) == 1


def test_parked_rows_come_back_by_an_operator_and_leave_a_trace(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """Q07: seen and put back under /ops/; nobody else can."""
    event = taken(driver, alice, bob)
    words = event.params
    spoiled(event)
    TradeEvent.objects.filter(pk=event.pk).update(parked_at=timezone.now(), tries=5)
    carol.groups.add(Group.objects.get_or_create(name="operator")[0])
    path = "/ops/marketplace/tradeevent/"
    again = {"action": "try_again", "_selected_action": str(event.pk)}

    stranger = Client()
    stranger.force_login(bob)
    stranger.post(path, again)
    assert outbox.parked_count() == 1

    client = Client()
    client.force_login(carol)
    assert event.trade.ref.encode() not in client.get(path + "?parked_at__isempty=1").content
    assert event.trade.ref in client.get(path + "?parked_at__isempty=0").content.decode()
    TradeEvent.objects.filter(pk=event.pk).update(params=words)
    client.post(path, again)
    assert outbox.parked_count() == 0
    assert AuditEntry.objects.get().details == {"rows": [event.pk]}
    assert deliver_pending() == 1
    assert lines_of(event) == 1


def test_how_many_wait_and_since_when(driver: TradeDriver, alice: User, bob: User) -> None:
    assert outbox.waiting() == (0, None)
    event = undelivered(taken(driver, alice, bob))
    since = timezone.now() - timedelta(minutes=5)
    TradeEvent.objects.filter(pk=event.pk).update(created_at=since)
    assert outbox.waiting() == (1, since)
    TradeEvent.objects.filter(pk=event.pk).update(parked_at=timezone.now())
    assert outbox.waiting() == (0, None), "parked rows have a count of their own"


def killed(act: Callable[[], object]) -> None:
    """Do this in a process of its own that must not live to the end of it."""
    pid = os.fork()
    if pid == 0:
        # The parent's connection stays the parent's; letting go of it would end its session.
        _kept = connection.connection
        connection.connection = None
        try:
            act()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def deliver_then_die() -> None:
    """Killed after the effect and before its commit."""
    speak = delivery._speak
    delivery._speak = lambda event: (speak(event), die())
    deliver_pending()


def decline_then_die(trade: Trade) -> None:
    """Killed before the commit."""
    with transaction.atomic():
        services.decline(user=trade.taker, trade=trade)
        die()


def commit_then_die(trade: Trade) -> None:
    """Killed after the commit and before anybody is told."""
    status.deliver_pending = die
    services.decline(user=trade.taker, trade=trade)


def seen_by_another_connection(trade_pk: int) -> int:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM marketplace_tradeevent WHERE trade_id = %s", [trade_pk]
            )
            return int(cursor.fetchone()[0])
    finally:
        other.close()
