"""What the relayer promises, what it keeps for that, and what one person can make it pay."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from escrow import relayer
from escrow.chain.keys import relayer_account
from escrow.chain.types import PAID, TradeTerms
from escrow.gas import PAID_GAS, PROMISES_PER_ACCOUNT
from escrow.models import Chain, GasReservation, Relayer, RelayTransaction, SignedCall
from escrow.selectors import chain_health, is_paid_promised, relayer_warning
from escrow.services import (
    RelayBudgetSpent,
    SignatureWrong,
    accept_signed_call,
    reserve_gas,
)
from tests.chain.escrow.conftest import DAY, ETHER, FAR, Walker, follow
from tests.chain.escrow.relaying import EVIDENCE, accept, settle_down

pytestmark = pytest.mark.django_db
# Answers EIP-1271 with yes where gas has no price, as in a rehearsal, and with nothing in a real transaction.
TWO_FACED = "0x631626ba7e60e01b3a15025f5260205ff3"


def reserved(chain: Chain, walker: Walker, count: int = 1, **changes: Any) -> list[TradeTerms]:
    """Fundings that somebody will be asked to pay for."""
    trades = [walker.funded(**changes) for _ in range(count)]
    walker.mine(2)
    follow(chain)
    for terms in trades:
        reserve_gas(
            trade_id=terms.trade_id, funded_at=funded_at(walker, terms), account=terms.buyer
        )
    return trades


def funded_at(walker: Walker, terms: TradeTerms) -> int:
    return walker.node.escrow_state(terms.trade_id).funded_at


def promised(walker: Walker, trades: list[TradeTerms]) -> list[bool]:
    return [is_paid_promised(terms.trade_id, funded_at(walker, terms)) for terms in trades]


def give_steps(walker: Walker, steps: float) -> int:
    """Leave the gas account as much as so many "paid" cost at most; what one costs."""
    step = PAID_GAS * walker.node.gas_price()[0]
    walker.rpc("anvil_setBalance", relayer_account().address, hex(int(steps * step)))
    return step


def test_gas_is_promised_to_the_oldest_fundings_as_far_as_it_goes(
    chain: Chain, walker: Walker
) -> None:
    """Twice the price must be there to promise; a fuller account covers the others too."""
    trades = reserved(chain, walker, 3)
    assert promised(walker, trades) == [False] * 3
    give_steps(walker, 4.5)
    assert relayer.run_once().trade_ids == {trades[0].trade_id, trades[1].trade_id}
    assert promised(walker, trades) == [True, True, False]
    assert relayer.run_once().trade_ids == frozenset()
    give_steps(walker, 50)
    relayer.run_once()
    assert promised(walker, trades) == [True] * 3


def test_promise_is_taken_back_when_the_money_is_gone(chain: Chain, walker: Walker) -> None:
    """The younger loses it, and the page withholds the account again."""
    trades = reserved(chain, walker, 2)
    relayer.run_once()
    assert promised(walker, trades) == [True, True]
    give_steps(walker, 1.2)
    relayer.run_once()
    assert promised(walker, trades) == [True, False]


def test_promised_gas_is_spent_on_nothing_else(chain: Chain, walker: Walker) -> None:
    """A release waits, with the alarm, while what is left belongs to a "paid"; the "paid" is sent all the same."""
    other = walker.funded("PAID")
    (terms,) = reserved(chain, walker)
    give_steps(walker, 2.5)
    relayer.run_once()
    assert promised(walker, [terms]) == [True]
    held = accept(walker, "release", other, walker.seller)
    assert relayer.run_once().sent == 0
    held.refresh_from_db()
    assert held.status == "WAITING"
    assert "release" in relayer_warning()
    assert chain_health().relayer_ok
    paid = accept(walker, "markPaid", terms, walker.buyer)
    assert relayer.run_once().sent == 1
    assert walker.node.escrow_state(terms.trade_id).status == PAID
    walker.rpc("anvil_setBalance", relayer_account().address, hex(ETHER))
    settle_down(chain, walker, 3)
    assert {call.status for call in SignedCall.objects.filter(pk__in=[held.pk, paid.pk])} == {
        "DONE"
    }
    assert relayer_warning() == ""


def test_one_buyer_holds_only_so_many_promises(chain: Chain, walker: Walker) -> None:
    """Many fundings by one hand leave the gas of the others alone."""
    trades = reserved(chain, walker, PROMISES_PER_ACCOUNT + 1)
    of_another = reserved(chain, walker, buyer=walker.stranger.address)
    relayer.run_once()
    assert promised(walker, trades) == [True] * PROMISES_PER_ACCOUNT + [False]
    assert promised(walker, of_another) == [True]


def test_promised_paid_is_taken_when_the_days_budget_is_spent(
    chain: Chain, walker: Walker, settings: Any
) -> None:
    """Who was shown an account can say "paid"; after that the budget counts, and no promise is made beyond it."""
    (terms,) = reserved(chain, walker)
    relayer.run_once()
    settings.RELAYER_DAILY_CALLS = 0
    (later,) = reserved(chain, walker)
    with pytest.raises(RelayBudgetSpent):
        accept(walker, "markPaid", later, walker.buyer)
    assert accept(walker, "markPaid", terms, walker.buyer).status == "WAITING"
    with pytest.raises(RelayBudgetSpent):
        accept(walker, "cancel", terms, walker.buyer)
    relayer.run_once()
    assert promised(walker, [later]) == [False]


def test_promise_ends_with_its_funding(chain: Chain, walker: Walker) -> None:
    """Ended, and past its time: neither holds gas any more."""
    ended, late = reserved(chain, walker, 2)
    relayer.run_once()
    walker.move("cancel", ended, walker.buyer)
    walker.mine(2)
    follow(chain)
    step = give_steps(walker, 1.5)
    relayer.run_once()
    assert promised(walker, [late]) == [True]
    walker.skip(DAY + 1_900)
    follow(chain)
    give_steps(walker, 2.5)
    (fresh,) = reserved(chain, walker)
    relayer.run_once()
    assert promised(walker, [fresh]) == [True]
    assert step > 0


def test_alarm_is_measured_by_what_is_promised(chain: Chain, walker: Walker, settings: Any) -> None:
    """It comes while steps still go out, names the sums, and goes when the account is filled."""
    settings.RELAYER_MIN_BALANCE_WEI = 0
    reserved(chain, walker, 2)
    give_steps(walker, 23)
    relayer.run_once()
    assert chain_health().relayer_ok
    assert "promised to 2 trade(s)" in relayer_warning()
    give_steps(walker, 24.5)
    relayer.run_once()
    assert relayer_warning() == ""
    give_steps(walker, 0.9)
    relayer.run_once()
    assert not chain_health().relayer_ok
    assert "empty" in chain_health().reason


def test_gas_that_is_too_dear_is_told_and_nothing_is_sent(
    chain: Chain, walker: Walker, settings: Any
) -> None:
    terms = walker.funded()
    follow(chain)
    call = accept(walker, "markPaid", terms, walker.buyer)
    settings.RELAYER_MAX_COST_WEI = 1
    assert relayer.run_once().sent == 0
    call.refresh_from_db()
    assert call.status == "WAITING"
    assert not chain_health().relayer_ok
    assert "more than this hub pays" in chain_health().reason
    settings.RELAYER_MAX_COST_WEI = ETHER
    assert relayer.run_once().sent == 1
    assert chain_health().relayer_ok


def test_stuck_transaction_is_not_priced_above_the_cap(
    chain: Chain, walker: Walker, settings: Any
) -> None:
    """It stays as it is, the alarm names its nonce; a higher cap lets it go on."""
    terms = walker.funded()
    accept(walker, "markPaid", terms, walker.buyer)
    walker.rpc("evm_setAutomine", False)
    try:
        relayer.run_once()
        row = RelayTransaction.objects.get()
        settings.RELAYER_MAX_COST_WEI = PAID_GAS * row.max_fee_wei
        RelayTransaction.objects.update(
            sent_at=timezone.now() - timedelta(minutes=1), gas_limit=PAID_GAS
        )
        relayer.run_once()
        assert RelayTransaction.objects.get().earlier_hashes == []
        assert f"nonce {row.nonce}, markPaid" in relayer_warning()
        settings.RELAYER_MAX_COST_WEI = 2 * PAID_GAS * row.max_fee_wei
        relayer.run_once()
        assert len(RelayTransaction.objects.get().earlier_hashes) == 1
        assert relayer_warning() == ""
    finally:
        walker.rpc("evm_setAutomine", True)
    walker.mine()
    settle_down(chain, walker)
    assert walker.node.escrow_state(terms.trade_id).status == PAID


def test_both_fees_rise_by_an_eighth_until_a_miner_takes_it(chain: Chain, walker: Walker) -> None:
    accept(walker, "markPaid", walker.funded(), walker.buyer)
    walker.rpc("evm_setAutomine", False)
    try:
        relayer.run_once()
        prices = [_price()]
        for _ in range(3):
            RelayTransaction.objects.update(sent_at=timezone.now() - timedelta(minutes=1))
            relayer.run_once()
            prices.append(_price())
    finally:
        walker.rpc("evm_setAutomine", True)
    for before, after in pairwise(prices):
        assert all(new * 8 >= old * 9 for old, new in zip(before, after, strict=True))
    walker.mine()
    settle_down(chain, walker)
    row = RelayTransaction.objects.get()
    assert (row.status, len(row.earlier_hashes)) == ("DONE", 3)
    assert SignedCall.objects.get().tx_hash == row.tx_hash


def _price() -> tuple[int, int]:
    row = RelayTransaction.objects.get()
    return row.max_fee_wei, row.priority_fee_wei


def test_signature_that_changes_its_mind_costs_two_tries_at_most(
    chain: Chain, walker: Walker
) -> None:
    """S09: a contract wallet says yes in every rehearsal and no in the transaction."""
    walker.rpc("anvil_setCode", walker.buyer.address, TWO_FACED)
    terms = walker.funded()
    follow(chain)
    call = accept_signed_call(
        trade=terms,
        funded_at=funded_at(walker, terms),
        move="markPaid",
        arguments={},
        signer=walker.buyer.address,
        deadline=FAR,
        signature="0x" + "ab" * 70,
    )
    settle_down(chain, walker, rounds=5)
    call.refresh_from_db()
    assert (call.status, call.reason) == ("REFUSED", "FailedOnChain")
    assert "undid this step 2 times" in call.text
    assert list(RelayTransaction.objects.values_list("succeeded", flat=True)) == [False, False]
    before = walker.node.nonce_of(relayer_account().address)
    settle_down(chain, walker)
    assert walker.node.nonce_of(relayer_account().address) == before


def test_one_funding_cannot_cost_more_than_its_share(
    chain: Chain, walker: Walker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seller who grants time again and again is sent to his own wallet; "paid" and the time-out still go."""
    (terms,) = reserved(chain, walker)
    relayer.run_once()
    monkeypatch.setattr("escrow.nonces.TRADE_GAS", 150_000)
    pay_by = walker.node.escrow_state(terms.trade_id).pay_by
    for more in range(1, 7):
        accept(walker, "grantTime", terms, walker.seller, newPayBy=pay_by + 60 * more)
        settle_down(chain, walker, 1)
    grants = SignedCall.objects.filter(move="grantTime").order_by("pk")
    statuses = list(grants.values_list("status", "reason"))
    assert statuses[0] == ("DONE", "")
    assert statuses[-1] == ("REFUSED", "TradeBudgetSpent")
    assert "your own wallet" in grants.last().text
    used = sum(RelayTransaction.objects.values_list("gas_used", flat=True))
    assert 30_000 < used < 150_000
    accept(walker, "markPaid", terms, walker.buyer)
    settle_down(chain, walker)
    assert walker.node.escrow_state(terms.trade_id).status == PAID
    walker.skip(3 * DAY + 10)
    follow(chain)
    settle_down(chain, walker)
    assert walker.node.escrow_state(terms.trade_id).status == 0


def test_deadline_that_has_passed_has_its_sentence(chain: Chain, walker: Walker) -> None:
    """The clock is the chain's; a call that nobody could send in time ends, and says until when it was good."""
    terms = walker.funded()
    follow(chain)
    deadline = walker.node.head().time + 60
    call = accept_signed_call(
        trade=terms,
        funded_at=funded_at(walker, terms),
        move="markPaid",
        arguments={},
        signer=walker.buyer.address,
        deadline=deadline,
        signature=walker.signature("markPaid", terms, walker.buyer, deadline=deadline),
    )
    walker.skip(120)
    follow(chain)
    assert relayer.run_once().sent == 0
    call.refresh_from_db()
    assert (call.status, call.reason) == ("REFUSED", "Expired")
    assert "Sign again" in call.text


def test_paid_goes_before_everything_that_waits(chain: Chain, walker: Walker) -> None:
    """A flood of slow steps does not hold up the clock that matters."""
    for _ in range(3):
        accept(walker, "dispute", walker.funded("PAID"), walker.seller, evidence=EVIDENCE)
    accept(walker, "markPaid", walker.funded(), walker.buyer)
    walker.rpc("evm_setAutomine", False)
    try:
        relayer.run_once()
    finally:
        walker.rpc("evm_setAutomine", True)
    first = RelayTransaction.objects.order_by("nonce").first()
    assert first is not None
    assert first.move == "markPaid"


def test_relayers_row_tells_what_it_holds(chain: Chain, walker: Walker) -> None:
    relayer.run_once()
    row = Relayer.objects.get()
    assert row.balance_wei == walker.node.balance(relayer_account().address)
    assert (row.is_ok, row.reason) == (True, "")
    assert GasReservation.objects.count() == 0


def test_promise_of_one_trade_is_no_door_for_another_signer(chain: Chain, walker: Walker) -> None:
    (terms,) = reserved(chain, walker)
    relayer.run_once()
    with pytest.raises(SignatureWrong):
        accept(walker, "markPaid", terms, walker.stranger)
