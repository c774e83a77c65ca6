"""Follows one chain: one writer under a lock, one transaction per batch, facts before conclusions.

`advance` is called in a loop. It knows no trade of the marketplace: confirmed events wait in their table to be applied.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from escrow import locks
from escrow.chain.gateway import Gateway, NodeRefused, NodeUnavailable, gateway
from escrow.chain.types import Header
from escrow.identity import ChainChanged, check_identity
from escrow.models import Block, Chain, ChainEvent
from escrow.projection import confirm_deep_events
from escrow.reading import Batch, ChainMoved, read_from
from escrow.reorg import ReorgTooDeep, rebuild, store_events, store_headers

HEADERS_KEPT = 512
# The follower lets go of its lock after every step.
RESUME_TRIES, RESUME_PAUSE_SECONDS = 50, 0.1


class ChainHalted(Exception):
    """The follower stopped for an operator to look; the text says why. Pages keep serving the last state."""


class FollowerBusy(Exception):
    """The follower is in the middle of a long step. Nothing was changed; run the command again."""


@dataclass(frozen=True, slots=True)
class Advance:
    """What one step did. trade_ids: trades with a new event or one more confirmation; behind: blocks still to read."""

    head: int = 0
    behind: int = 0
    new: int = 0
    confirmed: int = 0
    rebuilt: bool = False
    waiting: bool = False
    problem: str = ""
    trade_ids: frozenset[str] = field(default_factory=frozenset)


def advance(chain: Chain) -> Advance:
    """Read and store the next batch; safe to call from many processes, of which one works and the others wait.

    A node that does not answer is told in the result and in chain_health, and is no error.
    Raises: ChainChanged, ChainHalted.
    """
    with locks.advisory_lock(locks.FOLLOWER, chain.pk) as is_held:
        if not is_held:
            return Advance(waiting=True)
        chain.refresh_from_db()
        if chain.halt_reason:
            raise ChainHalted(chain.halt_reason)
        try:
            return _step(chain, gateway())
        except (NodeUnavailable, NodeRefused) as error:
            _note_problem(chain, str(error))
            return Advance(problem=str(error))
        except ChainChanged as error:
            _note_problem(chain, str(error))
            raise


def resume(chain: Chain) -> Advance:
    """Go on after a halt: the chain as it is now is taken as the truth, lost events and all. The follower may be running.

    Raises: FollowerBusy, ChainChanged, NodeUnavailable.
    """
    for _ in range(RESUME_TRIES):
        with locks.advisory_lock(locks.FOLLOWER, chain.pk) as is_held:
            if is_held:
                return _resumed(chain, gateway())
        time.sleep(RESUME_PAUSE_SECONDS)
    raise FollowerBusy(FollowerBusy.__doc__)


def _resumed(chain: Chain, node: Gateway) -> Advance:
    check_identity(chain, node)
    head = node.head()
    batch = rebuild(chain, node, head, accept_lost=True)
    chain.halt_reason = ""
    _note_progress(chain, batch)
    return Advance(head=head.number, rebuilt=True)


def _step(chain: Chain, node: Gateway) -> Advance:
    check_identity(chain, node)
    head = node.head()
    tip = Block.objects.filter(chain=chain).order_by("-number").first()
    if tip is not None and head.number < tip.number:
        return _step_back(chain, node, head)
    if tip is not None and node.block_always(tip.number).hash != tip.hash:
        return _rebuild(chain, node, head)
    start = chain.deploy_block if chain.scanned_block is None else chain.scanned_block + 1
    if start > head.number:
        _note_progress(chain, Batch(head=head, scanned=head.number, headers=(), events=()))
        return Advance(head=head.number)
    batch = read_from(chain, node, start, head=head)
    first = batch.headers[0]
    if tip is not None and first.number == tip.number + 1 and first.parent_hash != tip.hash:
        raise ChainMoved("The chain moved while it was read.")
    return _store(chain, batch)


def _step_back(chain: Chain, node: Gateway, head: Header) -> Advance:
    # A node that lags behind shows blocks we know; only another block at the same height means the chain was undone.
    known = Block.objects.filter(chain=chain, number=head.number).first()
    if known is not None and known.hash != head.hash:
        return _rebuild(chain, node, head)
    raise NodeUnavailable(
        f"The node is behind: it shows block {head.number}, which this hub has passed."
    )


def _store(chain: Chain, batch: Batch) -> Advance:
    with transaction.atomic():
        Chain.objects.select_for_update().get(pk=chain.pk)
        store_headers(chain, batch.headers)
        new = store_events(chain, batch.events)
        waiting = _unconfirmed_trades(chain)
        confirmed = confirm_deep_events(chain, batch.head.number)
        _forget_old_headers(chain, batch.scanned)
        _note_progress(chain, batch)
    return Advance(
        head=batch.head.number,
        behind=batch.behind,
        new=len(new),
        confirmed=len(confirmed),
        trade_ids=frozenset({event.trade_id for event in new} | waiting) - {""},
    )


def _rebuild(chain: Chain, node: Gateway, head: Header) -> Advance:
    try:
        with transaction.atomic():
            batch = rebuild(chain, node, head)
            _note_progress(chain, batch)
    except ReorgTooDeep as error:
        chain.halt_reason = f"{error} {_way_on(chain)}"
        chain.save(update_fields=["halt_reason"])
        raise ChainHalted(chain.halt_reason) from error
    touched = frozenset(event.trade_id for event in batch.events) | _unconfirmed_trades(chain)
    return Advance(head=head.number, new=len(batch.events), rebuilt=True, trade_ids=touched - {""})


def _unconfirmed_trades(chain: Chain) -> set[str]:
    waiting = ChainEvent.objects.filter(chain=chain, canonical=True, confirmed=False)
    return set(waiting.values_list("trade_id", flat=True))


def _forget_old_headers(chain: Chain, scanned: int) -> None:
    Block.objects.filter(chain=chain, number__lt=scanned - HEADERS_KEPT).delete()


def _note_progress(chain: Chain, batch: Batch) -> None:
    now = timezone.now()
    if (chain.head_number, chain.head_time) != (batch.head.number, batch.head.time):
        chain.head_number, chain.head_time, chain.head_seen_at = (
            batch.head.number,
            batch.head.time,
            now,
        )
    chain.scanned_block = batch.scanned
    chain.polled_at, chain.problem = now, ""
    chain.save()


def _note_problem(chain: Chain, problem: str) -> None:
    Chain.objects.filter(pk=chain.pk).update(problem=problem)


def _way_on(chain: Chain) -> str:
    return f"Look at these trades, then run `python manage.py chain_resume {chain.pk}`."
