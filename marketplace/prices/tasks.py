"""Reads the feeds on schedule."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.conf import settings

from escrow.chain.gateway import gateway
from escrow.models import Asset
from escrow.selectors import chain_clock
from marketplace.prices.services import store_quotes
from marketplace.prices.sources import FeedAnswer, feeds_of

log = structlog.get_logger()


@shared_task(time_limit=30)
def refresh_prices() -> int:
    """Stores the current reference prices; how many pairs have one."""
    assets = list(
        Asset.objects.filter(chain_id=settings.CHAIN_ID, is_active=True).values_list(
            "symbol", flat=True
        )
    )
    return store_quotes(
        assets=assets, feeds=feeds_of(settings.CHAIN_ID), read=_read, now=chain_clock()
    )


def _read(address: str) -> FeedAnswer | None:
    try:
        return gateway().read_feed(address)
    except Exception as error:
        # One silent feed must not hide the others; its pair ages and rests by itself.
        log.warning("feed_silent", feed=address, error=repr(error))
        return None
