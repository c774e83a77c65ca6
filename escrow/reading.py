"""Reads headers and logs from one node into one consistent batch. Writes nothing; a batch that does not fit is an error.

Nothing is believed for its own sake: headers must link, each log must stand in its block at its place, and the logs of a
block must be all there are (`proof`). Near the tip logs are asked by block hash, below finality by range.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from escrow import proof
from escrow.chain.codec import decode_event
from escrow.chain.gateway import Gateway
from escrow.chain.rpc import NodeSlow, NodeUnavailable, RangeTooLarge
from escrow.chain.types import Header, RawLog
from escrow.models import Chain, ChainEvent

RANGE_BLOCKS = 2_000
FIRST_RANGE_BLOCKS = 200
LOGS_WANTED = 3_000
FORK_BLOCKS = 600
UNKNOWN_EVENT = "Unknown"


class ChainMoved(NodeUnavailable):
    """The chain changed while it was read; the batch is thrown away and read again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Headers and events of the blocks from `start` up to and including `scanned`, in chain order."""

    head: Header
    start: int
    scanned: int
    headers: tuple[Header, ...]
    events: tuple[ChainEvent, ...]

    @property
    def behind(self) -> int:
        """How many blocks are still to be read."""
        return self.head.number - self.scanned


@dataclass(slots=True)
class Stride:
    """How many blocks one question about logs covers; it halves when refused and grows back slowly, never below one."""

    blocks: int = FIRST_RANGE_BLOCKS

    def refused(self, asked: int) -> None:
        """The node would not answer for so many blocks."""
        self.blocks = max(1, asked // 2)

    def answered(self, asked: int, logs: int) -> None:
        """The node answered with so many logs; the next batch aims at LOGS_WANTED, so that memory stays flat."""
        if logs > LOGS_WANTED:
            self.blocks = max(1, asked * LOGS_WANTED // logs)
        elif asked >= self.blocks and logs < LOGS_WANTED // 2:
            self.blocks = min(RANGE_BLOCKS, self.blocks + max(1, self.blocks // 8))


# By chain, for the life of the process: what its node bears is found out once.
_strides: dict[int, Stride] = defaultdict(Stride)


def read_from(chain: Chain, node: Gateway, start: int, *, head: Header) -> Batch:
    """The next batch: below finality by range, as much as the node bears; or everything from finality to the tip.

    Raises: NodeUnavailable, ChainMoved when headers and logs do not form one chain; NodeRefused.
    """
    final = max(head.number - chain.depth, -1)
    if start <= final:
        logs, end = read_logs(node, _strides[chain.pk], start, min(final, start + RANGE_BLOCKS - 1))
        return _batch(chain, node, head, node.headers(start, end), logs, is_settled=True)
    return _read_by_hash(chain, node, start, head)


def read_fork(chain: Chain, node: Gateway, start: int, *, head: Header) -> Batch:
    """What replaces undone blocks: all of it up to the tip by hash, where that is no more than FORK_BLOCKS.

    Raises: as read_from.
    """
    if head.number - start >= FORK_BLOCKS:
        return read_from(chain, node, start, head=head)
    return _read_by_hash(chain, node, start, head)


def _read_by_hash(chain: Chain, node: Gateway, start: int, head: Header) -> Batch:
    headers = [*node.headers(start, head.number - 1), head]
    by_block = node.logs_of([header.hash for header in headers])
    logs = [log for of_one in by_block for log in of_one]
    return _batch(chain, node, head, headers, logs, is_settled=False)


def read_logs(node: Gateway, stride: Stride, start: int, last: int) -> tuple[list[RawLog], int]:
    """The contract's logs from `start` up to the block in the answer, which is `last` or as far as the node bears.

    Raises: RangeTooLarge or NodeSlow when even one block is too much, NodeUnavailable.
    """
    while True:
        end = min(last, start + stride.blocks - 1)
        asked = end - start + 1
        try:
            logs = node.logs(from_block=start, to_block=end)
        except (RangeTooLarge, NodeSlow):
            stride.refused(asked)
            if asked == 1:
                raise
            continue
        stride.answered(asked, len(logs))
        return logs, end


def _batch(
    chain: Chain,
    node: Gateway,
    head: Header,
    headers: Sequence[Header],
    logs: Sequence[RawLog],
    *,
    is_settled: bool,
) -> Batch:
    _check_links(headers)
    by_hash = _by_block(headers, logs)
    proof.check(node, headers, by_hash, is_settled=is_settled)
    _check_still_our_chain(chain, node, head)
    events = [
        event_of(chain, log, header) for header in headers for log in by_hash.get(header.hash, ())
    ]
    return Batch(
        head=head,
        start=headers[0].number,
        scanned=headers[-1].number,
        headers=tuple(headers),
        events=tuple(events),
    )


def _check_still_our_chain(chain: Chain, node: Gateway, head: Header) -> None:
    # A provider may hand the later questions to another machine, whose chain is consistent in itself.
    first, newest = node.block_always(0), node.block_always(head.number)
    if newest.hash != head.hash or chain.genesis_hash not in ("", first.hash):
        raise ChainMoved("The chain moved while it was read.")


def _check_links(headers: Sequence[Header]) -> None:
    for earlier, later in pairwise(headers):
        if later.parent_hash != earlier.hash:
            raise ChainMoved("The chain moved while it was read.")


def _by_block(headers: Sequence[Header], logs: Sequence[RawLog]) -> Mapping[str, list[RawLog]]:
    hashes = {header.number: header.hash for header in headers}
    found: dict[str, list[RawLog]] = {}
    for log in logs:
        if hashes.get(log.block_number) != log.block_hash:
            raise ChainMoved("The chain moved while it was read.")
        found.setdefault(log.block_hash, []).append(log)
    return found


def event_of(chain: Chain, log: RawLog, header: Header) -> ChainEvent:
    """A log as a row that is not stored yet; one of no known kind is set aside with its raw topics and data."""
    event = ChainEvent(
        chain=chain,
        block_number=header.number,
        block_hash=header.hash,
        block_time=header.time,
        log_index=log.log_index,
        tx_hash=log.tx_hash,
    )
    decoded = decode_event(log)
    if decoded is None:
        event.name, event.args = UNKNOWN_EVENT, {"topics": list(log.topics), "data": log.data}
        event.set_aside_reason = "The contract's ABI has no such event."
    else:
        event.name, event.trade_id, event.args = decoded.name, decoded.trade_id, decoded.args
    return event
