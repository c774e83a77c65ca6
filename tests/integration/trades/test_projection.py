"""What the chain may say that nobody agreed to: extra locks, unknown ids, mismatches, the same event twice."""

from __future__ import annotations

import dataclasses

import pytest
from django.db.models import F

from escrow import indexer, killpoints
from escrow.models import Chain, ChainEvent
from marketplace.accounts.models import User
from marketplace.notifications.models import Notice
from marketplace.reputation.models import TradeResult
from marketplace.trades import services
from marketplace.trades.models import TermsVersion, TradeEvent
from marketplace.trades.projection import apply_unapplied
from marketplace.trades.terms import terms_of
from tests.drivers.trade import TradeDriver

pytestmark = pytest.mark.django_db


def test_the_first_funded_take_wins_and_the_others_are_told(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """Product rule 2: a take never hides an offer; what the stock no longer covers is closed."""
    offer = driver.offer(alice, amount={"stock": "300", "min_fiat": "20", "max_fiat": "2000"})
    first, second = (driver.sign(driver.take(person, offer)) for person in (bob, carol))
    driver.fund(second)

    second, first = driver.settle_down(second), driver.fresh(first)
    assert (second.status, second.extra) == ("FUNDED", "")
    assert (first.status, first.outcome, first.close_reason) == ("CLOSED", "LAPSED", "taken")
    assert Notice.objects.filter(user=bob, text__contains="a moment earlier").count() == 1
    offer.refresh_from_db()
    assert offer.left_base_units == 50_000_000


def test_two_takes_that_both_fit_are_both_funded(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    offer = driver.offer(alice)
    trades = [driver.sign(driver.take(person, offer)) for person in (bob, carol)]
    for trade in trades:
        driver.fund(trade)
    driver.settle_down(trades[0])
    assert [(t.status, t.extra) for t in map(driver.fresh, trades)] == [
        ("FUNDED", ""),
        ("FUNDED", ""),
    ]


def test_a_second_lock_beyond_the_stock_is_extra_and_freed_by_one_signature(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """C32: never more than the stock counts; the extra one is unharmed."""
    offer = driver.offer(alice, amount={"stock": "300", "min_fiat": "20", "max_fiat": "2000"})
    first, second = (driver.sign(driver.take(person, offer)) for person in (bob, carol))
    driver.fund(first)
    driver.fund(second)
    driver.settle_down(first)

    first, second = driver.fresh(first), driver.fresh(second)
    assert (first.extra, second.extra) == ("", "taken")
    offer.refresh_from_db()
    assert offer.locked_base_units == 250_000_000
    before = driver.balance(second, alice)
    driver.sign_move(second, carol, "cancel")
    second = driver.settle_down(second)
    assert (second.status, second.outcome) == ("CLOSED", "CANCELLED")
    assert driver.balance(second, alice) - before == 250_000_000
    offer.refresh_from_db()
    assert offer.locked_base_units == 250_000_000


def test_a_lock_after_fund_by_is_extra(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.agreed(alice, bob)
    driver.skip_past(trade.fund_by + 60)
    services.lapse_due()
    driver.fund(trade)

    trade = driver.settle_down(trade)
    assert (trade.status, trade.extra, trade.outcome) == ("FUNDED", "late", "")
    assert Notice.objects.filter(user=bob, text__startswith="Do not pay").count() == 1


def test_a_lock_in_time_counts_although_the_hub_saw_it_late(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Block time decides, not when we looked."""
    trade = driver.agreed(alice, bob)
    driver.fund(trade)
    driver.rpc("evm_increaseTime", 900)
    trade = driver.settle_down(trade)
    assert (trade.status, trade.extra) == ("FUNDED", "")


def test_a_lock_on_its_way_stops_the_lapse(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.agreed(alice, bob)
    driver.rpc("evm_setAutomine", False)
    driver.rpc("evm_setNextBlockTimestamp", trade.fund_by + 55)
    driver.rpc("evm_setAutomine", True)
    driver.fund(trade)
    driver.follow()
    assert services.lapse_due() == 0
    assert driver.fresh(trade).status == "AGREED"


def test_a_lock_before_the_signature_is_extra(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.take(bob, driver.offer(alice))
    driver.fund(trade)
    assert driver.settle_down(trade).extra == "unsigned"


def test_a_seller_who_bypasses_the_hub_is_freed_by_one_signature(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Story 11: the buyer had named his account and not signed; the seller locked all the same."""
    trade = driver.take(bob, driver.offer(alice, "buy"))
    trade = services.name_payer(user=alice, trade=trade, account=driver.account())
    driver.fund(trade)
    trade = driver.settle_down(trade)
    assert (trade.status, trade.extra) == ("FUNDED", "unsigned")

    before = driver.balance(trade, bob)
    driver.sign_move(trade, alice, "cancel")
    trade = driver.settle_down(trade)
    assert (trade.outcome, driver.balance(trade, bob) - before) == (
        "CANCELLED",
        trade.amount_base_units,
    )


def test_a_lock_seen_when_the_lease_went_on_is_extra(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """The follower came late to the lock, the chain's clock had gone on: the next seller is first in line now."""
    offer = driver.offer(alice, "buy")
    first = driver.sign(driver.take(bob, offer))
    second = driver.take(carol, offer)
    driver.fund(first)
    Chain.objects.update(head_time=F("head_time") + 500)
    services.lapse_due()
    assert driver.fresh(second).leased_until is not None

    assert driver.settle_down(first).extra == "lease"
    assert driver.fresh(second).leased_until is not None


def test_a_funding_nobody_here_knows_is_set_aside(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.agreed(alice, bob)
    foreign = dataclasses.replace(terms_of(trade), terms="0x" + "77" * 32)
    driver.fund(trade, foreign)
    driver.settle_down(trade)

    event = ChainEvent.objects.get(name="Funded")
    assert event.set_aside_reason == "no trade of this hub has this id"
    assert driver.fresh(trade).status == "AGREED"


@pytest.mark.parametrize(
    "change", [{"amount": 1}, {"token": "0x" + "00" * 20}, {"pay_window": 1201}]
)
def test_another_amount_coin_or_window_is_another_trade(
    driver: TradeDriver, alice: User, bob: User, change: dict[str, object]
) -> None:
    trade = driver.agreed(alice, bob)
    driver.fund(trade, dataclasses.replace(terms_of(trade), **change))
    assert driver.settle_down(trade).status == "AGREED"


def test_terms_that_differ_under_one_id_move_nothing(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """I26: our row was edited by hand; the chain's struct is the truth and the difference is reported."""
    trade = driver.agreed(alice, bob)
    version = TermsVersion.objects.get(trade=trade)
    version.document["trade"]["amount"] = "1"
    version.save()
    driver.fund(trade)
    driver.settle_down(trade)

    assert driver.fresh(trade).status == "AGREED"
    assert TradeEvent.objects.filter(trade=trade, cause="alarm").count() == 1
    assert "amount" in ChainEvent.objects.get(name="Funded").set_aside_reason


def test_the_same_event_read_again_moves_nothing(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """I14: after a rebuild the same log comes again."""
    trade = driver.funded(alice, bob)
    steps = TradeEvent.objects.filter(trade=trade).count()
    ChainEvent.objects.update(applied_at=None)

    apply_unapplied()
    apply_unapplied()
    assert TradeEvent.objects.filter(trade=trade).count() == steps
    assert driver.fresh(trade).offer.locked_base_units == trade.amount_base_units


def test_an_event_that_breaks_does_not_block_the_queue(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """Q07: a poison event is set aside with its reason; the next trade goes on."""
    first, second = driver.agreed(alice, bob), driver.agreed(alice, carol)
    TermsVersion.objects.filter(trade=first).update(document={})
    driver.fund(first)
    driver.fund(second)
    driver.settle_down(second)

    assert driver.fresh(second).status == "FUNDED"
    assert ChainEvent.objects.exclude(set_aside_reason="").count() == 1


def test_a_finished_trade_is_recorded_once_for_both(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.paid(alice, bob)
    driver.sign_move(trade, alice, "release")
    driver.settle_down(trade)

    result = TradeResult.objects.get()
    assert (result.trade_ref, result.outcome, result.finished, result.failed_by) == (
        trade.ref,
        "RELEASED",
        True,
        None,
    )


def test_who_let_time_run_out_carries_the_mark(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.paid(alice, bob)
    driver.skip_past(trade.since + trade.release_seconds)
    driver.settle_down(trade)
    assert TradeResult.objects.get().failed_by == alice


def test_a_hold_that_ends_by_release_leaves_no_mark(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Product rule 12."""
    trade = driver.disputed(alice, bob)
    driver.sign_move(trade, alice, "release")
    driver.settle_down(trade)
    assert TradeResult.objects.get().disputed_by is None


def test_extra_locks_are_nobodys_record(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.take(bob, driver.offer(alice))
    driver.fund(trade)
    trade = driver.settle_down(trade)
    driver.sign_move(trade, bob, "cancel")
    driver.settle_down(trade)
    assert not TradeResult.objects.exists()


def test_a_devnet_that_was_started_over_ends_its_trades(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """I07: off-chain data stays, what lay on the chain is gone."""
    trade = driver.funded(alice, bob)
    assert services.close_lost_trades() == 1
    trade = driver.fresh(trade)
    assert (trade.status, trade.close_reason, trade.offer.locked_base_units) == (
        "CLOSED",
        "devnet_reset",
        0,
    )


def test_nothing_lasting_comes_from_an_event_that_is_not_settled(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """I27: no status, no line, no notice and no result of reputation before the event is deep enough."""
    trade = driver.agreed(alice, bob)
    driver.follow()
    notices = Notice.objects.count()
    driver.fund(trade)
    driver.follow()
    assert driver.fresh(trade).status == "AGREED"
    assert not TradeEvent.objects.filter(trade=trade).exclude(chain_key="").exists()
    assert Notice.objects.count() == notices
    driver.settle_down(trade)
    trade = driver.fresh(trade)
    assert trade.status == "FUNDED"
    assert Notice.objects.count() > notices
    driver.send_move(trade, alice, "release")
    driver.follow()
    assert driver.fresh(trade).status == "FUNDED"
    assert TradeResult.objects.count() == 0
    driver.settle_down(trade)
    assert driver.fresh(trade).outcome == "RELEASED"
    assert TradeResult.objects.exists()


class Killed(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("place", killpoints.PROJECTION)
def test_end_while_an_event_is_applied_moves_its_trade_once(
    place: str, driver: TradeDriver, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I16: at every place between a settled event and what it moves."""
    trade = driver.agreed(alice, bob)
    driver.fund(trade)
    driver.mine(2)
    while indexer.advance(driver.chain).behind:
        pass

    def end(name: str) -> None:
        if name == place:
            raise Killed(name)

    with monkeypatch.context() as patched:
        patched.setattr(killpoints, "on_reach", end)
        with pytest.raises(Killed):
            apply_unapplied()
    trade = driver.settle_down(trade)
    assert trade.status == "FUNDED"
    assert TradeEvent.objects.filter(trade=trade).exclude(chain_key="").count() == 1
    trade.offer.refresh_from_db()
    assert trade.offer.locked_base_units == trade.amount_base_units
