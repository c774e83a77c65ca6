"""What a trade's end adds to the two people's records, and what it must not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.reputation.models import TradeResult
from marketplace.reputation.selectors import level_of, record_for, together
from marketplace.reputation.services import record_result

pytestmark = pytest.mark.django_db


def ended(ref: str, seller: User, buyer: User, **changes: Any) -> TradeResult:
    """A released trade of 231.40 EUR, ended now."""
    values: dict[str, Any] = {
        "outcome": "RELEASED",
        "currency": "EUR",
        "fiat_amount": Decimal("231.40"),
        "closed_at": timezone.now(),
        "finished": True,
        "pay_seconds": 600,
        "release_seconds": 180,
        **changes,
    }
    return record_result(trade_ref=ref, seller=seller, buyer=buyer, **values)


def fresh(user: User) -> Any:
    """The record as the next request reads it."""
    return record_for(User.objects.get(pk=user.pk))


def test_a_released_trade_counts_for_both(alice: User, bob: User) -> None:
    ended("A", alice, bob)
    seller, buyer = fresh(alice), fresh(bob)
    assert (
        seller.done,
        seller.partners,
        seller.median_release_seconds,
        seller.median_pay_seconds,
    ) == (1, 1, 180, None)
    assert (buyer.done, buyer.partners, buyer.median_release_seconds, buyer.median_pay_seconds) == (
        1,
        1,
        None,
        600,
    )
    assert together(alice, bob) == together(bob, alice) == 1


def test_the_same_result_twice_counts_once(alice: User, bob: User) -> None:
    ended("A", alice, bob)
    ended("A", alice, bob, outcome="CANCELLED", finished=False)
    assert TradeResult.objects.get().outcome == "RELEASED"
    assert fresh(alice).ended == 1


def test_a_buyer_who_never_paid_carries_the_mark_alone(alice: User, bob: User) -> None:
    """Rule 3: say who timed out."""
    ended(
        "A",
        alice,
        bob,
        outcome="RECLAIMED",
        finished=False,
        failed_by=bob,
        pay_seconds=None,
        release_seconds=None,
    )
    assert (fresh(alice).ended, fresh(bob).ended, fresh(bob).done) == (0, 1, 0)


def test_a_cancel_without_fault_marks_nobody(alice: User, bob: User) -> None:
    ended("A", alice, bob, outcome="CANCELLED", finished=False)
    assert (fresh(alice).ended, fresh(bob).ended) == (0, 0)
    assert together(alice, bob) == 0


def test_a_silent_seller_counts_for_the_buyer_only(alice: User, bob: User) -> None:
    ended("A", alice, bob, outcome="TIMED_OUT", failed_by=alice)
    assert (fresh(alice).done, fresh(alice).ended, fresh(bob).done) == (0, 1, 1)


def test_disputes_are_counted_with_their_loser(alice: User, bob: User) -> None:
    ended("A", alice, bob, outcome="RULED", disputed_by=bob, lost_by=alice)
    assert (fresh(bob).disputes_opened, fresh(bob).disputes_lost, fresh(bob).done) == (1, 0, 1)
    assert (fresh(alice).disputes_opened, fresh(alice).disputes_lost, fresh(alice).done) == (
        0,
        1,
        0,
    )


def test_percent_shows_from_ten_trades_up(alice: User, bob: User, carol: User) -> None:
    for index in range(9):
        ended(f"A{index}", alice, bob)
    assert fresh(alice).completion_percent is None
    assert fresh(alice).in_words == "9 trades, all finished"
    ended("B", alice, carol, outcome="TIMED_OUT", failed_by=alice)
    assert fresh(alice).completion_percent == 90
    assert fresh(alice).in_words == "90 % of 10"
    assert fresh(alice).partners == 1


def test_the_median_is_of_the_last_fifty(alice: User, bob: User) -> None:
    start = timezone.now() - timedelta(days=1)
    for index in range(60):
        ended(
            f"A{index}",
            alice,
            bob,
            release_seconds=10_000 if index < 30 else 60,
            closed_at=start + timedelta(minutes=index),
        )
    assert fresh(alice).median_release_seconds == 60


def test_words_for_newcomers(alice: User, bob: User) -> None:
    assert fresh(alice).in_words == "no trades yet"
    assert fresh(alice).is_new
    ended("A", alice, bob)
    assert fresh(alice).in_words == "1 trade, finished"
    ended("B", alice, bob)
    assert fresh(alice).in_words == "2 trades, both finished"


def test_levels_are_earned() -> None:
    assert [level_of(done) for done in (0, 3, 4, 24, 25, 249, 250)] == [
        "New here",
        "New here",
        "Known",
        "Known",
        "Steady",
        "Steady",
        "Anchor",
    ]
