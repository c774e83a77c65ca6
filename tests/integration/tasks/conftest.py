"""Programs of this folder's tests, and rows for them to send."""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis
from django.db import connection, connections, transaction
from django.utils import timezone

from chat.models import Entry
from marketplace.accounts.models import User
from marketplace.trades.models import Trade, TradeEvent
from marketplace.trades.services.status import note
from marketplace.trades.states import Note, Role
from stack.folders import ROOT
from tests.integration.disputes import rows

PROGRAM = "tests.integration.tasks.program"
# Generous: on a busy machine a program needs minutes to start.
START_SECONDS = 400


class Programs:
    """Starts programs on the test's database and Redis, and ends them by their ids."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []

    def work(self, **environment: str) -> psutil.Process:
        """`manage.py work`: one process per queue, and the schedule."""
        return self._start(["-m", PROGRAM], environment)

    def celery(self, *arguments: str, **environment: str) -> psutil.Process:
        """Celery's own worker, as larger hubs run it."""
        return self._start(["-m", "celery", "-A", PROGRAM, "worker", *arguments], environment)

    def _start(self, command: list[str], environment: dict[str, str]) -> psutil.Process:
        database = os.environ["DATABASE_URL"].rsplit("/", 1)[0]
        told = {
            **os.environ,
            "DATABASE_URL": f"{database}/{connection.settings_dict['NAME']}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(ROOT),
            **environment,
        }
        log = (self._folder / f"program-{len(self._running)}.log").open("wb")
        started = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=told, stdout=log, stderr=log
        )
        self._running.append(started)
        return psutil.Process(started.pid)

    def said(self) -> str:
        return "\n".join(path.read_text("utf-8", "replace") for path in self._folder.glob("*.log"))

    def stop(self) -> None:
        members = [
            member
            for program in self._running
            if program.poll() is None
            for member in psutil.Process(program.pid).children(recursive=True)
        ]
        for program in self._running:
            program.send_signal(signal.SIGKILL)
            program.wait()
        for member in members:
            if member.is_running():
                member.kill()


@pytest.fixture
def programs(tmp_path: Path, redis_server: str, transactional_db: None) -> Iterator[Programs]:
    found = Programs(tmp_path)
    yield found
    found.stop()
    connections.close_all()


@pytest.fixture
def broker(redis_server: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        yield client


@pytest.fixture
def world(transactional_db: None) -> rows.World:
    return rows.world()


def traded(world: rows.World, alice: User, bob: User, ref: str) -> Trade:
    return rows.paid_trade(world, seller=alice, buyer=bob, arbitrator="0x" + "d" * 40, ref=ref)


def outbox_rows(trade: Trade, count: int) -> None:
    """So many steps of the trade, committed and not yet told: what a crash right after the commit leaves."""
    with transaction.atomic():
        first = note(trade, Note.TIME_ASKED, at=trade.funded_at, actor=Role.BUYER)
    TradeEvent.objects.filter(pk=first.pk).update(delivered_at=timezone.now())
    # The first one was told at once; only the others are to be counted.
    Entry.objects.filter(client_id=f"trade-event-{first.pk}").delete()
    copies = []
    for number in range(1, count + 1):
        row = copy.copy(first)
        row.pk, row.seq, row.delivered_at = None, first.seq + number, None
        row.due_at = row.created_at = timezone.now()
        copies.append(row)
    TradeEvent.objects.bulk_create(copies)
    Trade.objects.filter(pk=trade.pk).update(event_count=first.seq + count)


def until(answer: Callable[[], object], seconds: float, said: Callable[[], str]) -> None:
    """Wait for a true answer; without one, tell what the programs said last."""
    end = time.monotonic() + seconds
    while not answer():
        assert time.monotonic() < end, f"not within {seconds} s: {said()[-3000:]}"
        time.sleep(0.05)
