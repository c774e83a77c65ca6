"""Whether the logs at hand are those of their blocks, and all of them.

A header's bloom has the bits of every log of its block. Bits that our logs do not explain come from other contracts, or
from logs of ours that the node left out; where that matters the block's logs are asked again in another way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from escrow.chain.bloom import bits_of, bloom_of
from escrow.chain.codec import event_topics
from escrow.chain.gateway import Gateway
from escrow.chain.rpc import NodeUnavailable
from escrow.chain.types import Header, RawLog

# How many blocks of one settled range are read whole although no log of ours was given for them.
WHOLE_BLOCKS = 20


class LogsMissing(NodeUnavailable):
    """The node's logs and its headers do not agree: a short or mixed answer. The batch is read again."""


def check(
    node: Gateway,
    headers: Sequence[Header],
    logs: Mapping[str, Sequence[RawLog]],
    *,
    is_settled: bool,
) -> None:
    """Refuse logs that are not all of their blocks' logs of our contract. `logs` by block hash.

    Raises: LogsMissing, NodeUnavailable, NodeRefused.
    """
    unproven = []
    for header in headers:
        ours = logs.get(header.hash, ())
        _check_places(header, ours)
        if _explains(header, ours):
            _check_order(ours)
        elif ours or _may_hold_ours(node, header):
            unproven.append(header)
    # On a busy chain strangers' logs look like ours by chance; a long range would mean reading most of its blocks whole.
    silent = [header for header in unproven if is_settled and header.hash not in logs]
    silent = silent[WHOLE_BLOCKS:]
    if silent and any(node.logs_of([header.hash for header in silent])):
        raise LogsMissing("The node left out logs of its own blocks.")
    for header in unproven:
        if header not in silent:
            _check_whole_block(node, header, logs.get(header.hash, ()))


def _check_places(header: Header, logs: Sequence[RawLog]) -> None:
    for log in logs:
        at = log.tx_index
        if log.block_number != header.number or header.transactions[at : at + 1] != (log.tx_hash,):
            raise LogsMissing("The node gave a log of a transaction that is not in its block.")


def _explains(header: Header, logs: Sequence[RawLog]) -> bool:
    bits = bloom_of(logs)
    if bits & ~header.bloom:
        raise LogsMissing("The node gave a log that its block knows nothing of.")
    return bits == header.bloom


def _check_order(whole: Sequence[RawLog]) -> None:
    if [log.log_index for log in whole] != list(range(len(whole))):
        raise LogsMissing("The node left out logs of its own blocks.")


def _may_hold_ours(node: Gateway, header: Header) -> bool:
    address = bits_of(node.contract.lower())
    return address & header.bloom == address and any(
        bits_of(topic) & header.bloom == bits_of(topic) for topic in event_topics()
    )


def _check_whole_block(node: Gateway, header: Header, ours: Sequence[RawLog]) -> None:
    whole = node.all_logs_of(header.hash)
    _check_order(whole)
    if not _explains(header, whole):
        raise LogsMissing("The node left out logs of its own blocks.")
    if [log for log in whole if log.address == node.contract] != list(ours):
        raise LogsMissing("The node left out logs of our contract.")
