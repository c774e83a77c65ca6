"""The Celery application: queues, limits and the schedule, all in code."""

from __future__ import annotations

import os
from typing import Any

import structlog
from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun
from django.conf import settings
from kombu import Queue

from stack.watch.signs import BEAT_SECONDS, QUEUES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("parley")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_queues=[Queue(name) for name in QUEUES],
    task_default_queue="bulk",
    task_routes={"escrow.tasks.*": {"queue": "chain"}},
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    beat_scheduler="stack.schedule:Schedule",
    # Hard limit below the visibility timeout, so that a task is never handed out twice while it runs.
    task_time_limit=60,
    broker_transport_options={"visibility_timeout": 300},
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    beat_schedule={
        **{
            f"heartbeat-{queue}": {
                "task": "stack.tasks.heartbeat",
                "schedule": BEAT_SECONDS,
                "options": {"queue": queue, "expires": 60},
            }
            for queue in QUEUES
        },
        "look-for-alarms": {
            "task": "stack.tasks.look_for_alarms",
            "schedule": 15.0,
            "options": {"queue": "bulk", "expires": 15},
        },
        "relay": {
            "task": "escrow.tasks.relay",
            "schedule": 1.0,
            "options": {"queue": "chain", "expires": 5},
        },
        "watch-submissions": {
            "task": "escrow.tasks.watch_submissions",
            "schedule": 3.0,
            "options": {"queue": "chain", "expires": 5},
        },
        "audit": {
            "task": "escrow.tasks.audit",
            "schedule": 20.0,
            "options": {"queue": "bulk", "expires": 20},
        },
        "refresh-prices": {
            "task": "marketplace.prices.tasks.refresh_prices",
            "schedule": 15.0,
            "options": {"queue": "bulk", "expires": 15},
        },
        "sweep-trades": {
            "task": "marketplace.trades.tasks.sweep_trades",
            "schedule": 3.0,
            "options": {"queue": "notify", "expires": 5},
        },
        "send-notices": {
            "task": "marketplace.notifications.tasks.send_notices",
            "schedule": 2.0,
            "options": {"queue": "notify", "expires": 4},
        },
        "see-funds": {
            "task": "marketplace.offers.tasks.see_funds",
            "schedule": 30.0,
            "options": {"queue": "bulk", "expires": 30},
        },
        "sweep-rooms": {
            "task": "chat.tasks.sweep_rooms",
            "schedule": 900.0,
            "options": {"queue": "bulk", "expires": 900},
        },
        "sweep-cases": {
            "task": "marketplace.disputes.tasks.sweep_cases",
            "schedule": 5.0,
            "options": {"queue": "notify", "expires": 10},
        },
    },
)
if settings.IS_DEVNET:
    app.conf.beat_schedule["practice"] = {
        "task": "practice.tasks.play",
        "schedule": 2.0,
        "options": {"queue": "bulk", "expires": 4},
    }
    app.conf.beat_schedule["practice-offers"] = {
        "task": "practice.tasks.stand",
        "schedule": 60.0,
        "options": {"queue": "bulk", "expires": 60},
    }
    # Each report is a transaction, and prices count as stale only after a day.
    app.conf.beat_schedule["refresh-feeds"] = {
        "task": "stack.tasks.refresh_feeds",
        "schedule": 6 * 3600.0,
        "options": {"queue": "bulk", "expires": 3600},
    }
app.autodiscover_tasks(
    [
        "chat",
        "escrow",
        "marketplace.prices",
        "marketplace.trades",
        "marketplace.offers",
        "marketplace.notifications",
        "marketplace.disputes",
        "practice",
        "stack",
    ]
)


@setup_logging.connect
def keep_logging(**facts: Any) -> None:
    """Django has set logging up; Celery would put its own in place."""


@task_prerun.connect
def bind_task(task_id: str, task: Any, **facts: Any) -> None:
    """Every line that a task logs names it."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)


@task_postrun.connect
def unbind_task(**facts: Any) -> None:
    """A thread is used again."""
    structlog.contextvars.clear_contextvars()
