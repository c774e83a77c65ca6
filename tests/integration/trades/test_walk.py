"""Whole trades on a real node: every way a trade can end, for both coins and both sides, to the last base unit."""

from __future__ import annotations

import pytest

from marketplace.accounts.models import User
from marketplace.money import fee_base_units
from marketplace.trades.models import Trade, TradeEvent
from marketplace.trades.states import LATE_PAID_SECONDS
from tests.drivers.trade import EVIDENCE, TradeDriver

pytestmark = pytest.mark.django_db

MARKETS = [("sell", "USDC"), ("buy", "USDC"), ("sell", "ETH"), ("buy", "ETH")]
markets = pytest.mark.parametrize(("side", "asset"), MARKETS)


class Purse:
    """What the two hold before an end, and what must have come of it after."""

    def __init__(self, driver: TradeDriver, trade: Trade) -> None:
        self.driver, self.trade = driver, trade
        self.buyer = driver.balance(trade, trade.buyer)
        self.seller = driver.balance(trade, trade.seller)
        self.fees = self._fees()

    def _fees(self) -> int:
        return int(self.driver.node.fees(self.trade.asset.token))

    def assert_paid(self, *, buyer: int, seller: int, fee: int) -> None:
        """The exact parts; whoever sent a transaction in ether is checked by the others' parts and the sum."""
        assert buyer + seller + fee == self.trade.amount_base_units
        assert self._fees() - self.fees == fee
        assert self.driver.balance(self.trade, self.trade.buyer) - self.buyer == buyer
        assert self.driver.balance(self.trade, self.trade.seller) - self.seller == seller


@markets
def test_the_seller_releases_and_the_buyer_gets_all_but_the_fee(
    driver: TradeDriver, alice: User, bob: User, side: str, asset: str
) -> None:
    trade = driver.paid(alice, bob, side, asset)
    assert trade.status == "PAID"
    purse = Purse(driver, trade)

    driver.sign_move(trade, trade.seller, "release")
    trade = driver.settle_down(trade)

    assert (trade.status, trade.outcome, trade.to_buyer) == (
        "CLOSED",
        "RELEASED",
        trade.amount_base_units,
    )
    fee = fee_base_units(trade.amount_base_units, 50)
    purse.assert_paid(buyer=trade.amount_base_units - fee, seller=0, fee=fee)
    assert trade.offer.sold_base_units == trade.amount_base_units
    assert trade.offer.locked_base_units == 0


@markets
def test_the_buyer_cancels_before_paying_and_the_seller_gets_all(
    driver: TradeDriver, alice: User, bob: User, side: str, asset: str
) -> None:
    trade = driver.funded(alice, bob, side, asset)
    assert trade.offer.locked_base_units == trade.amount_base_units
    purse = Purse(driver, trade)

    driver.sign_move(trade, trade.buyer, "cancel")
    trade = driver.settle_down(trade)

    assert (trade.status, trade.outcome, trade.to_buyer) == ("CLOSED", "CANCELLED", 0)
    purse.assert_paid(buyer=0, seller=trade.amount_base_units, fee=0)
    assert (trade.offer.locked_base_units, trade.offer.sold_base_units) == (0, 0)


@markets
def test_the_seller_takes_the_coins_back_when_nobody_paid(
    driver: TradeDriver, alice: User, bob: User, side: str, asset: str
) -> None:
    trade = driver.funded(alice, bob, side, asset)
    driver.skip_past(trade.pay_by)
    purse = Purse(driver, trade)

    driver.sign_move(trade, trade.seller, "reclaim")
    trade = driver.settle_down(trade)

    assert (trade.status, trade.outcome) == ("CLOSED", "RECLAIMED")
    purse.assert_paid(buyer=0, seller=trade.amount_base_units, fee=0)


@markets
def test_an_unpaid_trade_closes_by_itself_a_day_after_its_time(
    driver: TradeDriver, alice: User, bob: User, side: str, asset: str
) -> None:
    trade = driver.funded(alice, bob, side, asset)
    purse = Purse(driver, trade)
    driver.skip_past(trade.pay_by + LATE_PAID_SECONDS)

    trade = driver.settle_down(trade)

    assert (trade.status, trade.outcome, trade.to_buyer) == ("CLOSED", "TIMED_OUT", 0)
    purse.assert_paid(buyer=0, seller=trade.amount_base_units, fee=0)


@markets
def test_a_silent_seller_loses_the_coins_to_the_buyer(
    driver: TradeDriver, alice: User, bob: User, side: str, asset: str
) -> None:
    trade = driver.paid(alice, bob, side, asset)
    purse = Purse(driver, trade)
    driver.skip_past(trade.since + trade.release_seconds)

    trade = driver.settle_down(trade)

    assert (trade.status, trade.outcome) == ("CLOSED", "TIMED_OUT")
    assert trade.to_buyer == trade.amount_base_units
    fee = fee_base_units(trade.amount_base_units, 50)
    purse.assert_paid(buyer=trade.amount_base_units - fee, seller=0, fee=fee)


@markets
def test_both_settle_on_a_split_and_the_fee_comes_off_the_buyers_part(
    driver: TradeDriver, alice: User, bob: User, side: str, asset: str
) -> None:
    trade = driver.paid(alice, bob, side, asset)
    purse = Purse(driver, trade)
    part = trade.amount_base_units * 97 // 100

    split = driver.propose_split(trade, trade.seller, part)
    driver.accept_split(trade, trade.buyer, split)
    trade = driver.settle_down(trade)

    assert (trade.status, trade.outcome, trade.to_buyer) == ("CLOSED", "SETTLED", part)
    fee = fee_base_units(part, 50)
    purse.assert_paid(buyer=part - fee, seller=trade.amount_base_units - part, fee=fee)


@markets
def test_the_arbitrator_splits_a_dispute_without_a_fee(
    driver: TradeDriver, alice: User, bob: User, side: str, asset: str
) -> None:
    trade = driver.disputed(alice, bob, side, asset)
    assert (trade.status, trade.disputed_by) == ("DISPUTED", "seller")
    purse = Purse(driver, trade)
    part = trade.amount_base_units * 3 // 10

    driver.send_move(trade, driver.judge, "rule", toBuyer=part, evidence=EVIDENCE)
    trade = driver.settle_down(trade)

    assert (trade.status, trade.outcome, trade.to_buyer) == ("CLOSED", "RULED", part)
    purse.assert_paid(buyer=part, seller=trade.amount_base_units - part, fee=0)


@markets
def test_a_silent_arbitrator_halves_the_coins_without_a_fee(
    driver: TradeDriver, alice: User, bob: User, side: str, asset: str
) -> None:
    trade = driver.disputed(alice, bob, side, asset)
    purse = Purse(driver, trade)
    driver.skip_past(trade.since + trade.ruling_seconds)

    trade = driver.settle_down(trade)

    half = trade.amount_base_units // 2
    assert (trade.status, trade.outcome, trade.to_buyer) == ("CLOSED", "TIMED_OUT", half)
    purse.assert_paid(buyer=half, seller=trade.amount_base_units - half, fee=0)


def test_every_step_leaves_one_line_in_order(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.paid(alice, bob)
    driver.sign_move(trade, trade.seller, "release")
    trade = driver.settle_down(trade)

    steps = TradeEvent.objects.filter(trade=trade).order_by("seq")
    assert [step.cause for step in steps] == ["asked", "signed", "Funded", "MarkedPaid", "Released"]
    assert [step.seq for step in steps] == [1, 2, 3, 4, 5]
    assert all(step.delivered_at for step in steps)


def test_more_time_is_granted_and_the_page_shows_it(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.funded(alice, bob)
    later = trade.pay_by + 1800

    driver.sign_move(trade, trade.seller, "grantTime", newPayBy=later)
    trade = driver.settle_down(trade)

    assert (trade.status, trade.pay_by, trade.due_at) == ("FUNDED", later, later - 600)


def test_a_late_paid_counts_until_the_coins_are_taken_back(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Story 3a: marks three minutes after payBy."""
    trade = driver.funded(alice, bob)
    driver.skip_past(trade.pay_by + 180)

    driver.sign_move(trade, trade.buyer, "markPaid")
    trade = driver.settle_down(trade)

    assert trade.status == "PAID"


def test_a_deal_taken_back_can_be_locked_again_for_a_late_payment(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Story 3b: the seller reclaims first, then locks the same deal again and releases."""
    trade = driver.funded(alice, bob)
    driver.skip_past(trade.pay_by)
    driver.sign_move(trade, trade.seller, "reclaim")
    trade = driver.settle_down(trade)
    assert trade.outcome == "RECLAIMED"

    driver.fund(trade)
    trade = driver.settle_down(trade)
    assert (trade.status, trade.extra, trade.outcome) == ("FUNDED", "relocked", "")
    purse = Purse(driver, trade)
    driver.sign_move(trade, trade.seller, "release")
    trade = driver.settle_down(trade)

    assert (trade.status, trade.outcome) == ("CLOSED", "RELEASED")
    fee = fee_base_units(trade.amount_base_units, 50)
    purse.assert_paid(buyer=trade.amount_base_units - fee, seller=0, fee=fee)
