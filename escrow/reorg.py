"""What happens when a stored block is no longer on the chain: the part above the last common block is read again.

Read first, then switch in one transaction: events of lost blocks stay as rows, marked as not canonical. A repair costs
what was undone, not the whole chain. What had been final must be found again unchanged (`check_final`); else the follower
halts with nothing written, and `rebase` is what an operator's one command does: the whole chain once more, in batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from django.db import transaction
from django.utils import timezone

from escrow import copying
from escrow.chain import types
from escrow.chain.gateway import Gateway
from escrow.chain.rpc import NodeUnavailable
from escrow.chain.types import Header
from escrow.identity import check_identity
from escrow.killpoints import reach
from escrow.models import Block, Chain, ChainEvent, RelayTransaction, Reorg, SignedCall
from escrow.projection import chunks, confirm_deep_events, rebuild_rows, records_at, settled_at
from escrow.reading import UNKNOWN_EVENT, Batch, read_fork, read_from
from escrow.reducer import EscrowRecord
from escrow.states import RelayStatus, SignedCallStatus

NOWHERE = -1
# More trades than this are compared by the auditor alone.
MOST_COMPARED = 500


class PastFinality(Exception):
    """Events that counted as final are gone or changed. Attributes: first, last (blocks), events, trade_ids."""

    def __init__(self, first: int, last: int, events: int, trade_ids: Sequence[str]) -> None:
        self.first, self.last, self.events, self.trade_ids = first, last, events, list(trade_ids)
        super().__init__(
            f"The chain was undone deeper than this hub trusts: blocks {first} to {last} had counted as final and are "
            f"other ones now; {events} events of {len(self.trade_ids)} trades in them are gone or changed. "
            "Nothing was deleted, and pages show the state before."
        )


def last_common_block(chain: Chain, node: Gateway) -> int:
    """The highest stored block that the node's chain still has; NOWHERE when it has none of them.

    Blocks of one hash have the same blocks below them, so halving finds it in a few questions.
    Raises: NodeUnavailable, NodeRefused.
    """
    stored = list(
        Block.objects.filter(chain=chain).order_by("number").values_list("number", "hash")
    )
    low, high = 0, len(stored)
    while low < high:
        middle = (low + high) // 2
        number, known = stored[middle]
        found = node.block(number)
        if found is not None and found.hash == known:
            low = middle + 1
        else:
            high = middle
    return stored[low - 1][0] if low else NOWHERE


def repair(chain: Chain, node: Gateway, head: Header) -> Batch:
    """Switch from the stored chain to the node's, above their last common block.

    Raises: PastFinality with nothing changed; NodeUnavailable, NodeRefused.
    """
    common = last_common_block(chain, node)
    _check_fork(chain, node, head, common)
    check_final(chain, node, head, common)
    batch = read_fork(chain, node, max(common + 1, chain.deploy_block), head=head)
    _check_link(chain, batch, common)
    compare_with_contract(chain, node, batch)
    reach("reorg.read")
    with transaction.atomic():
        Chain.objects.select_for_update().get(pk=chain.pk)
        undone = (chain.scanned_block or 0) - common
        lost = mark_lost(chain, batch, first=batch.start, last=None)
        Block.objects.filter(chain=chain, number__gte=batch.start).delete()
        reach("reorg.marked")
        store_headers(chain, batch.headers)
        store_events(chain, batch.events)
        hand_over(chain, lost)
        reach("reorg.stored")
        confirm_deep_events(chain, head.number)
        note_reorg(chain, head, common=common, depth=undone, lost=len(lost))
        reach("reorg.rows_moved")
        chain.settled_block = settled_at(chain, head.number)
        chain.save(update_fields=["settled_block"])
    reach("reorg.committed")
    return batch


def check_final(chain: Chain, node: Gateway, head: Header, common: int) -> None:
    """Refuse a fork that took or changed an event which had counted as final; one among empty blocks may pass.

    Raises: PastFinality, NodeUnavailable, NodeRefused.
    """
    settled = _settled_before(chain)
    if common >= settled:
        return
    first = max(common + 1, chain.deploy_block)
    before = ChainEvent.objects.filter(chain=chain, canonical=True, confirmed=True)
    ours = list(before.filter(block_number__gte=first).order_by("block_number", "log_index"))
    theirs: list[ChainEvent] = []
    at = first
    while common != NOWHERE and at <= min(settled, head.number):
        batch = read_from(chain, node, at, head=head)
        if at == first:
            _check_link(chain, batch, common)
        theirs += [event for event in batch.events if event.block_number <= settled]
        at = batch.scanned + 1
    if common == NOWHERE or [_said(e) for e in ours] != [_said(e) for e in theirs]:
        _check_still_there(chain, node, head)
        gone = {event.trade_id for event in ours} | {event.trade_id for event in theirs}
        raise PastFinality(first, settled, len(ours), sorted(gone - {""}))


def rebase(chain: Chain, node: Gateway, head: Header) -> Batch:
    """Take the node's chain for the truth from the contract's first block on, lost events and all; batch after batch.

    One transaction: nobody sees it half done, and a node that fails half-way changes nothing.
    Raises: NodeUnavailable, NodeRefused.
    """
    with transaction.atomic():
        common = last_common_block(chain, node)
        Block.objects.filter(chain=chain).delete()
        lost: list[int] = []
        start, batch, link = chain.deploy_block, None, ""
        while start <= head.number:
            batch = read_from(chain, node, start, head=head)
            if link and batch.headers[0].parent_hash != link:
                raise NodeUnavailable("The chain moved while it was read.")
            lost += mark_lost(chain, batch, first=start, last=batch.scanned)
            store_events(chain, batch.events)
            store_headers(chain, batch.headers)
            start, link = batch.scanned + 1, batch.headers[-1].hash
        if batch is None:
            raise NodeUnavailable(f"The node's chain ends before block {start}.")
        lost += mark_lost(chain, batch, first=start, last=None)
        hand_over(chain, lost)
        _send_again(chain, common, lost)
        _confirm_anew(chain, settled_at(chain, head.number))
        rebuild_rows(chain)
        depth = (chain.scanned_block or 0) - common
        note_reorg(chain, head, common=common, depth=depth, lost=len(lost))
        chain.settled_block = settled_at(chain, head.number)
    return batch


def compare_with_contract(chain: Chain, node: Gateway, batch: Batch) -> None:
    """Hold what the events now say of the trades that a reorg touches against the contract at the new head.

    Raises: NodeUnavailable when they differ, or when the head moved meanwhile.
    """
    undone = ChainEvent.objects.filter(
        chain=chain, canonical=True, block_number__gte=batch.start
    ).values_list("trade_id", flat=True)
    ids = sorted({*undone, *(event.trade_id for event in batch.events)} - {""})
    if batch.behind or not ids or len(ids) > MOST_COMPARED:
        return
    said = records_at(chain, ids, batch.start - 1, batch.events)
    words = node.escrow_states(ids, block=batch.head.number)
    if node.block_always(batch.head.number).hash != batch.head.hash:
        raise NodeUnavailable("The chain moved while it was read.")
    for trade_id, word in zip(ids, words, strict=True):
        if _word(said.get(trade_id)) != word:
            raise NodeUnavailable(
                f"The node's logs and its contract differ about trade {trade_id}; both are asked again."
            )


def store_headers(chain: Chain, headers: Iterable[Header]) -> None:
    """Keep headers; one that is stored already under its number is replaced."""
    rows = [
        Block(chain=chain, number=h.number, hash=h.hash, parent_hash=h.parent_hash, time=h.time)
        for h in headers
    ]
    Block.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["chain", "number"],
        update_fields=["hash", "parent_hash", "time"],
    )


def store_events(chain: Chain, events: Sequence[ChainEvent]) -> list[ChainEvent]:
    """Keep events that are new, and make those canonical again that had been lost; the new ones."""
    fresh = fresh_events(chain, events)
    copying.insert(fresh)
    return fresh


def fresh_events(chain: Chain, events: Sequence[ChainEvent]) -> list[ChainEvent]:
    """Those events that are not stored yet. One that had been lost and is back waits anew to be confirmed."""
    hashes = {event.block_hash for event in events}
    rows = ChainEvent.objects.filter(chain=chain, block_hash__in=hashes).only(
        "block_hash", "log_index", "canonical", "name"
    )
    stored = {(row.block_hash, row.log_index): row for row in rows}
    back = ChainEvent.objects.filter(pk__in=[r.pk for r in stored.values() if not r.canonical])
    anew = {"canonical": True, "confirmed": False, "applied_at": None}
    back.filter(name=UNKNOWN_EVENT).update(**anew)
    back.exclude(name=UNKNOWN_EVENT).update(**anew, set_aside_reason="")
    return [event for event in events if (event.block_hash, event.log_index) not in stored]


def mark_lost(chain: Chain, batch: Batch, *, first: int, last: int | None) -> list[int]:
    """Mark the events from `first` to `last` (None: the end) that the batch has not; their keys. Rows are never deleted."""
    kept = {(event.block_hash, event.log_index) for event in batch.events}
    before = ChainEvent.objects.filter(chain=chain, canonical=True, block_number__gte=first)
    if last is not None:
        before = before.filter(block_number__lte=last)
    keys = before.values_list("pk", "block_hash", "log_index")
    lost = [pk for pk, block_hash, index in keys if (block_hash, index) not in kept]
    for some in chunks(lost):
        ChainEvent.objects.filter(pk__in=some).update(canonical=False)
    return lost


def hand_over(chain: Chain, lost: Sequence[int]) -> None:
    """Let the same event in its new block count as confirmed and acted upon where the lost one did."""
    for some in chunks(lost):
        for event in ChainEvent.objects.filter(pk__in=some, confirmed=True):
            again = ChainEvent.objects.filter(
                chain=chain,
                canonical=True,
                confirmed=False,
                tx_hash=event.tx_hash,
                name=event.name,
                trade_id=event.trade_id,
                args=event.args,
                block_time=event.block_time,
            ).first()
            if again is not None:
                again.confirmed, again.applied_at = True, event.applied_at
                again.set_aside_reason = event.set_aside_reason
                again.save(update_fields=["confirmed", "applied_at", "set_aside_reason"])
                event.applied_at = None
                event.save(update_fields=["applied_at"])


def note_reorg(chain: Chain, head: Header, *, common: int, depth: int, lost: int) -> None:
    """Keep a record of what was undone."""
    Reorg.objects.create(
        chain=chain,
        found_at=timezone.now(),
        common_block=None if common == NOWHERE else common,
        head_number=head.number,
        depth=max(depth, 0),
        lost_events=lost,
    )


def _settled_before(chain: Chain) -> int:
    if chain.settled_block is not None:
        return chain.settled_block
    # A database from before this was kept.
    head, scanned = chain.head_number or 0, chain.scanned_block or 0
    return min(settled_at(chain, head), scanned)


def _confirm_anew(chain: Chain, settled: int) -> None:
    unapplied = ChainEvent.objects.filter(chain=chain, canonical=True, applied_at__isnull=True)
    unapplied.exclude(name=UNKNOWN_EVENT).exclude(set_aside_reason="").update(set_aside_reason="")
    unapplied.filter(block_number__lte=settled, confirmed=False).update(confirmed=True)
    unapplied.filter(block_number__gt=settled, confirmed=True).update(confirmed=False)


def _check_fork(chain: Chain, node: Gateway, head: Header, common: int) -> None:
    # One wrong answer must not look like a fork: its blocks have to link to the common one and be others than ours.
    above = Block.objects.filter(chain=chain, number__gt=common).order_by("number").first()
    if above is None or above.number > head.number:
        return
    headers = node.headers(max(common, 0) if common != NOWHERE else above.number, above.number)
    links = all(later.parent_hash == earlier.hash for earlier, later in pairwise(headers))
    known = Block.objects.filter(chain=chain, number=headers[0].number, hash=headers[0].hash)
    starts_at_ours = common == NOWHERE or known.exists()
    if not links or not starts_at_ours or headers[-1].hash == above.hash:
        raise NodeUnavailable("The chain moved while it was read.")


def _check_still_there(chain: Chain, node: Gateway, head: Header) -> None:
    check_identity(chain, node)
    if node.block_always(head.number).hash != head.hash:
        raise NodeUnavailable("The chain moved while it was read.")


def _check_link(chain: Chain, batch: Batch, common: int) -> None:
    known = Block.objects.filter(chain=chain, number=batch.start - 1).first()
    if known is not None and common == known.number and batch.headers[0].parent_hash != known.hash:
        raise NodeUnavailable("The chain moved while it was read.")


def _send_again(chain: Chain, common: int, lost: Sequence[int]) -> None:
    """Let the relayer look after what had counted as done above the fork: sent again, or done after all."""
    relayed = RelayTransaction.objects.filter(
        chain=chain, status=RelayStatus.DONE, block_number__gt=common
    )
    done = SignedCall.objects.filter(chain=chain, status=SignedCallStatus.DONE)
    done.filter(pk__in=relayed.values("signed_call")).update(status=SignedCallStatus.SENT)
    relayed.update(status=RelayStatus.MINED)
    for some in chunks(lost):
        trades = ChainEvent.objects.filter(pk__in=some).values("trade_id")
        done.filter(trade_id__in=trades).update(status=SignedCallStatus.WAITING)


def _said(event: ChainEvent) -> tuple[object, ...]:
    return event.tx_hash, event.name, event.trade_id, event.args, event.block_time


def _word(record: EscrowRecord | None) -> types.EscrowState:
    if record is None or record.status not in types.STATUS_NUMBERS:
        return types.EscrowState(0, 0, 0, 0)
    return types.EscrowState(
        types.STATUS_NUMBERS[record.status], record.since, record.funded_at, record.pay_by
    )
