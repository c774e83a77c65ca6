"""Whether a move that the contract refuses was already made, by its signer or by anybody else."""

from __future__ import annotations

from enum import Enum

from django.db.models import QuerySet

from escrow.chain.errors import EscrowReverted
from escrow.chain.gateway import Gateway, NodeRefused, NodeUnavailable
from escrow.chain.moves import CLOSING_EVENTS, MOVES
from escrow.chain.types import DISPUTED, PAID, Call, EscrowState
from escrow.models import Chain, ChainEvent, SignedCall


class Standing(Enum):
    """What the chain says of a signed move: made, not made, or not yet known to the follower."""

    MADE = "made"
    NOT_MADE = "not made"
    UNKNOWN = "unknown"


def standing_of(call: SignedCall, *, chain: Chain, node: Gateway) -> Standing:
    """Whether the move stands on the chain for the funding that was signed.

    Raises: NodeUnavailable.
    """
    if call.move == "withdraw":
        return _made(_withdrawal_of(call).exists())
    state = node.escrow_state(call.trade_id)
    if state.status and state.funded_at == call.funded_at:
        return _made(_is_past(call, state))
    closing = _closing_of(call)
    if closing is None:
        # Closed a moment ago, in a block that the follower has not stored yet.
        is_current = (chain.scanned_block or 0) >= node.head().number
        return Standing.NOT_MADE if is_current else Standing.UNKNOWN
    return _made(_is_that(call, closing))


def revert_reason(node: Gateway, call: Call, mined_in: int) -> EscrowReverted:
    """Why a transaction failed: the call tried again on the block it was in, then on the newest."""
    for block in (mined_in, "latest"):
        try:
            node.simulate(call, block)
        except EscrowReverted as reverted:
            return reverted
        except (NodeRefused, NodeUnavailable):
            continue
    return EscrowReverted("Unknown")


def _made(is_made: bool) -> Standing:
    return Standing.MADE if is_made else Standing.NOT_MADE


def _is_past(call: SignedCall, state: EscrowState) -> bool:
    if call.move == "markPaid":
        return state.status in (PAID, DISPUTED)
    if call.move == "dispute":
        return state.status == DISPUTED
    if call.move == "grantTime":
        return state.pay_by >= int(call.arguments["newPayBy"])
    return False


def _closing_of(call: SignedCall) -> ChainEvent | None:
    """The event that closed the funding which the call names."""
    events = ChainEvent.objects.filter(chain=call.chain, trade_id=call.trade_id, canonical=True)
    is_this_funding = False
    for event in events.order_by("block_number", "log_index"):
        if event.name == "Funded":
            is_this_funding = event.block_time == call.funded_at
        elif is_this_funding and event.name in CLOSING_EVENTS:
            return event
    return None


def _is_that(call: SignedCall, closing: ChainEvent) -> bool:
    is_same_end = closing.name == MOVES[call.move].event
    return is_same_end and bool(closing.args.get("toBuyer") == call.arguments.get("toBuyer"))


def _withdrawal_of(call: SignedCall) -> QuerySet[ChainEvent]:
    wanted = {
        f"args__{name}": call.arguments[name] for name in ("account", "token", "amount", "to")
    }
    return ChainEvent.objects.filter(
        chain=call.chain,
        name="Withdrawn",
        canonical=True,
        block_time__gte=int(call.created_at.timestamp()) - 60,
        **wanted,
    )
