"""The worker's sign of life."""

from __future__ import annotations

from celery import shared_task

from stack import health


@shared_task(name="stack.tasks.heartbeat")
def heartbeat() -> None:
    """Note that schedule and worker both work."""
    health.beat()
