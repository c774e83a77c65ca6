"""Reads headers and logs from a node into one consistent batch. Writes nothing; a batch that does not fit is an error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from escrow.chain.codec import decode_event
from escrow.chain.gateway import Gateway
from escrow.chain.rpc import NodeUnavailable, RangeTooLarge
from escrow.chain.types import Header, RawLog
from escrow.models import Chain, ChainEvent

RANGE_BLOCKS = 2_000
UNKNOWN_EVENT = "Unknown"


class ChainMoved(NodeUnavailable):
    """The chain changed while it was read; the batch is thrown away and read again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Headers and events of the blocks up to and including `scanned`, in chain order."""

    head: Header
    scanned: int
    headers: tuple[Header, ...]
    events: tuple[ChainEvent, ...]

    @property
    def behind(self) -> int:
        """How many blocks are still to be read."""
        return self.head.number - self.scanned


def read_from(chain: Chain, node: Gateway, start: int, *, head: Header) -> Batch:
    """The next batch: at most RANGE_BLOCKS below finality by range, or everything from finality to the tip by hash.

    Raises: NodeUnavailable, ChainMoved when headers and logs do not form one chain.
    """
    final = max(head.number - chain.depth, -1)
    if start <= final:
        return _read_settled(chain, node, start, min(final, start + RANGE_BLOCKS - 1), head)
    headers = [node.block_always(number) for number in range(start, head.number)] + [head]
    _check_links(headers)
    logs = [log for header in headers for log in node.logs(block_hash=header.hash)]
    return _batch(chain, head, head.number, headers, logs)


def read_all(chain: Chain, node: Gateway, *, head: Header) -> Batch:
    """Everything from the contract's first block to the tip, as one batch.

    Raises: NodeUnavailable, ChainMoved.
    """
    parts: list[Batch] = []
    start = chain.deploy_block
    while start <= head.number:
        parts.append(read_from(chain, node, start, head=head))
        start = parts[-1].scanned + 1
    if node.block_always(head.number).hash != head.hash:
        raise ChainMoved("The chain moved while it was read.")
    return Batch(
        head=head,
        scanned=head.number,
        headers=tuple(header for part in parts for header in part.headers),
        events=tuple(event for part in parts for event in part.events),
    )


def read_logs(node: Gateway, start: int, end: int) -> list[RawLog]:
    """The contract's logs of a range, asked in halves when the node finds the range too large.

    Raises: RangeTooLarge when even one block is too large, NodeUnavailable.
    """
    try:
        return node.logs(from_block=start, to_block=end)
    except RangeTooLarge:
        if start == end:
            raise
    middle = (start + end) // 2
    return read_logs(node, start, middle) + read_logs(node, middle + 1, end)


def _read_settled(chain: Chain, node: Gateway, start: int, end: int, head: Header) -> Batch:
    anchor = node.block_always(end)
    logs = read_logs(node, start, end)
    wanted = sorted({log.block_number for log in logs} - {end})
    headers = [*(node.block_always(number) for number in wanted), anchor]
    if node.block_always(end).hash != anchor.hash:
        raise ChainMoved("The chain moved while it was read.")
    return _batch(chain, head, end, headers, logs)


def _batch(
    chain: Chain, head: Header, scanned: int, headers: list[Header], logs: Iterable[RawLog]
) -> Batch:
    by_number = {header.number: header for header in headers}
    events = [_event(chain, log, by_number[log.block_number]) for log in logs]
    return Batch(head=head, scanned=scanned, headers=tuple(headers), events=tuple(events))


def _check_links(headers: list[Header]) -> None:
    for earlier, later in pairwise(headers):
        if later.parent_hash != earlier.hash:
            raise ChainMoved("The chain moved while it was read.")


def _event(chain: Chain, log: RawLog, header: Header) -> ChainEvent:
    if log.block_hash != header.hash:
        raise ChainMoved("The chain moved while it was read.")
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
