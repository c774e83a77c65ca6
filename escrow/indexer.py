"""Follows one chain: one writer under a lock, one transaction per batch, facts before conclusions.

`advance` is called in a loop; it polls and needs no wake. It knows no trade of the marketplace: confirmed events wait in
their table to be applied.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from escrow import copying, locks
from escrow.chain.gateway import Gateway, NodeRefused, NodeUnavailable, upstreams
from escrow.chain.types import Header
from escrow.identity import ChainChanged
from escrow.killpoints import reach
from escrow.models import Block, Chain, ChainEvent
from escrow.projection import confirm_deep_events, settled_at
from escrow.reading import Batch, ChainMoved, read_from
from escrow.reorg import PastFinality, fresh_events, rebase, repair, store_headers
from escrow.sources import NodesDisagree, chosen
from escrow.states import ProblemKind

logger = logging.getLogger(__name__)

HEADERS_KEPT = 512
_FOLLOWED = (
    *("head_number", "head_time", "head_seen_at", "scanned_block", "settled_block"),
    *("polled_at", "problem", "problem_kind", "halt_reason"),
)
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
            return _step(chain, *chosen(chain, upstreams()))
        except (NodeUnavailable, NodeRefused) as error:
            disagree = isinstance(error, NodesDisagree)
            _note_problem(chain, str(error), ProblemKind.DISAGREE if disagree else ProblemKind.AWAY)
            return Advance(problem=str(error))
        except ChainChanged as error:
            _note_problem(chain, str(error), ProblemKind.CHANGED)
            raise


def resume(chain: Chain) -> Advance:
    """Go on after a halt: the chain as it is now is taken as the truth, lost events and all. The follower may be running.

    Raises: FollowerBusy, ChainChanged, NodeUnavailable, NodeRefused.
    """
    for _ in range(RESUME_TRIES):
        with locks.advisory_lock(locks.FOLLOWER, chain.pk) as is_held:
            if is_held:
                return _resumed(chain)
        time.sleep(RESUME_PAUSE_SECONDS)
    raise FollowerBusy(FollowerBusy.__doc__)


def _resumed(chain: Chain) -> Advance:
    chain.refresh_from_db()
    node, head = chosen(chain, upstreams())
    with transaction.atomic():
        batch = rebase(chain, node, head)
        _forget_old_headers(chain, batch.scanned)
        chain.halt_reason = ""
        _note_progress(chain, batch.head, batch.scanned)
    return Advance(head=head.number, rebuilt=True)


def _step(chain: Chain, node: Gateway, head: Header) -> Advance:
    reach("follower.head_read")
    tip = Block.objects.filter(chain=chain).order_by("-number").first()
    if tip is not None and _is_fork(chain, node, head, tip):
        return _repaired(chain, node, head)
    start = chain.deploy_block if chain.scanned_block is None else chain.scanned_block + 1
    if start > head.number:
        _note_progress(chain, head, head.number)
        return Advance(head=head.number)
    batch = read_from(chain, node, start, head=head)
    first = batch.headers[0]
    if tip is not None and first.number == tip.number + 1 and first.parent_hash != tip.hash:
        raise ChainMoved("The chain moved while it was read.")
    reach("follower.batch_read")
    return _store(chain, batch)


def _is_fork(chain: Chain, node: Gateway, head: Header, tip: Block) -> bool:
    if head.number >= tip.number:
        return node.block_always(tip.number).hash != tip.hash
    # A node that lags behind shows blocks we know; only another block at the same height means the chain was undone.
    known = Block.objects.filter(chain=chain, number=head.number).first()
    if known is not None and known.hash != head.hash:
        return True
    raise NodeUnavailable(
        f"The node is behind: it shows block {head.number}, which this hub has passed."
    )


def _store(chain: Chain, batch: Batch) -> Advance:
    with transaction.atomic():
        Chain.objects.select_for_update().get(pk=chain.pk)
        reach("follower.batch_opened")
        # Far below the tip only the end of a batch is needed: the next one must link to it.
        store_headers(chain, batch.headers[-max(HEADERS_KEPT - batch.behind, 1) :])
        reach("follower.headers_stored")
        new = fresh_events(chain, batch.events)
        waiting = _unconfirmed_trades(chain)
        confirmed = confirm_deep_events(chain, batch.head.number, new)
        reach("follower.rows_moved")
        copying.insert(new)
        reach("follower.events_stored")
        _forget_old_headers(chain, batch.scanned)
        settled = min(settled_at(chain, batch.head.number), batch.scanned)
        chain.settled_block = max(settled, chain.settled_block or 0)
        _note_progress(chain, batch.head, batch.scanned)
        reach("follower.cursor_moved")
    reach("follower.committed")
    return Advance(
        head=batch.head.number,
        behind=batch.behind,
        new=len(new),
        confirmed=len(confirmed),
        trade_ids=frozenset({event.trade_id for event in new} | waiting) - {""},
    )


def _repaired(chain: Chain, node: Gateway, head: Header) -> Advance:
    touched = _unconfirmed_trades(chain)
    try:
        with transaction.atomic():
            batch = repair(chain, node, head)
            _note_progress(chain, head, batch.scanned)
    except PastFinality as error:
        chain.halt_reason = f"{error} {_way_on(chain)}"
        chain.save(update_fields=["halt_reason"])
        logger.error("%s Trades: %s", chain.halt_reason, ", ".join(error.trade_ids))
        raise ChainHalted(chain.halt_reason) from error
    touched |= {event.trade_id for event in batch.events}
    return Advance(
        head=head.number,
        behind=batch.behind,
        new=len(batch.events),
        rebuilt=True,
        trade_ids=frozenset(touched - {""}),
    )


def _unconfirmed_trades(chain: Chain) -> set[str]:
    waiting = ChainEvent.objects.filter(chain=chain, canonical=True, confirmed=False)
    return set(waiting.values_list("trade_id", flat=True))


def _forget_old_headers(chain: Chain, scanned: int) -> None:
    Block.objects.filter(chain=chain, number__lt=scanned - HEADERS_KEPT).delete()


def _note_progress(chain: Chain, head: Header, scanned: int) -> None:
    now = timezone.now()
    if (chain.head_number, chain.head_time) != (head.number, head.time):
        chain.head_number, chain.head_time, chain.head_seen_at = head.number, head.time, now
    chain.scanned_block = scanned
    chain.polled_at, chain.problem, chain.problem_kind = now, "", ""
    # Only what is the follower's: the auditor writes to the same row.
    chain.save(update_fields=_FOLLOWED)


def _note_problem(chain: Chain, problem: str, kind: ProblemKind) -> None:
    Chain.objects.filter(pk=chain.pk).update(problem=problem, problem_kind=kind)


def _way_on(chain: Chain) -> str:
    return f"Look at these trades, then run `python manage.py chain_resume {chain.pk}`."
