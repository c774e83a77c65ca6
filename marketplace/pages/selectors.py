"""What the front page tells of the market as a whole. Counted from real trades; nothing is invented."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from django.core.cache import cache

from escrow.selectors import chain_clock
from marketplace.trades.models import Trade
from marketplace.trades.states import Outcome, Status

DAY_SECONDS = 86_400
SAMPLE = 200
KEPT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Tally:
    """Trades finished in the last day, the median seconds from "paid" to release (None without any), disputes open."""

    finished: int
    release_seconds: int | None
    in_review: int


def tally() -> Tally:
    """The counters; at most 15 seconds old."""
    known = cache.get("front:tally")
    if isinstance(known, Tally):
        return known
    counted = _count()
    cache.set("front:tally", counted, KEPT_SECONDS)
    return counted


def _count() -> Tally:
    released = Trade.objects.filter(outcome=Outcome.RELEASED)
    times = (
        released.filter(paid_at__gt=0)
        .order_by("-closed_at")
        .values_list("paid_at", "closed_at")[:SAMPLE]
    )
    return Tally(
        finished=released.filter(closed_at__gte=chain_clock() - DAY_SECONDS).count(),
        release_seconds=int(median(closed - paid for paid, closed in times)) if times else None,
        in_review=Trade.objects.filter(status=Status.DISPUTED).count(),
    )
