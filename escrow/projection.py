"""Confirms events that are deep enough and moves the Escrow rows with them. Runs inside the follower's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

from escrow import copying
from escrow.chain.types import TradeTerms
from escrow.models import Chain, ChainEvent, Escrow
from escrow.reducer import EscrowRecord, EventMisplaced, Fact, reduce_event, reduce_events

CHUNK = 1_000
Item = TypeVar("Item")
_TERMS = tuple(TradeTerms.__dataclass_fields__)
_STATE = ("status", "since", "funded_at", "pay_by", "outcome", "to_buyer")


def confirm_deep_events(
    chain: Chain, head_number: int, fresh: Sequence[ChainEvent] = ()
) -> list[ChainEvent]:
    """Confirm the canonical events with at least the chain's depth of blocks, and move the rows; in chain order.

    `fresh` are events that are not stored yet: the deep ones among them are only marked, the caller stores them.
    """
    settled = settled_at(chain, head_number)
    stored = list(
        ChainEvent.objects.filter(
            chain=chain, canonical=True, confirmed=False, block_number__lte=settled
        ).order_by("block_number", "log_index")
    )
    deep = stored + [event for event in fresh if event.block_number <= settled]
    _move_rows(chain, deep)
    for event in deep:
        event.confirmed = True
    ChainEvent.objects.bulk_update(
        [event for event in stored if event.set_aside_reason],
        ["set_aside_reason"],
        batch_size=CHUNK,
    )
    for some in chunks(stored):
        ChainEvent.objects.filter(pk__in=[event.pk for event in some]).update(confirmed=True)
    return deep


def settled_at(chain: Chain, head_number: int) -> int:
    """The newest block that is deep enough to be acted upon when this is the head; -1 when none is."""
    return max(head_number - chain.depth + 1, -1)


def rebuild_rows(chain: Chain) -> None:
    """Make the Escrow rows anew from the confirmed canonical events alone, in memory that does not grow with the chain."""
    events = ChainEvent.objects.filter(chain=chain, canonical=True, confirmed=True)
    in_order = events.order_by("trade_id", "block_number", "log_index").iterator(chunk_size=CHUNK)
    stored = set(Escrow.objects.filter(chain=chain).values_list("trade_id", flat=True))
    gone = set(stored)
    records: dict[str, EscrowRecord] = {}
    for trade_id, of_one in groupby(in_order, key=lambda event: event.trade_id):
        record = _from_events(of_one)
        if record is not None:
            records[trade_id] = record
            gone.discard(trade_id)
        if len(records) >= CHUNK:
            _store(chain, records, stored)
            records = {}
    _store(chain, records, stored)
    for some in chunks(sorted(gone)):
        Escrow.objects.filter(chain=chain, trade_id__in=some).delete()


def records_at(
    chain: Chain, trade_ids: Collection[str], last_block: int, fresh: Iterable[ChainEvent]
) -> dict[str, EscrowRecord]:
    """What all canonical events of these trades say, deep or not: the stored ones up to a block, then the fresh ones."""
    stored = ChainEvent.objects.filter(
        chain=chain, canonical=True, trade_id__in=trade_ids, block_number__lte=last_block
    ).order_by("block_number", "log_index")
    return reduce_events(
        facts_of([*stored, *(event for event in fresh if event.trade_id in trade_ids)])
    )


def record_of(row: Escrow) -> EscrowRecord:
    """The row as the reducer's value."""
    return EscrowRecord(
        terms=terms_of(row),
        status=row.status,
        since=row.since,
        funded_at=row.funded_at,
        pay_by=row.pay_by,
        outcome=row.outcome,
        to_buyer=row.to_buyer,
    )


def terms_of(row: Escrow) -> TradeTerms:
    """The Trade that the contract holds for a row."""
    return TradeTerms(
        seller=row.seller,
        buyer=row.buyer,
        token=row.token,
        amount=row.amount,
        arbitrator=row.arbitrator,
        fee_bps=row.fee_bps,
        pay_window=row.pay_window,
        release_window=row.release_window,
        ruling_window=row.ruling_window,
        terms=row.terms,
    )


def facts_of(events: Iterable[ChainEvent]) -> list[Fact]:
    """The reducer's input for stored events."""
    return [_fact(event) for event in events]


def chunks(values: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """The values in parts that one statement bears."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def _move_rows(chain: Chain, events: Sequence[ChainEvent]) -> None:
    ids = sorted({event.trade_id for event in events} - {""})
    before: dict[str, EscrowRecord] = {}
    for some in chunks(ids):
        rows = Escrow.objects.filter(chain=chain, trade_id__in=some)
        before |= {row.trade_id: record_of(row) for row in rows}
    after = dict(before)
    for event in events:
        record = _reduced(after.get(event.trade_id), event)
        if record is not None:
            after[event.trade_id] = record
    moved = {key: record for key, record in after.items() if record is not before.get(key)}
    _store(chain, moved, before.keys())


def _from_events(events: Iterable[ChainEvent]) -> EscrowRecord | None:
    record = None
    for event in events:
        reason = event.set_aside_reason
        record = _reduced(record, event)
        if event.set_aside_reason != reason:
            event.save(update_fields=["set_aside_reason"])
    return record


def _reduced(record: EscrowRecord | None, event: ChainEvent) -> EscrowRecord | None:
    try:
        return reduce_event(record, _fact(event))
    except EventMisplaced as error:
        event.set_aside_reason = str(error)
        return record


def _store(chain: Chain, records: Mapping[str, EscrowRecord], stored: Collection[str]) -> None:
    """`stored`: the trades that have a row already."""
    rows = [_row(chain, trade_id, record) for trade_id, record in records.items()]
    copying.insert([row for row in rows if row.trade_id not in stored])
    Escrow.objects.bulk_create(
        [row for row in rows if row.trade_id in stored],
        batch_size=CHUNK,
        update_conflicts=True,
        unique_fields=["chain", "trade_id"],
        update_fields=[*_TERMS, *_STATE],
    )


def _row(chain: Chain, trade_id: str, record: EscrowRecord) -> Escrow:
    terms = {name: getattr(record.terms, name) for name in _TERMS}
    state = {name: getattr(record, name) for name in _STATE}
    return Escrow(chain=chain, trade_id=trade_id, **terms, **state)


def _fact(event: ChainEvent) -> Fact:
    return Fact(
        name=event.name, trade_id=event.trade_id, args=event.args, block_time=event.block_time
    )
