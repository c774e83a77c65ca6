"""The sweep that sends what is due. Safe to run twice at once."""

from __future__ import annotations

from celery import shared_task

from marketplace.notifications.sending import send_due


@shared_task(name="marketplace.notifications.tasks.send_notices", ignore_result=True)
def send_notices() -> None:
    """Send due mails and pushes, settle tries whose worker died."""
    send_due()
