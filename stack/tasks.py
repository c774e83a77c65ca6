"""The worker's sign of life, and the devnet's prices."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from stack import devnet, health


@worker_ready.connect
def first_sign(**facts: Any) -> None:
    """A worker that has just started need not wait for the schedule to be seen."""
    health.beat()


@shared_task(name="stack.tasks.heartbeat")
def heartbeat() -> None:
    """Note that schedule and worker both work."""
    health.beat()


@shared_task(name="stack.tasks.refresh_feeds")
def refresh_feeds() -> None:
    """Devnet only: nobody else reports prices there, and old ones are not believed."""
    devnet.refresh_feeds()
