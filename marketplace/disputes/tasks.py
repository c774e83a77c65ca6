"""The sweep that opens and closes the desk's folders; safe to run twice at once."""

from __future__ import annotations

from celery import shared_task

from marketplace.disputes.services import close_due_cases, open_due_cases


@shared_task(name="marketplace.disputes.tasks.sweep_cases", ignore_result=True, time_limit=30)
def sweep_cases() -> None:
    """Open the case of every newly disputed trade and close those that ended."""
    open_due_cases()
    close_due_cases()
