"""The workers' signs of life, the look for alarms, and the devnet's prices."""

from __future__ import annotations

from typing import Any

from celery import Task, shared_task
from celery.signals import worker_ready

from stack import devnet
from stack.watch import looks, signs


@worker_ready.connect
def first_sign(sender: Any, **facts: Any) -> None:
    """A worker that has just started need not wait for the schedule to be seen."""
    for queue in sender.task_consumer.queues:
        signs.note_seen(queue.name)


@shared_task(bind=True, name="stack.tasks.heartbeat")
def heartbeat(self: Task[Any, Any]) -> None:
    """Note that somebody works on the queue this came by."""
    delivered = self.request.delivery_info or {}
    signs.note_seen(str(delivered.get("routing_key")))


@shared_task(name="stack.tasks.look_for_alarms", soft_time_limit=20, time_limit=30)
def look_for_alarms() -> None:
    """Look at the hub once; two at once do no harm."""
    if not looks.is_starting():
        looks.look()


@shared_task(name="stack.tasks.refresh_feeds")
def refresh_feeds() -> None:
    """Devnet only: nobody else reports prices there, and old ones are not believed."""
    devnet.refresh_feeds()
