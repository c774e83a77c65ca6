"""Tells the one whose turn it is when half, and when a quarter, of the time is left. Due times are columns; nothing is scheduled ahead."""

from __future__ import annotations

from django.db import transaction

from escrow.selectors import chain_clock
from marketplace.trades.models import Trade
from marketplace.trades.services.status import RELATED, note
from marketplace.trades.states import Note
from marketplace.trades.terms import left_text

MARKS = ("remind_half_at", "remind_quarter_at")


def remind_due(*, limit: int = 200) -> int:
    """Write every reminder that is due; one per mark and clock, however many sweeps run. How many were written."""
    now = chain_clock()
    return sum(_remind(pk, mark, now) for mark in MARKS for pk in _due(mark, now, limit))


def _due(mark: str, now: int, limit: int) -> list[int]:
    due = Trade.objects.filter(**{f"{mark}__lte": now}).order_by(mark)
    return list(due.values_list("pk", flat=True)[:limit])


def _remind(trade_pk: int, mark: str, now: int) -> int:
    with transaction.atomic():
        trade = (
            Trade.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related(*RELATED)
            .filter(pk=trade_pk, **{f"{mark}__lte": now})
            .first()
        )
        if trade is None or trade.due_at is None:
            return 0
        left = trade.due_at - now
        # Asleep past a later mark, or past zero: one reminder is enough, and none when there is nothing left to do.
        passed = {name: None for name in MARKS if (getattr(trade, name) or now + 1) <= now}
        if left <= 0 or trade.is_extra:
            Trade.objects.filter(pk=trade.pk).update(**passed)
            return 0
        note(
            trade,
            Note.REMINDED,
            at=now,
            params={"variant": trade.status, "left": left_text(left)},
            **passed,
        )
    return 1
