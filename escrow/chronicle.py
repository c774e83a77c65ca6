"""What the follower lived through, summed up: reorgs by depth."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Sum

from escrow.models import Chain, Reorg

# Deeper ones are counted together: what matters about them is that they happened.
DEEPEST = 65


@dataclass(frozen=True, slots=True)
class ReorgCount:
    """How often blocks were undone to one depth, and how many stored events that took away."""

    times: int = 0
    lost_events: int = 0


def reorg_counts(chain: Chain) -> dict[int, ReorgCount]:
    """The sums by depth, 0 to DEEPEST, in one query."""
    rows = (
        Reorg.objects.filter(chain=chain)
        .values("depth")
        .annotate(times=Count("pk"), lost=Sum("lost_events"))
        .values_list("depth", "times", "lost")
    )
    counts: dict[int, ReorgCount] = {}
    for depth, times, lost in rows:
        known = counts.get(min(depth, DEEPEST), ReorgCount())
        counts[min(depth, DEEPEST)] = ReorgCount(known.times + times, known.lost_events + lost)
    return counts
