"""Migrations while the hub works: nobody waits long, old code goes on writing, and the way back is open."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from marketplace.accounts.models import User
from marketplace.trades.models import TradeEvent
from tests.integration.disputes import rows
from tests.integration.tasks.conftest import outbox_rows, traded

pytestmark = pytest.mark.django_db(transaction=True)

LONGEST_WAIT_SECONDS = 2.0
BEFORE, AFTER = "0001_initial", "0002_outbox"
ROWS = 20_000


@pytest.fixture(autouse=True)
def with_migrations(settings: Any) -> None:
    """Other tests make their tables from the models at once."""
    settings.MIGRATION_MODULES = {}


@pytest.fixture
def forward_again(with_migrations: None) -> Iterator[None]:
    """The tables are as after the last migration; from here on the database knows it."""
    call_command("migrate", fake=True, verbosity=0)
    yield
    call_command("migrate", verbosity=0)


class OldCode(threading.Thread):
    """Writes steps of a trade as the code before the migration does, and notes its longest wait."""

    def __init__(self, trade_pk: int) -> None:
        super().__init__(daemon=True)
        self.trade_pk, self.longest, self.written = trade_pk, 0.0, 0
        self.failure: Exception | None = None
        self.stopping = threading.Event()

    def run(self) -> None:
        try:
            while not self.stopping.wait(0.01):
                before = time.monotonic()
                self._write()
                self.longest = max(self.longest, time.monotonic() - before)
        except Exception as error:
            self.failure = error
        finally:
            connection.close()

    def _write(self) -> None:
        self.written += 1
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO marketplace_tradeevent (trade_id, seq, cause, old_status, new_status, actor, params, at,"
                " chain_key, tries, failure, created_at)"
                " VALUES (%s, %s, 'time_asked', 'PAID', 'PAID', 'buyer', '{}', 1, '', 0, '', now())",
                [self.trade_pk, 1_000_000 + self.written],
            )


def test_the_outbox_migrates_under_a_working_hub_forward_and_back(
    world: rows.World, alice: User, bob: User, forward_again: None
) -> None:
    """Q15: no wait above two seconds on a table with rows, old code keeps writing, and back again."""
    trade = traded(world, alice, bob, "TTT-TT")
    outbox_rows(trade, ROWS)
    call_command("migrate", "marketplace", BEFORE, verbosity=0)
    writer = OldCode(trade.pk)
    writer.start()
    try:
        call_command("migrate", "marketplace", AFTER, verbosity=0)
        time.sleep(0.2)
        call_command("migrate", "marketplace", BEFORE, verbosity=0)
    finally:
        writer.stopping.set()
        writer.join(30)
    assert writer.failure is None
    assert writer.written > 0
    assert writer.longest < LONGEST_WAIT_SECONDS
    call_command("migrate", "marketplace", verbosity=0)
    assert TradeEvent.objects.filter(trade=trade, due_at=None).count() == 0


@pytest.fixture
def world() -> rows.World:
    return rows.world()
