"""The real workers and their real schedule as a program of its own, with only the sweep on the schedule and slower effects.

    python -m tests.integration.tasks.program                     `manage.py work`
    celery -A tests.integration.tasks.program worker ...          Celery's own worker

Told by the environment: PAUSE_SECONDS between an effect and its commit, VISIBLE_SECONDS of a message in work.
"""

from __future__ import annotations

import os
import time

import django
from django.core.management import call_command

django.setup()

from config.celery import app  # noqa: E402
from marketplace.trades import delivery  # noqa: E402
from marketplace.trades.models import TradeEvent  # noqa: E402
from realtime.store import client_of  # noqa: E402

PAUSE_SECONDS = float(os.environ.get("PAUSE_SECONDS", "0"))
SWEEPS_KEY = "tests:sweeps"

app.conf.beat_schedule = {
    "sweep": {
        "task": "tests.sweep",
        "schedule": 0.5,
        "options": {"queue": "notify", "expires": 30},
    },
    **{name: row for name, row in app.conf.beat_schedule.items() if name.startswith("heartbeat")},
}
app.conf.broker_transport_options = {
    "visibility_timeout": float(os.environ.get("VISIBLE_SECONDS", "300"))
}

_speak = delivery._speak


def _speak_slowly(event: TradeEvent) -> None:
    """What ends the program here has spoken and not committed."""
    _speak(event)
    time.sleep(PAUSE_SECONDS)


delivery._speak = _speak_slowly


@app.task(name="tests.sweep")
def sweep() -> None:
    """The outbox's part of the sweep; counts its runs."""
    client_of(os.environ["REDIS_URL"]).incr(SWEEPS_KEY)
    delivery.deliver_pending()


@app.task(name="tests.slow")
def slow(seconds: float) -> None:
    """Something that keeps a worker busy."""
    time.sleep(seconds)


@app.task(name="tests.endless", time_limit=2)
def endless() -> None:
    """Something that does not end by itself."""
    time.sleep(3600)


if __name__ == "__main__":
    call_command("work")
