"""The schedule's clock: which task is due, by a clock that nobody can set, each period once however many schedules run.

Celery's own asks the wall clock: set an hour back, it sends nothing for an hour. Nothing has to be remembered over a
restart, since every task works off what is due when it runs.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

import redis
from celery.beat import ScheduleEntry, Scheduler
from django.core.cache import cache

from stack.watch import signs

logger = logging.getLogger(__name__)
LONGEST_REST_SECONDS = 1.0
# A period's claim outlives the period, so that a second schedule that comes late finds it.
_CLAIM_PERIODS = 2


class Schedule(Scheduler):
    """Sends each task of `beat_schedule` once per period; two or more of them at once share the periods."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._due: dict[str, float] = {}
        super().__init__(*arguments, **options)

    def tick(self, *arguments: Any, **options: Any) -> float:
        """Send what is due; how many seconds to rest. What was missed while nobody looked is sent once, now."""
        now = time.monotonic()
        for name, entry in self.schedule.items():
            if now >= self._due.get(name, 0.0):
                self._due[name] = now + _seconds(entry)
                self._send(entry)
        signs.note_seen(signs.SCHEDULE)
        rest = min(self._due.values(), default=LONGEST_REST_SECONDS) - time.monotonic()
        return min(max(rest, 0.0), LONGEST_REST_SECONDS)

    def _send(self, entry: ScheduleEntry) -> None:
        if _claimed(entry):
            # Logs what goes wrong and goes on: the next period comes.
            self.apply_entry(entry, producer=self.producer)


def _seconds(entry: ScheduleEntry) -> float:
    period = getattr(entry.schedule, "run_every", None)
    assert isinstance(period, timedelta), f"{entry.name} has no period"
    return period.total_seconds()


def _claimed(entry: ScheduleEntry) -> bool:
    """Whether this schedule is the one that sends the task in the present period."""
    seconds = _seconds(entry)
    key = f"stack:schedule:{entry.name}:{int(time.time() // seconds)}"
    try:
        return bool(cache.add(key, 1, timeout=int(seconds * _CLAIM_PERIODS) + 1))
    except redis.RedisError as error:
        logger.warning("%s is sent unclaimed, Redis does not answer: %s", entry.name, error)
        return True
