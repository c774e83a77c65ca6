"""Celery's shells around the chain side: one call each, idempotent, time-limited.

The configuration routes them to the queue "chain".
"""

from __future__ import annotations

from celery import shared_task

from escrow import auditor, relayer, submissions
from escrow.models import Chain


@shared_task(name="escrow.tasks.relay", soft_time_limit=30, time_limit=40)
def relay() -> None:
    """Send what waits for the relayer; two at once do no harm, one of them finds the lock taken."""
    relayer.run_once()


@shared_task(name="escrow.tasks.watch_submissions", soft_time_limit=30, time_limit=40)
def watch_submissions() -> None:
    """Look after people's own transactions."""
    submissions.watch_once()


@shared_task(name="escrow.tasks.audit", soft_time_limit=50, time_limit=55)
def audit() -> None:
    """Compare the rows of every chain with the contract."""
    for chain in Chain.objects.filter(scanned_block__isnull=False, halt_reason=""):
        auditor.audit_once(chain)
