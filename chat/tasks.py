"""What the chat does by itself, safe to run twice at once."""

from __future__ import annotations

from celery import shared_task

from chat.files import remove_left
from chat.retention import remove_due


@shared_task(name="chat.tasks.sweep_rooms", ignore_result=True)
def sweep_rooms() -> None:
    """Remove what was said long enough ago, and files that nobody names."""
    remove_due()
    remove_left()
