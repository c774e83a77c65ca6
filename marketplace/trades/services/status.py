"""The one place that writes a trade's status, and the history row that leaves with it.

Compare and swap: the row moves only from the status that the caller saw. Locks are taken offer first, then trade, everywhere,
so that two takers, a lapse and a funding can meet without a deadlock.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import F

from marketplace.offers.models import Offer
from marketplace.trades.delivery import deliver_pending
from marketplace.trades.errors import ImpossibleMove, SomebodyWasFirst
from marketplace.trades.models import Trade, TradeEvent
from marketplace.trades.states import (
    OUTCOMES,
    Cause,
    Note,
    Outcome,
    Role,
    Status,
    duty_of,
    next_status,
    reminder_times,
)
from marketplace.trades.terms import words_of
from realtime.hints import hint

RELATED = ("offer", "asset__chain", "buyer", "seller", "maker", "taker")


def locked(trade_pk: int) -> Trade:
    """The trade with its offer's row and its own locked to the end of the transaction, in that order."""
    offer_pk = Trade.objects.values_list("offer_id", flat=True).get(pk=trade_pk)
    Offer.objects.select_for_update(of=("self",)).get(pk=offer_pk)
    return Trade.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=trade_pk)


def move(
    trade: Trade,
    cause: Cause,
    *,
    at: int,
    actor: Role | None = None,
    chain_key: str = "",
    params: dict[str, Any] | None = None,
    **changes: Any,
) -> TradeEvent:
    """Move the trade for one cause, at a second of the chain's clock, and write its history row. Needs a transaction.

    `changes` are columns that change with it. Closing sets outcome and time; the running duty and its reminders follow.

    Raises: ImpossibleMove when the table has no such step; SomebodyWasFirst when the row is no longer as it was read.
    """
    old = Status(trade.status)
    new = next_status(old, cause)
    if new is None:
        raise ImpossibleMove(trade.ref, old, cause)
    columns = {**_closing(new, cause, at), **changes, "status": new}
    _set(trade, columns)
    columns.update(_duty_columns(trade))
    swapped = Trade.objects.filter(pk=trade.pk, status=old).update(
        event_count=F("event_count") + 1, **columns
    )
    if swapped != 1:
        raise SomebodyWasFirst
    _set(trade, columns)
    return _written(trade, cause, old=old, at=at, actor=actor, chain_key=chain_key, params=params)


def restate(
    trade: Trade, to: Status, *, at: int, params: dict[str, Any], **changes: Any
) -> TradeEvent:
    """Write the status that the chain gives after it undid what had counted as final. Needs a transaction.

    The one move outside the table; `changes` are the columns that the remaining events say.
    """
    old = Status(trade.status)
    columns = {**_closing(to, Cause.LAPSED, at), **changes, "status": to}
    _set(trade, columns)
    columns.update(_duty_columns(trade))
    Trade.objects.filter(pk=trade.pk).update(event_count=F("event_count") + 1, **columns)
    _set(trade, columns)
    return _written(trade, Note.UNDONE, old=old, at=at, actor=None, chain_key="", params=params)


def note(
    trade: Trade,
    kind: Note,
    *,
    at: int,
    actor: Role | None = None,
    params: dict[str, Any] | None = None,
    **changes: Any,
) -> TradeEvent:
    """Write a step that leaves the status alone: a proposal, a question, a lease. Needs a transaction."""
    _set(trade, changes)
    columns = {**changes, **_duty_columns(trade)}
    Trade.objects.filter(pk=trade.pk).update(event_count=F("event_count") + 1, **columns)
    _set(trade, columns)
    return _written(
        trade, kind, old=Status(trade.status), at=at, actor=actor, chain_key="", params=params
    )


def _closing(new: Status, cause: Cause, at: int) -> dict[str, Any]:
    if new == Status.CLOSED:
        return {"outcome": OUTCOMES[cause], "closed_at": at, "leased_until": None}
    return {"outcome": Outcome.NONE, "close_reason": "", "closed_by": "", "closed_at": 0}


def _duty_columns(trade: Trade) -> dict[str, int | None]:
    duty = duty_of(trade, funded_at=trade.funded_at, turn_at=trade.turn_at)
    if duty.until == 0:
        return {"due_at": None, "remind_half_at": None, "remind_quarter_at": None}
    if trade.due_at == duty.until:
        return {}
    half, quarter = reminder_times(duty)
    return {"due_at": duty.until, "remind_half_at": half, "remind_quarter_at": quarter}


def _set(trade: Trade, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(trade, name, value)


def _written(
    trade: Trade,
    cause: Cause | Note,
    *,
    old: Status,
    at: int,
    actor: Role | None,
    chain_key: str,
    params: dict[str, Any] | None,
) -> TradeEvent:
    trade.refresh_from_db(fields=["event_count"])
    event = TradeEvent.objects.create(
        trade=trade,
        seq=trade.event_count,
        cause=cause,
        old_status=old,
        new_status=trade.status,
        actor=actor or "",
        # Words as they were at this moment: terms may change before the line is delivered.
        params={**asdict(words_of(trade)), **(params or {})},
        at=at,
        chain_key=chain_key,
    )
    hint(f"trade:{trade.ref}", event.seq)
    for user_pk in (trade.buyer_id, trade.seller_id):
        hint(f"user:{user_pk}")
    pk = trade.pk
    transaction.on_commit(lambda: deliver_pending(trade_pk=pk), robust=True)
    return event
