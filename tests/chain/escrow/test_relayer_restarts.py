"""The relayer dies at any of its steps, its database is set back, its key is used elsewhere: no call is lost or sent twice."""

from __future__ import annotations

import os
from typing import Any

import pytest

from escrow import relayer
from escrow.chain.keys import relayer_account
from escrow.chain.types import PAID, ZERO_ADDRESS, Call
from escrow.models import Chain, RelayTransaction, SignedCall
from escrow.services import accept_signed_withdrawal
from tests.chain.escrow.conftest import FAR, Walker, follow
from tests.chain.escrow.cut_wire import cut_wire
from tests.chain.escrow.relaying import accept, settle_down

pytestmark = pytest.mark.django_db
SEND = "eth_sendRawTransaction"
# Commit depth cuts at every third request of a round and around the sending; all of them in deep runs.
STRIDE = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 3


def asked_in_a_round(walker: Walker, anvil: str, settings: Any) -> list[str]:
    """The node's methods that one round with one call asks, in order."""
    accept(walker, "markPaid", walker.funded(), walker.buyer)
    with cut_wire(anvil, 10_000) as wire:
        settings.CHAIN_RPC_URL = wire.url
        assert relayer.run_once().sent == 1
        settings.CHAIN_RPC_URL = anvil
    return wire.seen


def test_relayer_that_dies_at_any_step_sends_each_call_once(
    chain: Chain, walker: Walker, settings: Any, anvil: str
) -> None:
    """Cut off at each request of the round, with the request delivered and not; the next rounds finish the work."""
    walker.funded()
    follow(chain)
    asked = asked_in_a_round(walker, anvil, settings)
    settle_down(chain, walker, 3)
    at_send = asked.index(SEND)
    cuts = {(at, False) for at in range(0, len(asked), STRIDE)}
    cuts |= {(at_send + step, True) for step in (-1, 0, 1)} | {(at_send, False)}
    for at, is_delivered in sorted(cuts):
        terms = walker.funded()
        call = accept(walker, "markPaid", terms, walker.buyer)
        with cut_wire(anvil, at, is_delivered=is_delivered) as wire:
            settings.CHAIN_RPC_URL = wire.url
            relayer.run_once()
            settings.CHAIN_RPC_URL = anvil
        assert wire.is_cut, f"the round asked less than {at} things"
        settle_down(chain, walker, 3)
        call.refresh_from_db()
        rows = RelayTransaction.objects.filter(trade_id=terms.trade_id)
        told = f"cut at {at} ({asked[at]}), delivered: {is_delivered}"
        assert walker.node.escrow_state(terms.trade_id).status == PAID, told
        assert (call.status, rows.count(), rows.get().succeeded) == ("DONE", 1, True), told
    nonces = RelayTransaction.objects.order_by("nonce").values_list("nonce", flat=True)
    assert len(set(nonces)) == len(nonces)
    assert walker.node.nonce_of(relayer_account().address) == nonces[len(nonces) - 1] + 1


@pytest.mark.parametrize("is_delivered", [True, False])
def test_withdrawal_is_not_sent_twice_by_a_relayer_that_died(
    chain: Chain, walker: Walker, settings: Any, anvil: str, is_delivered: bool
) -> None:
    """It belongs to no trade that could count as busy: its own row must say that it is on its way."""
    terms = walker.funded("PAID")
    walker.rpc("anvil_setCode", walker.buyer.address, "0x5f5ffd")
    walker.move("release", terms, walker.seller)
    follow(chain)
    owed = walker.node.credit(ZERO_ADDRESS, walker.buyer.address)
    message = {
        "account": walker.buyer.address,
        "token": ZERO_ADDRESS,
        "amount": owed,
        "to": "0x000000000000000000000000000000000000bEEF",
        "deadline": FAR,
    }
    settle_down(chain, walker)
    call = accept_signed_withdrawal(
        **message, signature=walker.sign(walker.buyer, "Withdraw", message)
    )
    walker.rpc("evm_setAutomine", False)
    try:
        with cut_wire(anvil, SEND, is_delivered=is_delivered) as wire:
            settings.CHAIN_RPC_URL = wire.url
            relayer.run_once()
            settings.CHAIN_RPC_URL = anvil
        assert wire.is_cut
        for _ in range(3):
            relayer.run_once()
    finally:
        walker.rpc("evm_setAutomine", True)
    walker.mine()
    settle_down(chain, walker)
    call.refresh_from_db()
    rows = RelayTransaction.objects.filter(signed_call=call)
    assert (call.status, rows.count()) == ("DONE", 1)
    assert walker.node.balance(message["to"]) == owed


def test_database_set_back_leaves_no_gap_and_no_call_behind(chain: Chain, walker: Walker) -> None:
    """The row of the first nonce is gone and the pool forgot it: what stands behind it is mined, and its call is sent anew."""
    first, second = walker.funded(), walker.funded()
    lost = accept(walker, "markPaid", first, walker.buyer)
    accept(walker, "markPaid", second, walker.buyer)
    follow(chain)
    walker.rpc("evm_setAutomine", False)
    try:
        assert relayer.run_once().sent == 2
        row = RelayTransaction.objects.get(trade_id=first.trade_id)
        walker.rpc("anvil_dropAllTransactions")
        row.delete()
        lost.refresh_from_db()
        assert lost.status == "SENT"
        relayer.run_once()
        relayer.run_once()
        walker.mine()
    finally:
        walker.rpc("evm_setAutomine", True)
    settle_down(chain, walker, 3)
    for terms in (first, second):
        assert walker.node.escrow_state(terms.trade_id).status == PAID
    fill = RelayTransaction.objects.get(move="fill")
    assert (fill.nonce, fill.status, fill.gas_used) == (row.nonce, "DONE", 21_000)
    assert set(SignedCall.objects.values_list("status", flat=True)) == {"DONE"}


def test_key_that_was_used_elsewhere_costs_no_call(chain: Chain, walker: Walker) -> None:
    """Another program sends with the relayer's key at the same nonces, and is mined first."""
    trades = [walker.funded() for _ in range(3)]
    for terms in trades:
        accept(walker, "markPaid", terms, walker.buyer)
    follow(chain)
    walker.rpc("evm_setAutomine", False)
    try:
        assert relayer.run_once().sent == 3
        walker.rpc("anvil_dropAllTransactions")
    finally:
        walker.rpc("evm_setAutomine", True)
    for _ in range(2):
        walker.send(relayer_account(), Call(to=walker.stranger.address, data="0x", value=1))
    settle_down(chain, walker, 4)
    assert {walker.node.escrow_state(terms.trade_id).status for terms in trades} == {PAID}
    assert set(SignedCall.objects.values_list("status", flat=True)) == {"DONE"}
    statuses = sorted(RelayTransaction.objects.values_list("status", flat=True))
    assert statuses == ["DONE"] * 3 + ["DROPPED"] * 2


def test_stranger_who_submits_the_same_signature_first_is_success(
    chain: Chain, walker: Walker
) -> None:
    """His transaction is mined while ours waits: ours fails on the chain, and the call is done all the same."""
    terms = walker.funded()
    follow(chain)
    call = accept(walker, "markPaid", terms, walker.buyer)
    walker.rpc("evm_setAutomine", False)
    try:
        assert relayer.run_once().sent == 1
        ours = RelayTransaction.objects.get()
        walker.rpc("anvil_dropAllTransactions")
    finally:
        walker.rpc("evm_setAutomine", True)
    walker.relay("markPaid", terms, walker.buyer)
    settle_down(chain, walker, 3)
    call.refresh_from_db()
    ours.refresh_from_db()
    assert (call.status, call.reason, call.text) == ("DONE", "", "")
    assert (ours.status, ours.succeeded) == ("DONE", False)
