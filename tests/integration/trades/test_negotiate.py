"""Other terms before funding: cards that replace each other, and a new version that the buyer signs anew."""

from __future__ import annotations

from decimal import Decimal

import pytest

from marketplace.accounts.models import User
from marketplace.trades import services
from marketplace.trades.errors import (
    MethodRefused,
    NotEnoughLeft,
    NotPossibleNow,
    ProposalGone,
    ProposalRefused,
)
from marketplace.trades.models import Proposal, TermsVersion
from marketplace.trades.terms import terms_of
from tests.drivers.trade import TradeDriver

pytestmark = pytest.mark.django_db


def test_an_accepted_card_makes_terms_that_are_signed_anew(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.agreed(alice, bob)
    old_id, old_signature = trade.trade_id, trade.take_signature

    card = services.propose_terms(
        user=alice, trade=trade, fiat=Decimal(300), price=Decimal("0.9238")
    )
    assert (card.fiat_amount, card.amount_base_units) == (Decimal(300), 324_745_615)
    trade = services.accept_terms(user=bob, trade=trade, number=card.number)

    assert (trade.status, trade.terms_version, trade.price_source) == ("ASKED", 2, "agreed by both")
    assert trade.trade_id != old_id
    assert trade.take_signature == ""
    with pytest.raises(NotPossibleNow):
        driver.sign_move(trade, bob, "markPaid")
    trade = driver.sign(trade)
    assert trade.status == "AGREED"
    assert trade.take_signature != old_signature
    assert TermsVersion.objects.filter(trade=trade).count() == 2


def test_cards_replace_each_other_and_the_history_stays(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.take(bob, driver.offer(alice))
    first = services.propose_terms(user=bob, trade=trade, price=Decimal("0.9220"))
    second = services.propose_terms(user=alice, trade=trade, price=Decimal("0.9238"))

    with pytest.raises(ProposalGone):
        services.accept_terms(user=alice, trade=trade, number=first.number)
    with pytest.raises(ProposalGone):
        services.accept_terms(user=alice, trade=trade, number=second.number)
    services.decline_terms(user=bob, trade=trade, number=second.number)

    assert list(Proposal.objects.order_by("number").values_list("status", flat=True)) == [
        "replaced",
        "declined",
    ]
    assert driver.fresh(trade).price == Decimal("0.9256")


def test_a_card_lapses_and_the_terms_stay(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.take(bob, driver.offer(alice))
    card = services.propose_terms(user=alice, trade=trade, price=Decimal("0.9238"))
    assert driver.fresh(trade).fund_by == card.until, "talking keeps the take open"
    driver.skip_past(card.until)

    with pytest.raises((ProposalGone, NotPossibleNow)):
        services.accept_terms(user=bob, trade=trade, number=card.number)
    services.lapse_due()
    card.refresh_from_db()
    assert card.status == "lapsed"


def test_cards_outside_the_bounds_are_refused(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.take(bob, driver.offer(alice))
    with pytest.raises(ProposalRefused):
        services.propose_terms(user=bob, trade=trade)
    with pytest.raises(ProposalRefused):
        services.propose_terms(user=bob, trade=trade, price=Decimal(0))
    with pytest.raises(ProposalRefused) as refusal:
        services.propose_terms(user=bob, trade=trade, pay_seconds=60)
    assert refusal.value.field == "minutes"
    with pytest.raises(NotEnoughLeft):
        services.propose_terms(user=bob, trade=trade, fiat=Decimal(100_000))
    with pytest.raises(MethodRefused):
        services.propose_terms(user=bob, trade=trade, method="pix")
    assert not Proposal.objects.exists()


def test_nothing_is_proposed_once_the_coins_are_locked(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.funded(alice, bob)
    with pytest.raises(NotPossibleNow):
        services.propose_terms(user=alice, trade=trade, price=Decimal(1))


def test_terms_that_changed_are_locked_under_the_new_version_only(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.agreed(alice, bob)
    old = terms_of(trade)
    card = services.propose_terms(user=bob, trade=trade, fiat=Decimal(100))
    trade = driver.sign(services.accept_terms(user=alice, trade=trade, number=card.number))

    driver.fund(trade, old)
    trade = driver.settle_down(trade)
    assert (trade.status, trade.extra) == ("FUNDED", "old_terms")
    assert trade.amount_base_units == old.amount, "the page shows what is really locked"
