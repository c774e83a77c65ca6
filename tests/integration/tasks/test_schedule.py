"""The schedule on the real broker: several at once, and clocks that jump."""

from __future__ import annotations

import os
import threading
import time

import pytest
import redis
from celery import Celery
from celery.beat import Service

from stack import schedule
from stack.schedule import Schedule

PERIOD_SECONDS = 1.0
PERIODS = 4


@pytest.fixture
def timed(redis_server: str) -> Celery:
    """An application with one task, due every second, and nobody who works."""
    app = Celery("timed", broker=os.environ["REDIS_URL"], set_as_current=False)
    app.conf.beat_schedule = {
        "tick": {"task": "tick", "schedule": PERIOD_SECONDS, "options": {"queue": "timed"}}
    }
    return app


def test_three_schedules_send_each_period_once(timed: Celery, broker: redis.Redis) -> None:
    """Q05: whoever is first has the period; the others have nothing to send."""
    services = [Service(timed, scheduler_cls=Schedule) for _ in range(3)]
    began = time.time()
    for service in services:
        threading.Thread(target=service.start, kwargs={"embedded_process": True}).start()
    time.sleep(PERIODS * PERIOD_SECONDS)
    for service in services:
        service.stop(wait=True)
    touched = int(time.time() // PERIOD_SECONDS) - int(began // PERIOD_SECONDS) + 1
    assert 1 < broker.llen("timed") <= touched


class Clocks:
    """Both clocks as the schedule sees them; only the wall clock can be set."""

    def __init__(self) -> None:
        self.now, self.offset = time.monotonic(), 0.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return time.time() + self.offset


@pytest.mark.parametrize("step_seconds", [3600, -3600])
def test_a_clock_that_is_set_neither_stops_nor_floods_the_schedule(
    timed: Celery, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch, step_seconds: int
) -> None:
    """Q16: an hour forward or back, and the next period comes when it would have come."""
    clocks = Clocks()
    monkeypatch.setattr(schedule, "time", clocks)
    scheduler = Schedule(timed)
    scheduler.tick()
    clocks.offset = step_seconds
    scheduler.tick()
    assert broker.llen("timed") == 1
    clocks.now += PERIOD_SECONDS
    scheduler.tick()
    assert broker.llen("timed") == 2


def test_work_missed_for_ten_minutes_is_sent_once_on_return(
    timed: Celery, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Q06: what was due meanwhile is found by the one sweep that is sent, not by six hundred."""
    clocks = Clocks()
    monkeypatch.setattr(schedule, "time", clocks)
    scheduler = Schedule(timed)
    scheduler.tick()
    clocks.now, clocks.offset = clocks.now + 600, 600
    scheduler.tick()
    assert broker.llen("timed") == 2
