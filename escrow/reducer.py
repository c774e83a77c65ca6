"""Turns the events of one trade into its state. Pure, so that a rebuild from block 0 gives exactly the live rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from escrow.chain.types import TradeTerms
from escrow.states import EscrowOutcome, EscrowStatus

_OUTCOMES = {
    "Released": EscrowOutcome.RELEASED,
    "Cancelled": EscrowOutcome.CANCELLED,
    "Reclaimed": EscrowOutcome.RECLAIMED,
    "Settled": EscrowOutcome.SETTLED,
    "Ruled": EscrowOutcome.RULED,
    "TimedOut": EscrowOutcome.TIMED_OUT,
}


class EventMisplaced(Exception):
    """An event does not follow from the trade's earlier ones; the text says why. It is set aside, never applied."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What the reducer needs of an event: args as stored (integers as decimal text), block_time in seconds."""

    name: str
    trade_id: str
    args: Mapping[str, Any]
    block_time: int


@dataclass(frozen=True, slots=True)
class EscrowRecord:
    """A trade's state. to_buyer is what the closing gave the buyer before the fee, in base units."""

    terms: TradeTerms
    status: str
    since: int
    funded_at: int
    pay_by: int
    outcome: str = ""
    to_buyer: int | None = None


def reduce_event(record: EscrowRecord | None, fact: Fact) -> EscrowRecord | None:
    """The state after one more event; events that say nothing of a trade's state change nothing.

    Raises: EventMisplaced.
    """
    if fact.name == "Funded":
        return _funded(record, fact)
    if fact.name in _OUTCOMES:
        return _closed(_live(record, fact), fact)
    if fact.name == "MarkedPaid":
        return replace(
            _in(record, fact, EscrowStatus.FUNDED),
            status=EscrowStatus.PAID.value,
            since=fact.block_time,
        )
    if fact.name == "Disputed":
        return replace(
            _in(record, fact, EscrowStatus.PAID),
            status=EscrowStatus.DISPUTED.value,
            since=fact.block_time,
        )
    if fact.name == "TimeGranted":
        return replace(_in(record, fact, EscrowStatus.FUNDED), pay_by=int(fact.args["payBy"]))
    return record


def reduce_events(facts: Iterable[Fact]) -> dict[str, EscrowRecord]:
    """The states of all trades from all their events in chain order; misplaced ones are left out."""
    records: dict[str, EscrowRecord] = {}
    for fact in facts:
        try:
            record = reduce_event(records.get(fact.trade_id), fact)
        except EventMisplaced:
            continue
        if record is not None:
            records[fact.trade_id] = record
    return records


def _funded(record: EscrowRecord | None, fact: Fact) -> EscrowRecord:
    if record is not None and record.status != EscrowStatus.CLOSED:
        raise EventMisplaced("Funded although the trade was live.")
    terms, trade_id = TradeTerms.with_id(fact.args["trade"])
    if trade_id != fact.trade_id:
        raise EventMisplaced("Funded under an id that is not the hash of its terms.")
    return EscrowRecord(
        terms=terms,
        status=EscrowStatus.FUNDED.value,
        since=fact.block_time,
        funded_at=fact.block_time,
        pay_by=fact.block_time + terms.pay_window,
    )


def _closed(record: EscrowRecord, fact: Fact) -> EscrowRecord:
    released = fact.name == "Released"
    to_buyer = record.terms.amount if released else int(fact.args.get("toBuyer", 0))
    return replace(
        record,
        status=EscrowStatus.CLOSED.value,
        since=fact.block_time,
        outcome=_OUTCOMES[fact.name].value,
        to_buyer=to_buyer,
    )


def _live(record: EscrowRecord | None, fact: Fact) -> EscrowRecord:
    if record is None:
        raise EventMisplaced(f"{fact.name} for an id that was never funded.")
    if record.status == EscrowStatus.CLOSED:
        raise EventMisplaced(f"{fact.name} after the trade had closed.")
    return record


def _in(record: EscrowRecord | None, fact: Fact, status: EscrowStatus) -> EscrowRecord:
    live = _live(record, fact)
    if live.status != status:
        raise EventMisplaced(f"{fact.name} while the trade was {live.status}.")
    return live
