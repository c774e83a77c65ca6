"""What the chat does by itself, safe to run twice at once."""

from __future__ import annotations

from celery import shared_task

from chat.files import remove_unnamed


@shared_task(name="chat.tasks.sweep_files", ignore_result=True)
def sweep_files() -> None:
    """Remove sealed files that no message names."""
    remove_unnamed()
