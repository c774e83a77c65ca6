"""What happens when a stored block is no longer on the chain: everything is read again from the contract's first block.

Read first, then switch in one transaction: rows of lost blocks stay, marked as not canonical. An event that was already
acted upon must be found again; when one is gone, the chain was undone deeper than we trusted and the follower halts.
"""

from __future__ import annotations

from django.db import transaction

from escrow.chain.gateway import Gateway
from escrow.chain.types import Header
from escrow.models import Block, Chain, ChainEvent
from escrow.projection import confirm_deep_events, rebuild_rows
from escrow.reading import Batch, read_all


class ReorgTooDeep(Exception):
    """Events that the hub had acted upon are gone from the chain. Attributes: trade_ids."""

    def __init__(self, trade_ids: list[str]) -> None:
        self.trade_ids = trade_ids
        super().__init__(
            f"The chain was undone deeper than this hub trusts: {len(trade_ids)} trades had moved on events that are gone."
        )


def rebuild(chain: Chain, node: Gateway, head: Header, *, accept_lost: bool = False) -> Batch:
    """Read the whole chain again and make the rows agree with it, in one transaction.

    With accept_lost an operator goes on although acted-upon events are gone.
    Raises: ReorgTooDeep with nothing changed; NodeUnavailable.
    """
    batch = read_all(chain, node, head=head)
    with transaction.atomic():
        Chain.objects.select_for_update().get(pk=chain.pk)
        lost = _switch(chain, batch)
        gone = _hand_over(chain, lost)
        if gone and not accept_lost:
            raise ReorgTooDeep(sorted({event.trade_id for event in gone}))
        Block.objects.filter(chain=chain).delete()
        store_headers(chain, batch.headers)
        rebuild_rows(chain)
        confirm_deep_events(chain, head.number)
    return batch


def store_headers(chain: Chain, headers: tuple[Header, ...]) -> None:
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


def store_events(chain: Chain, events: tuple[ChainEvent, ...]) -> list[ChainEvent]:
    """Keep events that are new, and make those canonical again that had been lost; the new ones."""
    stored = {
        (e.block_hash, e.log_index): e
        for e in ChainEvent.objects.filter(
            chain=chain, block_hash__in={e.block_hash for e in events}
        )
    }
    fresh = [event for event in events if (event.block_hash, event.log_index) not in stored]
    back = [row.pk for row in stored.values() if not row.canonical]
    ChainEvent.objects.filter(pk__in=back).update(canonical=True)
    return ChainEvent.objects.bulk_create(fresh, ignore_conflicts=True)


def _switch(chain: Chain, batch: Batch) -> list[ChainEvent]:
    kept = {(event.block_hash, event.log_index) for event in batch.events}
    before = ChainEvent.objects.filter(chain=chain, canonical=True)
    lost = [event for event in before if (event.block_hash, event.log_index) not in kept]
    ChainEvent.objects.filter(pk__in=[event.pk for event in lost]).update(canonical=False)
    store_events(chain, batch.events)
    return lost


def _hand_over(chain: Chain, lost: list[ChainEvent]) -> list[ChainEvent]:
    """Let the same event in its new block count as acted upon; the acted-upon ones that have no such event."""
    gone = []
    for event in lost:
        if event.applied_at is None:
            continue
        again = ChainEvent.objects.filter(
            chain=chain,
            canonical=True,
            applied_at__isnull=True,
            tx_hash=event.tx_hash,
            name=event.name,
            trade_id=event.trade_id,
            args=event.args,
        ).first()
        if again is None:
            gone.append(event)
            continue
        again.confirmed, again.applied_at, again.set_aside_reason = (
            True,
            event.applied_at,
            event.set_aside_reason,
        )
        again.save(update_fields=["confirmed", "applied_at", "set_aside_reason"])
    return gone
