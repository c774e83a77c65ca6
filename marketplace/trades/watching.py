"""Tells open rooms when a step on its way to the chain changed: refused, reverted, replaced, sent; or the promise of its gas.

The chain's own side cannot: it knows no rooms. What was last told is kept in the cache; losing it costs one hint more.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone

from escrow.models import GasReservation, SignedCall, Submission
from marketplace.trades.models import Trade
from marketplace.trades.states import Status
from realtime.hints import hint

RECENT = timedelta(hours=6)
KEPT_SECONDS = 7 * 3600
PREFIX = "trades:told:"


def hint_traffic() -> int:
    """Hint each open trade whose calls, transactions or promises of gas of the last hours differ from what was told before. How many."""
    marks = _marks()
    known = cache.get_many([PREFIX + trade_id for trade_id in marks])
    news = {
        trade_id: mark for trade_id, mark in marks.items() if known.get(PREFIX + trade_id) != mark
    }
    trades = Trade.objects.filter(trade_id__in=news).exclude(status=Status.CLOSED)
    refs = list(trades.values_list("ref", flat=True))
    for ref in refs:
        hint(f"trade:{ref}")
    cache.set_many(
        {PREFIX + trade_id: mark for trade_id, mark in news.items()}, timeout=KEPT_SECONDS
    )
    return len(refs)


def _marks() -> dict[str, int]:
    """One number per id on chain that changes whenever a call, transaction or promise of it does."""
    since = timezone.now() - RECENT
    states: dict[str, list[str]] = defaultdict(list)
    for kind, rows in (("call", SignedCall.objects), ("transaction", Submission.objects)):
        recent = rows.filter(created_at__gte=since).exclude(trade_id="").order_by("pk")
        for trade_id, pk, status in recent.values_list("trade_id", "pk", "status"):
            states[trade_id].append(f"{kind} {pk} {status}")
    promises = GasReservation.objects.filter(created_at__gte=since).order_by("pk")
    for trade_id, pk, covered_at in promises.values_list("trade_id", "pk", "covered_at"):
        states[trade_id].append(f"promise {pk} {covered_at is not None}")
    return {trade_id: zlib.crc32("\n".join(lines).encode()) for trade_id, lines in states.items()}
