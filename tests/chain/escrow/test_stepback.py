"""What trades do when the network undid steps that had counted as final, and an operator took the new chain for the truth."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from escrow import indexer
from escrow.chain.keys import ARBITRATOR, cast_account
from escrow.models import Chain, ChainEvent, RelayTransaction, SignedCall
from marketplace.accounts.models import User
from marketplace.notifications.models import Notice
from marketplace.offers.models import Offer
from marketplace.reputation.models import TradeResult
from marketplace.trades.models import Trade, TradeEvent
from marketplace.trades.projection import apply_unapplied
from marketplace.trades.stepback import step_back_undone
from tests.drivers.trade import TradeDriver

pytestmark = pytest.mark.django_db


@pytest.fixture
def driver(chain: Chain, cast: Any, alice: User, bob: User, carol: User) -> TradeDriver:
    """Alice makes, Bob and Carol take; with blocks to undo below which nothing of the test lies."""
    keys = {account.address: account for account in (cast.alice, cast.bob, cast.carol)}
    driver = TradeDriver(chain, keys, cast_account(ARBITRATOR))
    driver.mine(8)
    return driver


def undo(driver: TradeDriver, blocks: int) -> None:
    """Other, empty blocks instead of the newest ones; the follower halts and the operator goes on."""
    driver.rpc("anvil_dropAllTransactions")
    driver.rpc("anvil_reorg", blocks, [])
    driver.rpc("anvil_dropAllTransactions")
    driver.rpc("evm_increaseTime", 1)
    driver.mine(3)
    with pytest.raises(indexer.ChainHalted):
        indexer.advance(driver.chain)
    call_command("chain_resume", str(driver.chain.pk))
    driver.chain.refresh_from_db()
    driver.follow()


def blocks_since(driver: TradeDriver, trade: Trade, name: str) -> int:
    """How many blocks must be undone to lose this event."""
    event = ChainEvent.objects.get(trade_id=trade.trade_id, name=name, canonical=True)
    return int(driver.rpc("eth_blockNumber"), 16) - event.block_number + 1


def held(offer: Offer) -> tuple[int, int]:
    offer.refresh_from_db()
    return offer.locked_base_units, offer.sold_base_units


def test_a_paid_that_was_undone_is_sent_again_with_the_same_signature(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """I05: the trade is what the contract says, both are told, and nobody signs twice."""
    trade = driver.paid(alice, bob)
    undo(driver, blocks_since(driver, trade, "MarkedPaid"))
    trade = driver.fresh(trade)
    assert (trade.status, trade.paid_at, trade.since) == ("FUNDED", 0, trade.funded_at)
    for person in (alice, bob):
        assert Notice.objects.filter(user=person, text__contains="undid “paid”").count() == 1
    assert driver.settle_down(trade).status == "PAID"
    assert [call.status for call in SignedCall.objects.all()] == ["DONE"]
    again = RelayTransaction.objects.get(signed_call__move="markPaid")
    assert (again.status, again.succeeded) == ("DONE", True)


def test_the_relayer_goes_on_from_the_nonce_that_the_network_fell_back_to(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """I05: what was sent under later nonces is sent again too, and a new step gets the next one."""
    trades = [driver.paid(alice, person) for person in (bob, carol)]
    undo(driver, blocks_since(driver, trades[0], "MarkedPaid"))
    late = [driver.settle_down(trade) for trade in trades]
    assert late[0].status == "PAID"
    driver.sign_move(late[0], bob, "cancel")
    assert driver.settle_down(late[0]).outcome == "CANCELLED"
    nonces = RelayTransaction.objects.exclude(status="DROPPED").values_list("nonce", flat=True)
    assert sorted(nonces) == list(range(len(nonces)))


def test_a_release_that_was_undone_leaves_no_record_and_the_coins_set_aside(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """I05: reputation and stock follow the contract both ways."""
    trade = driver.paid(alice, bob)
    before = held(trade.offer)
    driver.send_move(trade, alice, "release")
    trade = driver.settle_down(trade)
    assert trade.outcome == "RELEASED"
    assert TradeResult.objects.filter(trade_ref=trade.ref).exists()

    undo(driver, blocks_since(driver, trade, "Released"))
    trade = driver.fresh(trade)
    assert (trade.status, trade.outcome, trade.to_buyer, trade.closed_at) == ("PAID", "", None, 0)
    assert not TradeResult.objects.filter(trade_ref=trade.ref).exists()
    assert held(trade.offer) == before
    assert trade.stock_base_units == trade.amount_base_units

    driver.send_move(trade, alice, "release")
    trade = driver.settle_down(trade)
    assert trade.outcome == "RELEASED"
    assert TradeResult.objects.filter(trade_ref=trade.ref).count() == 1
    assert held(trade.offer) == (before[0] - trade.amount_base_units, trade.amount_base_units)


def test_a_lock_that_was_undone_takes_the_trade_back_before_it(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """I05: agreed again while there is time to lock, ended when there is none; the offer gets its coins back."""
    trade = driver.paid(alice, bob)
    undo(driver, blocks_since(driver, trade, "Funded"))
    trade = driver.fresh(trade)
    assert (trade.status, trade.funded_at, trade.stock_base_units) == ("AGREED", 0, 0)
    assert held(trade.offer) == (0, 0)
    driver.fund(trade)
    assert driver.settle_down(trade).status == "FUNDED"


def test_a_lock_that_was_undone_after_its_time_ends_the_trade(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.funded(alice, bob)
    Trade.objects.filter(pk=trade.pk).update(fund_by=trade.opened_at)
    undo(driver, blocks_since(driver, trade, "Funded"))
    trade = driver.fresh(trade)
    assert (trade.status, trade.outcome, trade.close_reason) == ("CLOSED", "LAPSED", "undone")
    assert held(trade.offer) == (0, 0)


def test_what_is_still_on_the_chain_is_not_touched(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """I05: another trade of the same offer keeps its row and its history."""
    calm = driver.funded(alice, bob)
    trade = driver.sign(driver.take(carol, calm.offer))
    driver.fund(trade)
    trade = driver.settle_down(trade)
    history = list(TradeEvent.objects.filter(trade=calm).values_list("cause", "chain_key"))
    undo(driver, blocks_since(driver, trade, "Funded"))
    assert driver.fresh(calm).status == "FUNDED"
    assert driver.fresh(trade).status == "AGREED"
    assert list(TradeEvent.objects.filter(trade=calm).values_list("cause", "chain_key")) == history
    assert held(calm.offer) == (calm.amount_base_units, 0)


def test_taking_back_happens_once(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.paid(alice, bob)
    undo(driver, blocks_since(driver, trade, "MarkedPaid"))
    count = TradeEvent.objects.filter(trade=trade).count()
    assert step_back_undone() == 0
    assert apply_unapplied().moved == 0
    assert TradeEvent.objects.filter(trade=trade).count() == count
