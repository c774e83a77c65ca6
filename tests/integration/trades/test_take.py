"""Taking an offer and agreeing: sell offers stay open to all, buy offers are leased to one seller at a time."""

from __future__ import annotations

from decimal import Decimal

import pytest

from escrow.selectors import chain_clock
from marketplace.accounts.access import Suspended
from marketplace.accounts.models import User
from marketplace.offers.access import OfferNotOpen, OwnOffer
from marketplace.offers.quotes import QuoteRefused
from marketplace.offers.services import pause
from marketplace.trades import services
from marketplace.trades.errors import (
    AccountRefused,
    AlreadyTaken,
    BadSignature,
    CoinsNotSeen,
    DeadlineRefused,
    MethodRefused,
    NotPossibleNow,
    TermsChanged,
    WaitYourTurn,
)
from marketplace.trades.models import TermsVersion, Trade, TradeEvent
from marketplace.trades.states import LEASE_SECONDS
from tests.drivers.trade import PAYEE, TradeDriver

pytestmark = pytest.mark.django_db


def test_a_buyer_takes_a_sell_offer_and_signs(driver: TradeDriver, alice: User, bob: User) -> None:
    offer = driver.offer(alice)

    trade = driver.take(bob, offer)
    assert (trade.status, trade.buyer, trade.seller) == ("ASKED", bob, alice)
    assert trade.amount_base_units == 250_000_000
    assert trade.fund_by == pytest.approx(chain_clock() + 600, abs=5)

    trade = driver.sign(trade)
    assert trade.status == "AGREED"
    assert TermsVersion.objects.get(trade=trade).take_signature == trade.take_signature
    offer.refresh_from_db()
    assert offer.locked_base_units == 0, "a take without coins hides nothing"


def test_the_same_take_again_is_the_same_trade(driver: TradeDriver, alice: User, bob: User) -> None:
    """N14: a double click, a retry after a lost answer."""
    offer, account = driver.offer(alice), driver.account()
    first = driver.take(bob, offer, account=account)
    again = driver.take(bob, offer, account=account)

    assert first.pk == again.pk
    with pytest.raises(AlreadyTaken, match=first.ref):
        driver.take(bob, offer)
    assert Trade.objects.count() == 1


def test_several_people_take_one_sell_offer(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    offer = driver.offer(alice)
    trades = [driver.sign(driver.take(person, offer)) for person in (bob, carol)]
    assert [trade.status for trade in trades] == ["AGREED", "AGREED"]


def test_nobody_takes_his_own_or_a_resting_offer(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    offer = driver.offer(alice)
    with pytest.raises(OwnOffer):
        driver.take(alice, offer)
    pause(offer)
    offer.refresh_from_db()
    with pytest.raises(OfferNotOpen):
        driver.take(bob, offer)
    assert not Trade.objects.exists()


def test_a_suspended_person_starts_nothing(driver: TradeDriver, alice: User, bob: User) -> None:
    from django.utils import timezone

    offer = driver.offer(alice)
    bob.suspended_until = timezone.now() + timezone.timedelta(days=1)
    bob.save()
    with pytest.raises(Suspended):
        driver.take(bob, offer)
    assert not Trade.objects.exists()


@pytest.mark.parametrize("fiat", ["19.99", "2000.01", "0"])
def test_amounts_outside_the_limits_are_refused(
    driver: TradeDriver, alice: User, bob: User, fiat: str
) -> None:
    with pytest.raises(QuoteRefused):
        driver.take(bob, driver.offer(alice), fiat)
    assert not Trade.objects.exists()


def test_another_method_or_a_foreign_commitment_is_refused(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    offer = driver.offer(alice)
    with pytest.raises(MethodRefused):
        driver.take(bob, offer, method="pix")
    sealed = driver.account()
    other = services.Account({"name": "Somebody Else"}, sealed.commitment, sealed.salt)
    with pytest.raises(AccountRefused):
        driver.take(bob, offer, account=other)
    with pytest.raises(AccountRefused) as refusal:
        driver.take(bob, offer, account=driver.account({"name": " "}))
    assert refusal.value.field == "name"
    assert not Trade.objects.exists()


def test_only_the_buyers_signature_over_our_terms_agrees(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.take(bob, driver.offer(alice))
    deadline = trade.fund_by

    with pytest.raises(BadSignature):
        services.sign_take(
            user=bob,
            trade=trade,
            deadline=deadline,
            signature=driver.take_signature(trade, by=alice),
        )
    with pytest.raises(NotPossibleNow):
        services.sign_take(
            user=alice, trade=trade, deadline=deadline, signature=driver.take_signature(trade)
        )
    with pytest.raises(DeadlineRefused):
        services.sign_take(user=bob, trade=trade, deadline=deadline + 1, signature="0x" + "11" * 65)
    with pytest.raises(TermsChanged):
        services.sign_take(
            user=bob,
            trade=trade,
            deadline=deadline,
            signature=driver.take_signature(trade),
            you_get="999 USDC",
        )
    assert driver.fresh(trade).status == "ASKED"


def test_a_take_lapses_when_its_time_is_over(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    offer = driver.offer(alice)
    unsigned, signed = driver.take(bob, offer), driver.sign(driver.take(carol, offer))
    driver.skip_past(signed.fund_by + 60)

    assert services.lapse_due() == 2
    assert services.lapse_due() == 0
    ends = [
        (trade.status, trade.outcome, trade.close_reason)
        for trade in map(driver.fresh, (unsigned, signed))
    ]
    assert ends == [("CLOSED", "LAPSED", "unanswered"), ("CLOSED", "LAPSED", "not_locked")]
    with pytest.raises(NotPossibleNow):
        driver.sign(driver.fresh(unsigned))


def test_a_buy_offer_is_leased_to_one_seller_and_the_next_moves_up(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    offer = driver.offer(alice, "buy")
    first, second = driver.take(bob, offer), driver.take(carol, offer)
    assert (first.buyer, first.seller) == (alice, bob)
    assert first.leased_until == pytest.approx(chain_clock() + LEASE_SECONDS, abs=5)
    assert second.leased_until is None
    assert second.is_waiting

    with pytest.raises(WaitYourTurn):
        driver.sign(second)
    driver.skip_past(first.leased_until)
    services.lapse_due()

    first, second = driver.fresh(first), driver.fresh(second)
    assert (first.status, first.close_reason) == ("CLOSED", "unanswered")
    assert second.leased_until is not None
    assert driver.sign(second).status == "AGREED"


def test_a_seller_without_the_coins_cannot_take_a_buy_offer(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    offer = driver.offer(alice, "buy")
    with pytest.raises(CoinsNotSeen, match="holds 0 USDC"):
        services.take_offer(
            taker=bob,
            offer=offer,
            fiat=Decimal(100),
            method="sepa-instant",
            account=driver.account(PAYEE),
        )
    assert not Trade.objects.exists()


def test_the_maker_names_his_account_before_he_signs(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.take(bob, driver.offer(alice, "buy"))
    assert trade.trade_id == ""
    trade = services.name_payer(user=alice, trade=trade, account=driver.account())
    assert trade.trade_id
    with pytest.raises(NotPossibleNow):
        services.name_payer(user=bob, trade=trade, account=driver.account())


def test_leaving_costs_nothing_and_tells_the_other(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.agreed(alice, bob)
    services.decline(user=bob, trade=trade)

    trade = driver.fresh(trade)
    assert (trade.status, trade.outcome, trade.closed_by) == ("CLOSED", "DECLINED", "buyer")
    with pytest.raises(NotPossibleNow):
        services.decline(user=alice, trade=trade)
    assert TradeEvent.objects.filter(trade=trade, cause="declined").count() == 1


def test_a_stranger_does_nothing(driver: TradeDriver, alice: User, bob: User, carol: User) -> None:
    trade = driver.agreed(alice, bob)
    before = TradeEvent.objects.count()
    for act in (
        lambda: services.decline(user=carol, trade=trade),
        lambda: services.ask_ready(user=carol, trade=trade),
        lambda: services.answer_ready(user=carol, trade=trade),
        lambda: services.propose_terms(user=carol, trade=trade, fiat=Decimal(100)),
        lambda: services.note_submission(
            user=carol, trade=trade, move="fund", tx_hash="0x" + "1" * 64
        ),
    ):
        with pytest.raises(NotPossibleNow):
            act()
    assert TradeEvent.objects.count() == before


def test_the_seller_asks_whether_the_buyer_is_here(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.agreed(alice, bob)
    driver.skip(200)
    services.ask_ready(user=alice, trade=trade)
    services.ask_ready(user=alice, trade=trade)
    assert TradeEvent.objects.filter(trade=trade, cause="ready_asked").count() == 1

    services.answer_ready(user=bob, trade=trade)
    assert driver.fresh(trade).ready_at == pytest.approx(chain_clock(), abs=5)
