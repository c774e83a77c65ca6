"""Confirms events that are deep enough and moves the Escrow rows with them. Runs inside the follower's transaction."""

from __future__ import annotations

from collections.abc import Iterable

from escrow.chain.types import TradeTerms
from escrow.models import Chain, ChainEvent, Escrow
from escrow.reducer import EscrowRecord, EventMisplaced, Fact, reduce_event


def confirm_deep_events(chain: Chain, head_number: int) -> list[ChainEvent]:
    """Confirm the canonical events with at least the chain's depth of blocks, and move the rows; in chain order."""
    deep = ChainEvent.objects.filter(
        chain=chain,
        canonical=True,
        confirmed=False,
        block_number__lte=head_number - chain.depth + 1,
    ).order_by("block_number", "log_index")
    events = list(deep)
    for event in events:
        _apply(event)
        event.confirmed = True
        event.save(update_fields=["confirmed", "set_aside_reason"])
    return events


def rebuild_rows(chain: Chain) -> None:
    """Make the Escrow rows anew from the confirmed canonical events alone."""
    events = ChainEvent.objects.filter(chain=chain, canonical=True, confirmed=True)
    records: dict[str, EscrowRecord] = {}
    for event in events.order_by("block_number", "log_index"):
        record = _reduced(records.get(event.trade_id), event)
        if record is not None:
            records[event.trade_id] = record
        event.save(update_fields=["set_aside_reason"])
    Escrow.objects.filter(chain=chain).exclude(trade_id__in=records).delete()
    for trade_id, record in records.items():
        _store(chain, trade_id, record)


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


def _apply(event: ChainEvent) -> None:
    row = (
        Escrow.objects.filter(chain=event.chain, trade_id=event.trade_id).first()
        if event.trade_id
        else None
    )
    before = None if row is None else record_of(row)
    after = _reduced(before, event)
    if after is not None and after != before:
        _store(event.chain, event.trade_id, after)


def _reduced(record: EscrowRecord | None, event: ChainEvent) -> EscrowRecord | None:
    try:
        return reduce_event(record, _fact(event))
    except EventMisplaced as error:
        event.set_aside_reason = str(error)
        return record


def _store(chain: Chain, trade_id: str, record: EscrowRecord) -> None:
    terms = record.terms
    values = {name: getattr(terms, name) for name in TradeTerms.__dataclass_fields__}
    state = {
        name: getattr(record, name)
        for name in ("status", "since", "funded_at", "pay_by", "outcome", "to_buyer")
    }
    Escrow.objects.update_or_create(chain=chain, trade_id=trade_id, defaults={**values, **state})


def _fact(event: ChainEvent) -> Fact:
    return Fact(
        name=event.name, trade_id=event.trade_id, args=event.args, block_time=event.block_time
    )
