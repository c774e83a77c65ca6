"""Keeps the visible funds of open sell offers fresh."""

from __future__ import annotations

from celery import shared_task

from marketplace.offers.funds import see_funds as look


@shared_task(time_limit=50)
def see_funds() -> int:
    """How many wallets were looked at."""
    return look()
