"""Effects, each exactly once, while workers are killed and the broker forgets. Real workers, schedule, Redis and PostgreSQL."""

from __future__ import annotations

import os
import random
import time

import psutil
import pytest
import redis
from django.db.models import Count

from chat.models import Entry
from marketplace import outbox
from marketplace.accounts.models import User
from marketplace.notifications.models import Notice
from marketplace.trades.models import TradeEvent
from tests.integration.disputes import rows
from tests.integration.tasks.conftest import (
    START_SECONDS,
    Programs,
    outbox_rows,
    traded,
    until,
)

IS_DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
EFFECTS, KILLS, FLUSHES = (1_000, 50, 3) if IS_DEEP else (200, 12, 3)
PER_TRADE = 10
SEED = 4

pytestmark = pytest.mark.timeout(1800)


def waiting() -> int:
    return TradeEvent.objects.filter(delivered_at=None).count()


def victims(programs: list[psutil.Process]) -> list[psutil.Process]:
    """Processes that carry out tasks or send them; those that only mind others stay."""
    return [member for program in programs for member in program.children(recursive=True)]


def test_each_effect_once_through_kills_and_a_forgetful_broker(
    world: rows.World, alice: User, bob: User, programs: Programs, broker: redis.Redis
) -> None:
    """Q01, Q03: workers killed outright in the middle of effects, the broker emptied three times."""
    for number in range(EFFECTS // PER_TRADE):
        outbox_rows(traded(world, alice, bob, f"T{number:03}-TT"), PER_TRADE)
    Notice.objects.all().delete()
    running = [
        programs.work(PAUSE_SECONDS="0.02"),
        programs.celery("-Q", "notify", "-c", "3", "-l", "WARNING", PAUSE_SECONDS="0.02"),
    ]
    until(lambda: waiting() < EFFECTS, 400, programs.said)

    chance, kills, flushes = random.Random(SEED), 0, 0
    began = time.monotonic()
    while waiting() and time.monotonic() - began < 1200:
        done = EFFECTS - waiting()
        if kills < KILLS and done >= EFFECTS * kills // (KILLS + 1):
            chance.choice(victims(running) or running).kill()
            kills += 1
        if flushes < FLUSHES and done >= EFFECTS * (flushes + 1) // (FLUSHES + 1):
            broker.flushall()
            flushes += 1
        time.sleep(0.02)
    print(f"{EFFECTS} effects, {kills} kills, {flushes} flushes, {time.monotonic() - began:.0f} s")

    assert (waiting(), kills, flushes) == (0, KILLS, FLUSHES), programs.said()[-2000:]
    assert outbox.parked_count() == 0
    told = Entry.objects.filter(client_id__startswith="trade-event-")
    assert told.count() == EFFECTS
    assert not told.values("client_id").annotate(times=Count("pk")).filter(times__gt=1).exists()
    assert Notice.objects.filter(user=alice).count() == EFFECTS
    assert TradeEvent.objects.filter(tries__gt=1).exists(), "no kill met an effect"


def test_a_message_handed_out_twice_has_one_effect(
    world: rows.World, alice: User, bob: User, programs: Programs, broker: redis.Redis
) -> None:
    """Q02: work that takes longer than the broker hides its message is done by two, and tells once."""
    from tests.integration.tasks.program import SWEEPS_KEY, sweep

    outbox_rows(traded(world, alice, bob, "TTT-TT"), 2)
    Notice.objects.all().delete()
    facts = {"VISIBLE_SECONDS": "2", "PAUSE_SECONDS": "20"}
    programs.celery("-Q", "notify", "-c", "1", "-l", "WARNING", **facts)
    sweep.apply_async(queue="notify")
    until(lambda: int(broker.get(SWEEPS_KEY) or 0) >= 1, START_SECONDS, programs.said)
    # A worker that starts hands out again what was hidden too long: the first is still at it.
    programs.celery("-Q", "notify", "-c", "1", "-l", "WARNING", **facts)
    until(lambda: int(broker.get(SWEEPS_KEY) or 0) >= 2, START_SECONDS, programs.said)
    assert waiting()
    until(lambda: not waiting(), START_SECONDS, programs.said)
    assert Entry.objects.filter(client_id__startswith="trade-event-").count() == 2
    assert Notice.objects.filter(user=alice).count() == 2
