"""Reads of disputes. What counts is what the contract's events carry: rows of ours are matched to them by hash."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from chat.models import Disclosure, Entry, Room
from chat.selectors import disclosed_entries
from escrow.models import ChainEvent
from marketplace.disputes.models import Case, Filing, Request, Ruling
from marketplace.disputes.reasons import Reason, reason
from marketplace.disputes.states import Clock, ruling_clock
from marketplace.trades.models import Trade
from marketplace.trades.states import Outcome, Role, Status

# What a party gives free from the chat goes to whoever works on the case.
AUDIENCE = "desk"


@dataclass(frozen=True)
class Opening:
    """How a dispute was opened on chain, and the filing that its hash commits to, if the hub was given one."""

    by: str
    evidence_hash: str
    at: int
    filing: Filing | None
    is_genuine: bool

    @property
    def reason(self) -> Reason | None:
        return reason(self.filing.reason) if self.filing else None


@dataclass(frozen=True)
class Decision:
    """What the contract paid out by ruling, and the letter behind it; `is_genuine` when the letter's hash is the event's."""

    to_buyer_base_units: int
    evidence_hash: str
    at: int
    ruling: Ruling | None
    is_genuine: bool


def clock_of(trade: Trade, now: int) -> Clock:
    """The ruling window of a disputed trade, by the chain's clock."""
    return ruling_clock(
        since=trade.disputed_at or trade.since, ruling_seconds=trade.ruling_seconds, now=now
    )


def is_live(trade: Trade) -> bool:
    """Whether the dispute still runs: only confirmed events say so."""
    return trade.status == Status.DISPUTED


def case_of(trade: Trade) -> Case | None:
    """The desk's folder of the trade, or None before anybody filed or asked."""
    return Case.objects.select_related("assignee").filter(trade=trade).first()


def opening_of(trade: Trade) -> Opening | None:
    """How the trade's dispute was opened; None while no confirmed event says so."""
    return openings_of([trade]).get(trade.trade_id)


def openings_of(trades: Iterable[Trade]) -> dict[str, Opening]:
    """The openings of many trades by escrow id, in two queries."""
    events = _latest_events("Disputed", [trade.trade_id for trade in trades])
    hashes = [event.args["evidence"] for event in events.values()]
    filings = {
        (row.case.trade.trade_id, row.evidence_hash): row
        for row in Filing.objects.filter(evidence_hash__in=hashes).select_related(
            "by", "case__trade"
        )
    }
    return {
        trade_id: _opening(event, filings.get((trade_id, event.args["evidence"])))
        for trade_id, event in events.items()
    }


def decision_of(trade: Trade) -> Decision | None:
    """The ruling that the contract executed; None unless the trade ended by one."""
    if trade.outcome != Outcome.RULED:
        return None
    event = _latest_events("Ruled", [trade.trade_id]).get(trade.trade_id)
    if event is None:
        return None
    evidence_hash = event.args["evidence"]
    ruling = (
        Ruling.objects.filter(case__trade=trade, evidence_hash=evidence_hash)
        .select_related("by", "case__trade")
        .first()
    )
    return Decision(
        to_buyer_base_units=int(event.args["toBuyer"]),
        evidence_hash=evidence_hash,
        at=event.block_time,
        ruling=ruling,
        is_genuine=ruling is not None
        and ruling.by.address == trade.arbitrator
        and ruling.is_intact,
    )


def latest_filing(trade: Trade, by_id: int) -> Filing | None:
    """What a party filed last, signed or not."""
    return (
        Filing.objects.filter(case__trade=trade, by_id=by_id)
        .select_related("by", "case__trade")
        .order_by("-id")
        .first()
    )


def open_requests(case: Case, role: Role) -> QuerySet[Request]:
    """What the desk asked this side, the newest first."""
    return case.requests.filter(of__in=[str(role), "both"]).select_related("by").order_by("-id")


def messages_given(trade: Trade) -> list[Entry]:
    """The room's messages that a party gave free for the desk, in order; gaps in their numbers were not given."""
    room = Room.objects.filter(key=trade.room_key).first()
    return disclosed_entries(room, AUDIENCE) if room else []


def opened_for_desk(trade: Trade) -> list[tuple[datetime, str, int]]:
    """Each time a party opened messages for the desk, in order: when, who, how many."""
    rows = Disclosure.objects.filter(room__key=trade.room_key, audience=AUDIENCE)
    counted = rows.select_related("by__user").annotate(count=Count("entries")).order_by("pk")
    return [(row.created_at, str(row.by.user), int(row.count)) for row in counted]


def sent_ruling(case: Case) -> Ruling | None:
    """The ruling that was signed or sent last; the chain decides whether it counts."""
    return (
        case.rulings.filter(sent_at__isnull=False).select_related("by").order_by("-sent_at").first()
    )


def _opening(event: ChainEvent, filing: Filing | None) -> Opening:
    by, evidence_hash = event.args["by"], event.args["evidence"]
    genuine = filing is not None and filing.by.address == by and filing.is_intact
    return Opening(
        by=by, evidence_hash=evidence_hash, at=event.block_time, filing=filing, is_genuine=genuine
    )


def _latest_events(name: str, trade_ids: list[str]) -> dict[str, ChainEvent]:
    rows = ChainEvent.objects.filter(
        name=name, trade_id__in=trade_ids, canonical=True, confirmed=True
    )
    return {row.trade_id: row for row in rows.order_by("block_number", "log_index")}
