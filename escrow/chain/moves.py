"""The moves of a trade as a table: who signs, which message, which call, which event proves it.

Pure. Names of moves and arguments are those of the contract and of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from escrow.chain.codec import encode_call
from escrow.chain.types import TradeTerms

SELLER, BUYER, ARBITRATOR, PARTY, BOTH, ANYONE = (
    "seller",
    "buyer",
    "arbitrator",
    "party",
    "both",
    "anyone",
)


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table. Arguments are (name, type) in the order of the message and of the call."""

    name: str
    by: str
    event: str
    primary: str = ""
    arguments: tuple[tuple[str, str], ...] = ()


MOVES = {
    move.name: move
    for move in (
        Move("markPaid", BUYER, "MarkedPaid", "MarkPaid"),
        Move("grantTime", SELLER, "TimeGranted", "GrantTime", (("newPayBy", "uint40"),)),
        Move("reclaim", SELLER, "Reclaimed", "Reclaim"),
        Move("release", SELLER, "Released", "Release"),
        Move("cancel", BUYER, "Cancelled", "Cancel"),
        Move("settle", BOTH, "Settled", "Settle", (("toBuyer", "uint128"),)),
        Move("dispute", PARTY, "Disputed", "Dispute", (("evidence", "bytes32"),)),
        Move(
            "rule", ARBITRATOR, "Ruled", "Rule", (("toBuyer", "uint128"), ("evidence", "bytes32"))
        ),
        Move("timeout", ANYONE, "TimedOut"),
    )
}
_BATCHES = {"markPaid": "batchMarkPaid", "release": "batchRelease"}
CLOSING_EVENTS = {"Released", "Cancelled", "Reclaimed", "Settled", "Ruled", "TimedOut"}


class UnknownMove(ValueError):
    """There is no such move, or its arguments are not the ones it takes."""


def message_of(
    name: str, terms: TradeTerms, *, funded_at: int, arguments: Mapping[str, Any], deadline: int
) -> tuple[str, dict[str, Any]]:
    """The primary type and message that the signer of a move signs.

    Raises: UnknownMove.
    """
    move = _signable(name)
    values = _values(move, arguments)
    message = {"trade": terms.as_typed(), "fundedAt": funded_at, **values, "deadline": deadline}
    return move.primary, message


def signers_of(name: str, terms: TradeTerms) -> frozenset[str]:
    """The accounts whose signature a move takes; for settle both must sign, for a dispute either may.

    Raises: UnknownMove.
    """
    parties = {SELLER: {terms.seller}, BUYER: {terms.buyer}, ARBITRATOR: {terms.arbitrator}}
    return frozenset(parties.get(_signable(name).by, {terms.seller, terms.buyer}))


def direct_calldata(
    name: str,
    terms: TradeTerms,
    arguments: Mapping[str, Any] | None = None,
    *,
    deadline: int = 0,
    seller_signature: str = "0x",
    buyer_signature: str = "0x",
) -> str:
    """The calldata with which a party, or for a timeout anybody, makes a move itself.

    The deadline and signatures belong to settle only; a calling party leaves its own signature empty.
    Raises: UnknownMove, CallMalformed.
    """
    if name == "fund":
        return encode_call("fund", terms.as_tuple())
    if name not in MOVES:
        raise UnknownMove(f"There is no move “{name}”.")
    values = _encodable(MOVES[name], arguments or {})
    if name == "settle":
        signatures = [bytes.fromhex(text[2:]) for text in (seller_signature, buyer_signature)]
        return encode_call("settle", terms.as_tuple(), *values, deadline, *signatures)
    return encode_call(name, terms.as_tuple(), *values)


def signed_calldata(
    name: str,
    terms: TradeTerms,
    arguments: Mapping[str, Any],
    *,
    deadline: int,
    signer: str,
    signature: str,
) -> str:
    """The calldata with which anybody submits a move that one party signed (settle has two: see direct_calldata).

    Raises: UnknownMove, CallMalformed.
    """
    values = _encodable(_signable(name), arguments)
    if name == "dispute":
        values.append(signer)
    return encode_call(
        f"{name}BySig", terms.as_tuple(), *values, deadline, bytes.fromhex(signature[2:])
    )


def batch_calldata(name: str, signed: Iterable[tuple[TradeTerms, int, str]]) -> str:
    """The calldata of many signed moves at once; each is its terms, deadline and signature. For markPaid and release.

    Raises: UnknownMove, CallMalformed.
    """
    function = _BATCHES.get(name)
    if function is None:
        raise UnknownMove(f"There is no batch of “{name}”.")
    items = [
        (terms.as_tuple(), deadline, bytes.fromhex(signature[2:]))
        for terms, deadline, signature in signed
    ]
    return encode_call(function, items)


def dispute_and_rule_calldata(
    terms: TradeTerms,
    *,
    to_buyer: int,
    evidence: str,
    by: str,
    dispute_evidence: str,
    signature: str,
    deadline: int,
) -> str:
    """The calldata with which the arbitrator brings a party's signed dispute and rules, in one transaction."""
    return encode_call(
        "disputeAndRule",
        terms.as_tuple(),
        to_buyer,
        bytes.fromhex(evidence[2:]),
        by,
        bytes.fromhex(dispute_evidence[2:]),
        bytes.fromhex(signature[2:]),
        deadline,
    )


def permit_calldata(terms: TradeTerms, *, deadline: int, v: int, r: bytes, s: bytes) -> str:
    """The calldata of funding with an ERC-2612 permit, sent by the seller."""
    return encode_call("fundWithPermit", terms.as_tuple(), deadline, v, r, s)


def _signable(name: str) -> Move:
    move = MOVES.get(name)
    if move is None or not move.primary:
        raise UnknownMove(f"There is no move “{name}” that can be signed.")
    return move


def _values(move: Move, arguments: Mapping[str, Any]) -> dict[str, Any]:
    if set(arguments) != {name for name, _ in move.arguments}:
        expected = ", ".join(name for name, _ in move.arguments) or "none"
        raise UnknownMove(f"The arguments of {move.name} are: {expected}.")
    return {name: arguments[name] for name, _ in move.arguments}


def _encodable(move: Move, arguments: Mapping[str, Any]) -> list[Any]:
    values = _values(move, arguments)
    return [
        bytes.fromhex(values[n][2:]) if kind == "bytes32" else int(values[n])
        for n, kind in move.arguments
    ]
