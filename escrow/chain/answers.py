"""Reads a node's answers strictly: a missing or odd field is NodeUnavailable, a revert the contract's named error."""

from __future__ import annotations

from typing import Any

from escrow.chain.addresses import checksum
from escrow.chain.codec import decode_error
from escrow.chain.errors import EscrowReverted
from escrow.chain.rpc import NodeRefused, NodeUnavailable, number
from escrow.chain.types import Call, Header, RawLog

_TAGS = {"latest", "pending", "safe", "finalized", "earliest"}
_EXECUTION_REVERTED = 3


class named_reverts:  # noqa: N801 - reads as a phrase where it is used
    """Turns a node's refusal of a call into the contract's own named error."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if not isinstance(error, NodeRefused):
            return
        decoded = decode_error(error.data) if error.data else None
        if decoded is not None:
            raise EscrowReverted(*decoded) from error
        if error.data or error.code == _EXECUTION_REVERTED or "revert" in error.message.lower():
            raise EscrowReverted("Unknown", {"data": error.data}) from error


def block_text(block: int | str) -> str:
    """A block number, tag or the newest, as the node wants it."""
    return block if isinstance(block, str) and block in _TAGS else hex(int(block))


def call_fields(call: Call) -> dict[str, str]:
    """A call as the node wants it."""
    return {"from": call.sender, "to": call.to, "data": call.data, "value": hex(call.value)}


def header_in(raw: Any) -> Header:
    """The header in a block."""
    try:
        return Header(
            number=number(raw["number"]),
            hash=raw["hash"],
            parent_hash=raw["parentHash"],
            time=number(raw["timestamp"]),
            bloom=number(raw["logsBloom"]),
            transactions=tuple(raw["transactions"]),
        )
    except (KeyError, TypeError) as error:
        raise NodeUnavailable("The node gave an incomplete block.") from error


def log_in(raw: Any) -> RawLog:
    """The log in an entry.

    Raises: NodeUnavailable, also for a log that the node itself takes back.
    """
    try:
        if raw.get("removed"):
            raise NodeUnavailable("The node gave a log of a block that is gone.")
        return RawLog(
            address=checksum(raw["address"]),
            topics=tuple(raw["topics"]),
            data=raw["data"],
            block_number=number(raw["blockNumber"]),
            block_hash=raw["blockHash"],
            log_index=number(raw["logIndex"]),
            tx_hash=raw["transactionHash"],
            tx_index=number(raw["transactionIndex"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NodeUnavailable("The node gave an incomplete log.") from error


def logs_in(raw: Any) -> list[RawLog]:
    """The logs in an answer, in chain order, each once however often it was given.

    Raises: NodeUnavailable, also when two different logs stand in the same place.
    """
    if not isinstance(raw, list):
        raise NodeUnavailable("The node gave no list of logs.")
    found: dict[tuple[str, int], RawLog] = {}
    for log in map(log_in, raw):
        if found.setdefault((log.block_hash, log.log_index), log) != log:
            raise NodeUnavailable("The node gave two logs for one place.")
    return sorted(found.values(), key=lambda log: (log.block_number, log.log_index))
