"""The alarms about tasks and Redis, each with its fault and its repair (O10); how alarms are kept, told and mailed."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.core import mail
from django.core.cache import cache
from django.core.management import get_commands
from django.test import Client
from django.utils import timezone

from config.celery import app
from marketplace import outbox
from marketplace.accounts.models import User
from marketplace.notifications.models import Channel, Delivery
from marketplace.notifications.sending import send_due
from marketplace.notifications.services import notify
from marketplace.outbox import LAST_TRY
from marketplace.trades.delivery import deliver_pending
from marketplace.trades.models import Trade, TradeEvent
from realtime.store import client_of
from stack import services
from stack.children import Child, Program
from stack.folders import ROOT
from stack.models import Alarm
from stack.watch import looks, signs
from stack.watch.alarms import RULES
from tests.drivers.alarms import has_begun, has_ended, look
from tests.drivers.mail import mail_server
from tests.integration.disputes import rows

pytestmark = pytest.mark.django_db

RUNBOOKS = ROOT / "docs" / "runbook"


@pytest.fixture
def trade(alice: User, bob: User, dana: User) -> Trade:
    return rows.paid_trade(rows.world(), seller=alice, buyer=bob, arbitrator=dana)


@pytest.fixture
def own_redis(tmp_path: Path, settings: Any) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path)
    server.start()
    settings.REDIS_URL = server.url
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": server.url}}
    for who in signs.LATE_AFTER_SECONDS:
        signs.note_seen(who)
    yield server
    server.stop()
    client_of.cache_clear()


class OwnRedis:
    """A Redis that the test may fill and stop."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, services.free_port()
        self.url = services.redis_url(self._port)
        self._child: Child | None = None

    def start(self) -> None:
        self._child = Child(
            services.redis(
                folder=self._folder / "redis", port=self._port, log=self._folder / "redis.log"
            )
        )
        self._child.wait_until_ready()

    def stop(self) -> None:
        if self._child:
            self._child.stop()
        self._child = None

    def fill(self, megabytes: int) -> None:
        """Set the limit, then write until it refuses."""
        with redis.Redis.from_url(self.url) as client:
            client.config_set("maxmemory", f"{megabytes}mb")
            with pytest.raises(redis.ResponseError, match="maxmemory"):
                _write_without_end(client)

    def empty(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.delete(*client.keys("junk:*"))


def _write_without_end(client: redis.Redis) -> None:
    for number in range(10_000):
        client.set(f"junk:{number}", "x" * 10_000)


# --- the outbox ------------------------------------------------------------------------------


def _event(trade: Trade, **changes: Any) -> TradeEvent:
    values = {"cause": "opened", "old_status": "", "new_status": "ASKED", "at": trade.opened_at}
    return TradeEvent.objects.create(trade=trade, seq=900, **{**values, **changes})


def test_outbox_old_begins_when_nobody_delivers(trade: Trade) -> None:
    _event(trade)
    assert "outbox-old" not in look()
    assert has_begun("outbox-old", in_seconds=61)
    deliver_pending()
    assert has_ended("outbox-old")


def test_deliveries_old_begins_when_the_mail_server_takes_nothing(
    alice: User, settings: Any
) -> None:
    now = timezone.now()
    with mail_server(settings) as post:
        Channel.objects.create(
            user=alice, way="mail", address="alice@example.org", verified_at=now, tested_at=now
        )
        port = settings.EMAIL_PORT
        settings.EMAIL_PORT = services.free_port()
        notify(alice, kind="trade.Funded.buyer", text="Locked.", url="/trade/ABCD2345/")
        send_due()
        assert "deliveries-old" not in look()
        assert has_begun("deliveries-old", in_seconds=301)

        settings.EMAIL_PORT = port
        cache.clear()
        Delivery.objects.update(due_at=now)
        send_due()
        assert len(post.given) == 1
        assert has_ended("deliveries-old")


def test_tasks_parked_begins_with_a_row_that_fails_five_times(trade: Trade) -> None:
    """Q07: it closes a trade and does not say with how much."""
    poison = _event(trade, cause="released", new_status="CLOSED", params={"outcome": "RELEASED"})
    for _ in range(LAST_TRY):
        TradeEvent.objects.filter(pk=poison.pk).update(due_at=timezone.now())
        deliver_pending()
    assert has_begun("tasks-parked")
    assert "outbox-old" not in look(in_seconds=61), "a parked row waits for nobody"

    TradeEvent.objects.filter(pk=poison.pk).update(
        params={"outcome": "RELEASED", "to_buyer": str(trade.amount_base_units)}
    )
    outbox.try_again(TradeEvent.objects.filter(pk=poison.pk))
    deliver_pending()
    assert has_ended("tasks-parked")


# --- worker and schedule ---------------------------------------------------------------------


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Child]:
    """Worker and schedule, over a database without tables: what their tasks do is not the matter here."""
    parts = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    child = Child(
        Program(
            name="work",
            command=[sys.executable, "manage.py", "work"],
            is_ready=lambda: True,
            log=tmp_path / "work.log",
            environment={
                "DATABASE_URL": parts._replace(path="/postgres").geturl(),
                "PARLEY_STATE": str(tmp_path),
                "PARLEY_BOOTSTRAP": "0",
            },
            folder=ROOT,
        )
    )
    yield child
    os.kill(child.pid, signal.SIGKILL)
    child.stop()


def _wait_until_seen(*who: str, after: float) -> None:
    end = time.monotonic() + 120
    while not all(signs.seen().get(name, 0.0) > after for name in who):
        assert time.monotonic() < end, f"saw only {signs.seen()}"
        time.sleep(0.1)


@pytest.mark.timeout(300)
def test_worker_and_schedule_missing_begin_and_end_with_them(work: Child) -> None:
    """Q06: first nobody takes a queue's tasks, then everything stands still for a while."""
    _wait_until_seen(signs.SCHEDULE, *signs.QUEUES, after=0.0)
    assert not {"worker-missing", "schedule-missing"} & look()

    app.control.cancel_consumer("chain")
    long_ago = time.time() - signs.LATE_AFTER_SECONDS["chain"] - 30
    # Every answer that was under way has come by now.
    time.sleep(1)
    cache.set("stack:seen:chain", long_ago)
    assert has_begun("worker-missing")
    assert "schedule-missing" not in look()

    app.control.add_consumer("chain")
    _wait_until_seen("chain", after=long_ago)
    assert has_ended("worker-missing")

    os.kill(work.pid, signal.SIGSTOP)
    stopped_at = time.time()
    assert has_begun("schedule-missing", in_seconds=signs.LATE_AFTER_SECONDS[signs.SCHEDULE] + 1)
    os.kill(work.pid, signal.SIGCONT)
    _wait_until_seen(signs.SCHEDULE, after=stopped_at)
    assert has_ended("schedule-missing")


# --- Redis -----------------------------------------------------------------------------------


def test_redis_full_begins_at_the_limit_and_pages_are_served(
    own_redis: OwnRedis, client: Client, alice: User, page_bundle: None
) -> None:
    """Q09: it refuses, it does not throw away; people go on."""
    assert "redis-full" not in look()
    own_redis.fill(megabytes=4)
    assert has_begun("redis-full")

    client.force_login(alice)
    assert client.get("/settings/profile/").status_code == 200
    assert client.get("/status/").status_code == 200

    own_redis.empty()
    assert has_ended("redis-full")


def test_redis_full_begins_when_it_would_throw_tasks_away(own_redis: OwnRedis) -> None:
    """Q09."""
    with redis.Redis.from_url(own_redis.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        assert has_begun("redis-full")
        client.config_set("maxmemory-policy", "noeviction")
    assert has_ended("redis-full")


def test_redis_down_begins_and_what_cannot_be_told_stays_as_it_was(own_redis: OwnRedis) -> None:
    late = max(signs.LATE_AFTER_SECONDS.values()) + 1
    assert has_begun("schedule-missing", in_seconds=late)
    own_redis.stop()
    assert has_begun("redis-down")
    assert "schedule-missing" in look(), "nobody can say that it is back"

    own_redis.start()
    for who in signs.LATE_AFTER_SECONDS:
        signs.note_seen(who)
    assert has_ended("redis-down")
    assert "schedule-missing" not in look()


# --- how alarms are kept and told ------------------------------------------------------------


def test_an_alarm_is_one_row_and_one_line_however_often_it_is_seen(
    own_redis: OwnRedis, caplog: pytest.LogCaptureFixture
) -> None:
    own_redis.stop()
    for _ in range(3):
        look()
    own_redis.start()
    for _ in range(3):
        look()
    assert Alarm.objects.filter(name="redis-down").count() == 1
    lines = [line.msg for line in caplog.records if isinstance(line.msg, dict)]
    said = [line["event"] for line in lines if line.get("alarm") == "redis-down"]
    assert said == ["alarm began", "alarm ended"]


def test_begin_and_end_are_mailed_where_a_mailbox_is_named(
    own_redis: OwnRedis, settings: Any
) -> None:
    own_redis.stop()
    look()
    assert mail.outbox == []
    own_redis.start()
    look()

    settings.ALARM_MAIL = "operators@hub.example"
    own_redis.stop()
    look()
    own_redis.start()
    look()
    told = [(m.subject, m.to) for m in mail.outbox if "redis-down" in m.subject]
    assert told == [
        ("alarm began: redis-down", ["operators@hub.example"]),
        ("alarm ended: redis-down", ["operators@hub.example"]),
    ]
    assert "docs/runbook/redis.md" in mail.outbox[0].body


def test_a_mail_server_that_is_away_costs_the_mail_alone(
    own_redis: OwnRedis, settings: Any
) -> None:
    settings.ALARM_MAIL = "operators@hub.example"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", services.free_port()
    own_redis.stop()
    assert "redis-down" in look()


def test_two_looks_at_once_leave_one_row(own_redis: OwnRedis) -> None:
    """Q05: the other finds the lock taken."""
    from tests.chain.escrow.conftest import locked_elsewhere

    class Nobody:
        pk = 0

    own_redis.stop()
    with locked_elsewhere(looks.LOOKS, Nobody()):  # type: ignore[arg-type]
        assert looks.look() == []
    assert "redis-down" in look()


@pytest.mark.django_db(transaction=True)
def test_the_thread_beside_the_follower_looks_by_itself(
    own_redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "EVERY_SECONDS", 0.05)
    monkeypatch.setattr(looks, "STARTING_SECONDS", 0)
    own_redis.stop()
    stop = threading.Event()
    thread = threading.Thread(target=looks.keep_looking, args=[stop])
    thread.start()
    try:
        end = time.monotonic() + 20
        while not Alarm.objects.filter(name="redis-down", ended_at=None).exists():
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def test_operators_read_alarms_with_what_to_do(client: Client) -> None:
    from tests.integration.desk.conftest import staff

    look()
    client.force_login(staff("0x00000000000000000000000000000000000000a3", "Olga", "operator"))
    page = client.get("/ops/stack/alarm/").text
    assert "schedule-missing" in page
    assert "docs/runbook/tasks.md" in page


def test_the_schedule_looks_every_fifteen_seconds() -> None:
    entry = app.conf.beat_schedule["look-for-alarms"]
    assert float(entry["schedule"]) == looks.EVERY_SECONDS


# --- the list --------------------------------------------------------------------------------


def test_every_alarm_of_the_list_has_a_test_that_fires_and_ends_it() -> None:
    """O10."""
    texts = [
        (ROOT / place).read_text()
        for place in ("tests/chain/stack/test_alarms.py", "tests/integration/stack/test_alarms.py")
    ]
    for how in ("has_begun", "has_ended"):
        found = set(re.findall(how + r'\("([a-z-]+)"', "\n".join(texts)))
        assert found == set(RULES)


@pytest.mark.parametrize("name", RULES)
def test_every_alarm_has_a_page_that_names_it(name: str) -> None:
    page = (RUNBOOKS / RULES[name].runbook).read_text()
    assert f"`{name}`" in page
    assert f"| `{name}` |" in (ROOT / "docs" / "RUNNING.md").read_text()


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.name)
def test_every_command_of_a_runbook_exists(page: Path) -> None:
    """A command that is no more is found when the page is written, not at night."""
    known = {*get_commands(), "up", "verify"}
    text = page.read_text()
    for command in re.findall(r"manage\.py ([a-z_]+)", text):
        assert command in known, command
    for setting in re.findall(r"`([A-Z]+_[A-Z_]+)`", text):
        assert setting in os.environ or hasattr(django_settings, setting), setting
    for other in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert (page.parent / other).exists(), other
