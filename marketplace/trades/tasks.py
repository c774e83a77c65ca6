"""The sweep: what time closes, reminders that are due, rows still in the outbox. Safe to run twice at once."""

from __future__ import annotations

from celery import shared_task

from marketplace.trades.delivery import deliver_pending
from marketplace.trades.reminders import remind_due
from marketplace.trades.services import lapse_due
from marketplace.trades.watching import hint_traffic


@shared_task(name="marketplace.trades.tasks.sweep_trades", ignore_result=True)
def sweep_trades() -> None:
    """Lapse, remind, deliver, tell rooms what is on its way."""
    lapse_due()
    remind_due()
    deliver_pending()
    hint_traffic()
