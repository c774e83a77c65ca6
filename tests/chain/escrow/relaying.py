"""Handing signed moves to the relayer and waiting until they are deep."""

from __future__ import annotations

from typing import Any

from escrow import relayer
from escrow.chain.types import TradeTerms
from escrow.models import Chain, SignedCall
from escrow.services import accept_signed_call
from tests.chain.escrow.conftest import FAR, Walker, follow

EVIDENCE = f"0x{9:064x}"


def accept(walker: Walker, name: str, terms: TradeTerms, by: Any, **arguments: Any) -> SignedCall:
    """Hand in a move signed for the present funding."""
    return accept_signed_call(
        trade=terms,
        funded_at=walker.node.escrow_state(terms.trade_id).funded_at,
        move=name,
        arguments=arguments,
        signer=by.address,
        deadline=FAR,
        signature=walker.signature(name, terms, by, **arguments),
    )


def settle_down(chain: Chain, walker: Walker, rounds: int = 2) -> None:
    """Let the relayer work, blocks pass and the follower read, until sent calls are deep."""
    for _ in range(rounds):
        relayer.run_once()
        walker.mine(2)
        follow(chain)
    relayer.run_once()
