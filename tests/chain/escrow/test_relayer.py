"""The relayer sends what parties signed and what is due, once, in order, and says why when it cannot."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from escrow import locks, relayer
from escrow.chain.keys import relayer_account
from escrow.chain.types import DISPUTED, NONE, PAID, ZERO_ADDRESS
from escrow.models import Chain, Escrow, Relayer, RelayTransaction, SignedCall
from escrow.selectors import chain_health, escrow_for, signed_calls
from escrow.services import (
    accept_signed_settle,
    accept_signed_withdrawal,
)
from tests.chain.escrow.conftest import DAY, ETHER, FAR, Walker, follow, locked_elsewhere
from tests.chain.escrow.relaying import EVIDENCE, accept, settle_down

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("status", "name", "role", "arguments", "after"),
    [
        ("FUNDED", "markPaid", "buyer", {}, PAID),
        ("FUNDED", "cancel", "buyer", {}, NONE),
        ("FUNDED", "release", "seller", {}, NONE),
        ("FUNDED", "grantTime", "seller", {"newPayBy": 0}, 1),
        ("PAID", "dispute", "seller", {"evidence": EVIDENCE}, DISPUTED),
        ("DISPUTED", "rule", "arbitrator", {"toBuyer": 5, "evidence": EVIDENCE}, NONE),
    ],
)
def test_signed_move_reaches_the_chain(
    chain: Chain,
    walker: Walker,
    status: str,
    name: str,
    role: str,
    arguments: dict[str, Any],
    after: int,
) -> None:
    terms = walker.funded(status)
    if "newPayBy" in arguments:
        arguments = {"newPayBy": walker.node.escrow_state(terms.trade_id).pay_by + 60}
    call = accept(walker, name, terms, getattr(walker, role), **arguments)
    assert call.status == "WAITING"
    done = relayer.run_once()
    assert (done.sent, done.trade_ids) == (1, {terms.trade_id})
    call.refresh_from_db()
    assert call.status == "SENT"
    assert walker.node.escrow_state(terms.trade_id).status == after
    settle_down(chain, walker)
    call.refresh_from_db()
    assert (call.status, call.reason) == ("DONE", "")
    assert RelayTransaction.objects.get().status == "DONE"


def test_reclaim_and_split_reach_the_chain(chain: Chain, walker: Walker) -> None:
    split = walker.funded("PAID")
    half = {"toBuyer": ETHER // 2}
    accept_signed_settle(
        trade=split,
        funded_at=walker.node.escrow_state(split.trade_id).funded_at,
        to_buyer=ETHER // 2,
        deadline=FAR,
        seller_signature=walker.signature("settle", split, walker.seller, **half),
        buyer_signature=walker.signature("settle", split, walker.buyer, **half),
    )
    unpaid = walker.funded()
    walker.skip(1_801)
    accept(walker, "reclaim", unpaid, walker.seller)
    settle_down(chain, walker)
    assert [call.status for call in SignedCall.objects.all()] == ["DONE", "DONE"]
    outcomes = {row.trade_id: (row.outcome, row.to_buyer) for row in Escrow.objects.all()}
    assert outcomes == {split.trade_id: ("SETTLED", ETHER // 2), unpaid.trade_id: ("RECLAIMED", 0)}


def test_credit_is_withdrawn_by_signature(chain: Chain, walker: Walker) -> None:
    terms = walker.funded("PAID")
    walker.rpc("anvil_setCode", walker.buyer.address, "0x5f5ffd")
    walker.move("release", terms, walker.seller)
    owed = walker.node.credit(ZERO_ADDRESS, walker.buyer.address)
    message = {
        "account": walker.buyer.address,
        "token": ZERO_ADDRESS,
        "amount": owed,
        "to": "0x000000000000000000000000000000000000bEEF",
        "deadline": FAR,
    }
    accept_signed_withdrawal(**message, signature=walker.sign(walker.buyer, "Withdraw", message))
    settle_down(chain, walker)
    assert SignedCall.objects.get().status == "DONE"
    assert walker.node.balance(message["to"]) == owed


def test_same_signature_again_is_the_same_row(chain: Chain, walker: Walker) -> None:
    terms = walker.funded()
    first = accept(walker, "markPaid", terms, walker.buyer)
    assert accept(walker, "markPaid", terms, walker.buyer).pk == first.pk
    settle_down(chain, walker)
    assert accept(walker, "markPaid", terms, walker.buyer).status == "DONE"
    assert RelayTransaction.objects.count() == 1


def test_many_calls_take_one_nonce_each_in_order(chain: Chain, walker: Walker) -> None:
    """Twelve calls in one round, none mined in between: no nonce is skipped and none is used twice."""
    trades = [walker.funded() for _ in range(12)]
    for terms in trades:
        accept(walker, "markPaid", terms, walker.buyer)
    first = walker.node.nonce_of(relayer_account().address)
    walker.rpc("evm_setAutomine", False)
    try:
        assert relayer.run_once().sent == 12
        assert relayer.run_once().sent == 0
    finally:
        walker.rpc("evm_setAutomine", True)
    nonces = list(RelayTransaction.objects.order_by("nonce").values_list("nonce", flat=True))
    assert nonces == list(range(first, first + 12))
    walker.mine()
    settle_down(chain, walker)
    assert {walker.node.escrow_state(terms.trade_id).status for terms in trades} == {PAID}
    assert set(SignedCall.objects.values_list("status", flat=True)) == {"DONE"}


def test_moves_of_one_trade_wait_for_each_other(chain: Chain, walker: Walker) -> None:
    """A dispute signed right after "paid" is simulated only when "paid" is mined."""
    terms = walker.funded()
    accept(walker, "markPaid", terms, walker.buyer)
    accept(walker, "dispute", terms, walker.seller, evidence=EVIDENCE)
    walker.rpc("evm_setAutomine", False)
    try:
        assert relayer.run_once().sent == 1
        assert relayer.run_once().sent == 0
    finally:
        walker.rpc("evm_setAutomine", True)
    walker.mine()
    settle_down(chain, walker)
    assert walker.node.escrow_state(terms.trade_id).status == DISPUTED
    assert {call.status for call in signed_calls(terms.trade_id)} == {"DONE"}


def test_refused_simulation_sends_nothing_and_says_why(chain: Chain, walker: Walker) -> None:
    """No gas is spent on a call that the contract refuses; the person gets the sentence."""
    terms = walker.funded("PAID")
    follow(chain)
    call = accept(walker, "grantTime", terms, walker.seller, newPayBy=FAR - 1)
    done = relayer.run_once()
    call.refresh_from_db()
    assert (done.sent, done.finished) == (0, 1)
    assert (call.status, call.reason) == ("REFUSED", "BadState")
    assert "it is paid" in call.text
    assert RelayTransaction.objects.count() == 0


def test_refused_call_waits_again_when_it_is_handed_in_again(chain: Chain, walker: Walker) -> None:
    terms = walker.funded()
    follow(chain)
    call = accept(walker, "reclaim", terms, walker.seller)
    relayer.run_once()
    call.refresh_from_db()
    assert (call.status, call.reason) == ("REFUSED", "TooEarly")
    walker.skip(1_801)
    assert accept(walker, "reclaim", terms, walker.seller).status == "WAITING"
    settle_down(chain, walker)
    call.refresh_from_db()
    assert (call.status, call.reason) == ("DONE", "")


def test_call_that_is_seconds_too_early_waits(chain: Chain, walker: Walker) -> None:
    terms = walker.funded()
    walker.skip(1_800 - 60)
    call = accept(walker, "reclaim", terms, walker.seller)
    assert relayer.run_once().finished == 0
    call.refresh_from_db()
    assert call.status == "WAITING"
    walker.skip(120)
    settle_down(chain, walker)
    call.refresh_from_db()
    assert call.status == "DONE"


@pytest.mark.parametrize(
    ("name", "role", "other", "reason"),
    [
        ("release", "seller", "release", ""),
        ("cancel", "buyer", "cancel", ""),
        ("cancel", "buyer", "release", "BadState"),
    ],
)
def test_move_made_by_somebody_else_counts_as_done(
    chain: Chain, walker: Walker, name: str, role: str, other: str, reason: str
) -> None:
    """Same move, any submitter, same end; another end is a refusal."""
    terms = walker.funded("PAID")
    call = accept(walker, name, terms, getattr(walker, role))
    walker.move(other, terms, walker.seller if other == "release" else walker.buyer)
    assert relayer.run_once().finished == 0, "the follower has not seen the closing yet"
    follow(chain)
    relayer.run_once()
    call.refresh_from_db()
    assert (call.status, call.reason) == ("REFUSED" if reason else "DONE", reason)
    assert RelayTransaction.objects.count() == 0


def test_paid_marked_by_somebody_else_counts_as_done(chain: Chain, walker: Walker) -> None:
    terms = walker.funded()
    call = accept(walker, "markPaid", terms, walker.buyer)
    walker.move("markPaid", terms, walker.buyer)
    relayer.run_once()
    call.refresh_from_db()
    assert call.status == "DONE"


@pytest.mark.parametrize(
    ("status", "wait", "outcome"),
    [
        ("FUNDED", DAY + 1_801, ("TIMED_OUT", 0)),
        ("PAID", 3 * DAY + 1, ("TIMED_OUT", ETHER)),
        ("DISPUTED", 14 * DAY + 1, ("TIMED_OUT", ETHER // 2)),
    ],
)
def test_due_time_outs_are_sent_for_anybody(
    chain: Chain, walker: Walker, status: str, wait: int, outcome: tuple[str, int]
) -> None:
    """C22: nobody has to be there for a trade to end."""
    terms = walker.funded(status)
    walker.skip(wait - 60)
    follow(chain)
    assert relayer.run_once().sent == 0
    walker.skip(120)
    settle_down(chain, walker)
    row = escrow_for(terms.trade_id)
    assert row is not None
    assert (row.outcome, row.to_buyer) == outcome
    assert RelayTransaction.objects.filter(move="timeout").count() == 1


def test_time_out_that_a_later_grant_moved_is_not_sent(chain: Chain, walker: Walker) -> None:
    terms = walker.funded()
    walker.mine(2)
    follow(chain)
    pay_by = walker.node.escrow_state(terms.trade_id).pay_by
    walker.move("grantTime", terms, walker.seller, newPayBy=pay_by + 3 * DAY)
    walker.skip(DAY + 1_900)
    assert relayer.run_once().sent == 0
    assert RelayTransaction.objects.count() == 0


def test_transaction_that_the_pool_lost_is_sent_again(chain: Chain, walker: Walker) -> None:
    terms = walker.funded()
    accept(walker, "markPaid", terms, walker.buyer)
    walker.rpc("evm_setAutomine", False)
    try:
        relayer.run_once()
        sent = RelayTransaction.objects.get()
        walker.rpc("anvil_dropTransaction", sent.tx_hash)
        assert walker.node.transaction(sent.tx_hash) is None
        relayer.run_once()
        assert walker.node.transaction(sent.tx_hash) is not None
    finally:
        walker.rpc("evm_setAutomine", True)
    walker.mine()
    settle_down(chain, walker)
    assert walker.node.escrow_state(terms.trade_id).status == PAID
    assert RelayTransaction.objects.get().tx_hash == sent.tx_hash


def test_stuck_transaction_is_priced_higher_under_its_nonce(chain: Chain, walker: Walker) -> None:
    terms = walker.funded()
    accept(walker, "markPaid", terms, walker.buyer)
    walker.rpc("evm_setAutomine", False)
    try:
        relayer.run_once()
        RelayTransaction.objects.update(sent_at=timezone.now() - timedelta(minutes=1))
        before = RelayTransaction.objects.get()
        relayer.run_once()
    finally:
        walker.rpc("evm_setAutomine", True)
    after = RelayTransaction.objects.get()
    assert after.nonce == before.nonce
    assert after.max_fee_wei * 8 >= before.max_fee_wei * 9
    assert after.earlier_hashes == [before.tx_hash]
    assert after.tx_hash != before.tx_hash
    walker.mine()
    settle_down(chain, walker)
    assert RelayTransaction.objects.get().status == "DONE"
    assert walker.node.escrow_state(terms.trade_id).status == PAID


def test_stuck_transaction_that_has_become_pointless_is_replaced_by_an_empty_one(
    chain: Chain, walker: Walker
) -> None:
    """The buyer gave the coins back himself while his "paid" was too cheap to be mined: the nonce goes on, the call ends."""
    terms = walker.funded()
    call = accept(walker, "markPaid", terms, walker.buyer)
    walker.rpc("evm_setAutomine", False)
    relayer.run_once()
    before = RelayTransaction.objects.get()
    walker.rpc("anvil_setNextBlockBaseFeePerGas", hex(before.max_fee_wei * 2))
    walker.rpc("evm_setAutomine", True)
    walker.move("cancel", terms, walker.buyer)
    assert walker.node.receipt(before.tx_hash) is None
    RelayTransaction.objects.update(sent_at=timezone.now() - timedelta(minutes=1))
    relayer.run_once()
    after = RelayTransaction.objects.get()
    assert (after.nonce, after.move, after.gas_limit) == (before.nonce, "fill", 21_000)
    assert after.earlier_hashes == [before.tx_hash]
    settle_down(chain, walker)
    after.refresh_from_db()
    call.refresh_from_db()
    assert (after.status, after.succeeded, after.gas_used) == ("DONE", True, 21_000)
    assert (call.status, call.reason) == ("REFUSED", "BadState")


def test_transaction_undone_by_a_reorg_is_sent_again(chain: Chain, walker: Walker) -> None:
    """I02: a signed call survives the block it was in."""
    terms = walker.funded()
    walker.mine(2)
    accept(walker, "markPaid", terms, walker.buyer)
    relayer.run_once()
    relayer.run_once()
    assert RelayTransaction.objects.get().status == "MINED"
    walker.reorg(1)
    assert walker.node.escrow_state(terms.trade_id).status == 1
    settle_down(chain, walker)
    assert walker.node.escrow_state(terms.trade_id).status == PAID
    assert SignedCall.objects.get().status == "DONE"


def test_nonce_used_by_another_transaction_lets_the_call_wait_again(
    chain: Chain, walker: Walker
) -> None:
    terms = walker.funded()
    accept(walker, "markPaid", terms, walker.buyer)
    walker.rpc("evm_setAutomine", False)
    try:
        relayer.run_once()
        walker.rpc("anvil_dropTransaction", RelayTransaction.objects.get().tx_hash)
    finally:
        walker.rpc("evm_setAutomine", True)
    account = relayer_account()
    walker.rpc("anvil_setNonce", account.address, hex(walker.node.nonce_of(account.address) + 1))
    relayer.run_once()
    settle_down(chain, walker)
    statuses = list(RelayTransaction.objects.order_by("pk").values_list("status", flat=True))
    assert statuses == ["DROPPED", "DONE"]
    assert SignedCall.objects.get().status == "DONE"


def test_call_that_cannot_be_sent_does_not_hold_up_the_others(chain: Chain, walker: Walker) -> None:
    """Q07: a poisoned row is parked with its reason."""
    poisoned = accept(walker, "release", walker.funded(), walker.seller)
    SignedCall.objects.filter(pk=poisoned.pk).update(terms={"seller": "nobody"})
    good = accept(walker, "markPaid", walker.funded(), walker.buyer)
    done = relayer.run_once()
    assert (done.sent, done.finished) == (1, 1)
    poisoned.refresh_from_db()
    good.refresh_from_db()
    assert (poisoned.status, poisoned.reason, good.status) == ("REFUSED", "Malformed", "SENT")


def test_call_that_costs_too_much_gas_is_left_to_its_signer(
    chain: Chain, walker: Walker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("escrow.nonces.MAX_GAS", 100_000)
    call = accept(walker, "release", walker.funded(), walker.seller)
    relayer.run_once()
    call.refresh_from_db()
    assert (call.status, call.reason) == ("REFUSED", "TooDear")
    assert "your own wallet" in call.text
    assert RelayTransaction.objects.count() == 0


def test_empty_gas_account_raises_the_alarm_and_loses_no_call(chain: Chain, walker: Walker) -> None:
    terms = walker.funded()
    follow(chain)
    accept(walker, "markPaid", terms, walker.buyer)
    walker.rpc("anvil_setBalance", relayer_account().address, "0x0")
    relayer.run_once()
    assert not chain_health().relayer_ok
    assert "empty" in Relayer.objects.get().reason
    walker.rpc("anvil_setBalance", relayer_account().address, hex(ETHER))
    settle_down(chain, walker)
    assert chain_health().relayer_ok
    assert walker.node.escrow_state(terms.trade_id).status == PAID


def test_node_that_is_down_is_told_and_no_call_is_lost(
    chain: Chain, walker: Walker, settings: Any, anvil: str
) -> None:
    terms = walker.funded()
    accept(walker, "markPaid", terms, walker.buyer)
    settings.CHAIN_RPC_URL = "http://127.0.0.1:9"
    assert "did not answer" in relayer.run_once().problem
    assert not chain_health().relayer_ok
    settings.CHAIN_RPC_URL = anvil
    assert relayer.run_once().sent == 1


def test_two_relayers_at_once_do_the_work_once(chain: Chain, walker: Walker) -> None:
    accept(walker, "markPaid", walker.funded(), walker.buyer)
    with locked_elsewhere(locks.RELAYER, chain):
        assert relayer.run_once().waiting
    assert relayer.run_once().sent == 1
