"""Compares the rows with the contract and with their own events, continuously. It finds and tells; it repairs nothing.

Each look takes every live trade and asks the contract for it, at the newest block whose events are settled; and it takes
the next so many of all trades, in turn, and makes their rows again from the stored events. So a look costs what is live,
however many trades have closed. A difference that is still there a moment later becomes an AuditFinding, which an operator
sees and `/healthz` names; it closes by itself once the row is right again, and stays on record.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from django.utils import timezone

from escrow import locks
from escrow.chain import types
from escrow.chain.gateway import Gateway, NodeRefused, NodeUnavailable, gateway
from escrow.chain.types import EscrowState
from escrow.models import AuditFinding, Chain, ChainEvent, Escrow
from escrow.projection import facts_of, record_of
from escrow.reducer import EscrowRecord, reduce_events
from escrow.states import AuditSource, EscrowStatus

logger = logging.getLogger(__name__)

CHUNK = 500
# How many trades of all a look takes, live or closed: 6,000 a minute at a look every twenty seconds.
IN_TURN = 2_000
_NUMBERS = {
    EscrowStatus.FUNDED.value: types.FUNDED,
    EscrowStatus.PAID.value: types.PAID,
    EscrowStatus.DISPUTED.value: types.DISPUTED,
    EscrowStatus.CLOSED.value: types.NONE,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one row that is not what the source says; texts, as a person reads them."""

    trade_id: str
    field: str
    row_value: str
    true_value: str
    source: str


def audit_once(chain: Chain) -> list[Difference]:
    """Look once and note what differs; one process at a time works, others find the lock taken.

    A node that cannot be asked gives no verdict: nothing is noted but chain.audit_problem.
    """
    with locks.advisory_lock(locks.AUDITOR, chain.pk) as is_held:
        if not is_held:
            return []
        chain.refresh_from_db(fields=["audit_cursor"])
        try:
            return _look(chain, gateway())
        except (NodeUnavailable, NodeRefused) as error:
            logger.warning("audit: %s", error)
            Chain.objects.filter(pk=chain.pk).update(audit_problem=str(error))
            return []


def _look(chain: Chain, node: Gateway) -> list[Difference]:
    in_turn, cursor = _next_in_turn(chain)
    looked_at = in_turn | _live(chain) | _with_open_findings(chain)
    # Rows move while they are looked at: only what differs twice, in what was read anew, is a difference.
    suspects = {found.trade_id for found in _differences(chain, node, looked_at)}
    found = list(_differences(chain, node, suspects))
    _note(chain, found)
    Chain.objects.filter(pk=chain.pk).update(
        audited_at=timezone.now(), audit_cursor=cursor, audit_problem=""
    )
    return found


def _live(chain: Chain) -> set[str]:
    live = Escrow.objects.filter(chain=chain).exclude(status=EscrowStatus.CLOSED)
    return set(live.values_list("trade_id", flat=True))


def _with_open_findings(chain: Chain) -> set[str]:
    return set(
        AuditFinding.objects.filter(chain=chain, gone_at=None).values_list("trade_id", flat=True)
    )


def _next_in_turn(chain: Chain) -> tuple[set[str], str]:
    """The next trades that have a row, or events that should have made one; and where the next look goes on, "" at the end."""
    rows = Escrow.objects.filter(chain=chain, trade_id__gt=chain.audit_cursor)
    funded = ChainEvent.objects.filter(
        chain=chain, trade_id__gt=chain.audit_cursor, canonical=True, confirmed=True, name="Funded"
    )
    ids = sorted(
        {
            *rows.order_by("trade_id").values_list("trade_id", flat=True)[:IN_TURN],
            *funded.order_by("trade_id").values_list("trade_id", flat=True).distinct()[:IN_TURN],
        }
    )[:IN_TURN]
    return set(ids), ids[-1] if len(ids) == IN_TURN else ""


def _differences(chain: Chain, node: Gateway, trade_ids: Iterable[str]) -> Iterator[Difference]:
    ids = sorted(trade_ids)
    for some in (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)):
        # One statement, so that the rows and the block they are true at belong together.
        rows = {
            row.trade_id: row
            for row in Escrow.objects.filter(chain=chain, trade_id__in=some).select_related("chain")
        }
        yield from _from_contract(node, list(rows.values()))
        yield from _from_events(chain, rows, some)


def _from_contract(node: Gateway, rows: list[Escrow]) -> Iterator[Difference]:
    live = [row for row in rows if row.status != EscrowStatus.CLOSED]
    for row in live:
        if record_of(row).terms.trade_id != row.trade_id:
            yield _difference(row.trade_id, "terms", "another Trade", "hash", AuditSource.CONTRACT)
    blocks = {_settled_block(row.chain) for row in live}
    for block in blocks:
        states = node.escrow_states([row.trade_id for row in live], block=block)
        for row, state in zip(live, states, strict=True):
            yield from _compared(row, state)


def _settled_block(chain: Chain) -> int:
    """The newest block whose events the rows already contain."""
    head, scanned = chain.head_number or 0, chain.scanned_block or 0
    return max(min(scanned, head - chain.depth + 1), 0)


def _compared(row: Escrow, state: EscrowState) -> Iterator[Difference]:
    pairs = {
        "status": (_NUMBERS[row.status], state.status),
        "since": (row.since, state.since),
        "funded_at": (row.funded_at, state.funded_at),
        "pay_by": (row.pay_by, state.pay_by),
    }
    for name, (ours, theirs) in pairs.items():
        if ours != theirs:
            yield _difference(row.trade_id, name, ours, theirs, AuditSource.CONTRACT)


def _from_events(
    chain: Chain, rows: dict[str, Escrow], trade_ids: Iterable[str]
) -> Iterator[Difference]:
    events = ChainEvent.objects.filter(
        chain=chain, canonical=True, confirmed=True, trade_id__in=trade_ids
    ).order_by("trade_id", "block_number", "log_index")
    for trade_id, of_one in groupby(events, key=lambda event: event.trade_id):
        said = reduce_events(facts_of(of_one)).get(trade_id)
        row = rows.get(trade_id)
        if said is None:
            continue
        if row is None:
            yield _difference(trade_id, "row", "missing", said.status, AuditSource.EVENTS)
        else:
            yield from _unlike(trade_id, record_of(row), said)
    told = {event.trade_id for event in events}
    for trade_id in rows.keys() - told:
        yield _difference(trade_id, "row", rows[trade_id].status, "no event", AuditSource.EVENTS)


def _unlike(trade_id: str, row: EscrowRecord, said: EscrowRecord) -> Iterator[Difference]:
    ours, theirs = _flat(row), _flat(said)
    for name, value in ours.items():
        if value != theirs[name]:
            yield _difference(trade_id, name, value, theirs[name], AuditSource.EVENTS)


def _flat(record: EscrowRecord) -> dict[str, object]:
    names = ("status", "since", "funded_at", "pay_by", "outcome", "to_buyer")
    return record.terms.as_typed() | {name: getattr(record, name) for name in names}


def _difference(
    trade_id: str, field: str, ours: object, theirs: object, source: AuditSource
) -> Difference:
    return Difference(trade_id, field, str(ours), str(theirs), source.value)


def _note(chain: Chain, found: list[Difference]) -> None:
    now = timezone.now()
    open_ones = {
        (finding.trade_id, finding.field, finding.source): finding
        for finding in AuditFinding.objects.filter(chain=chain, gone_at=None)
    }
    for difference in found:
        known = open_ones.pop((difference.trade_id, difference.field, difference.source), None)
        if known is not None and known.row_value == difference.row_value:
            continue
        if known is not None:
            _close([known])
        logger.error(
            "audit: %s of trade %s is %s, %s says %s",
            difference.field,
            difference.trade_id,
            difference.row_value,
            difference.source,
            difference.true_value,
        )
        AuditFinding.objects.create(
            chain=chain,
            trade_id=difference.trade_id,
            field=difference.field,
            row_value=difference.row_value,
            true_value=difference.true_value,
            source=difference.source,
            found_at=now,
        )
    _close(open_ones.values())


def _close(findings: Iterable[AuditFinding]) -> None:
    AuditFinding.objects.filter(pk__in=[finding.pk for finding in findings]).update(
        gone_at=timezone.now()
    )
