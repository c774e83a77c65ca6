"""People at the same second, on the real database: one lease, one trade per person, one order of steps."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from eth_account import Account as EthAccount

from marketplace.accounts.models import User
from marketplace.offers.access import OfferRefused
from marketplace.offers.models import Offer
from marketplace.offers.services import close, pause
from marketplace.trades import services
from marketplace.trades.errors import TradeRefused
from marketplace.trades.models import Trade, TradeEvent
from marketplace.trades.projection import apply_unapplied
from tests.drivers.trade import ETHER, EVIDENCE, PAYEE, TradeDriver

pytestmark = pytest.mark.django_db(transaction=True)

IS_DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
TAKERS = 200
THREADS = 12
TAKE_ROUNDS = 100 if IS_DEEP else 1
ROUNDS = 500 if IS_DEEP else 12
# A round of these needs blocks.
CHAIN_ROUNDS = 50 if IS_DEEP else 2


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts in threads from one starting line; their results, or what they raised."""
    line = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            line.wait(timeout=30)
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def assert_one_order(trade: Trade) -> None:
    """The history is one line of steps, each starting where the one before ended."""
    steps = list(TradeEvent.objects.filter(trade=trade).order_by("seq"))
    assert [step.seq for step in steps] == list(range(1, len(steps) + 1))
    for before, after in itertools.pairwise(steps):
        assert after.old_status == before.new_status
    assert Trade.objects.get(pk=trade.pk).status == steps[-1].new_status


def test_many_sellers_take_one_buy_offer_and_one_is_leased(
    driver: TradeDriver, alice: User
) -> None:
    """Q12: one is first in line, all others wait; nobody is refused for being second, nobody is leased twice."""
    takers = []
    for number in range(TAKERS):
        key = EthAccount.from_key(number.to_bytes(31, "big") + b"\x07")
        takers.append(User.objects.create(address=key.address))
        driver.rpc("anvil_setBalance", key.address, hex(10 * ETHER))

    def take(taker: User, offer: Offer) -> Trade:
        try:
            return services.take_offer(
                taker=taker,
                offer=offer,
                fiat=Decimal(250),
                method="sepa-instant",
                account=driver.account(PAYEE),
            )
        finally:
            connection.close()

    for _ in range(TAKE_ROUNDS):
        offer = driver.offer(alice, "buy", "ETH")
        line = threading.Barrier(THREADS)
        with ThreadPoolExecutor(THREADS, initializer=line.wait) as pool:
            trades = list(pool.map(take, takers, itertools.repeat(offer)))

        assert len({trade.pk for trade in trades}) == TAKERS
        leased = Trade.objects.get(offer=offer, leased_until__isnull=False)
        assert leased.pk == min(trade.pk for trade in trades)
        close(offer)


def test_one_persons_parallel_takes_are_one_trade(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """N14: ten tabs, one click each."""
    offer, account = driver.offer(alice), driver.account()
    results = together(*[lambda: driver.take(bob, offer, account=account)] * 10)
    assert {result.pk for result in results} == {Trade.objects.get().pk}


def test_signing_and_leaving_at_once_have_one_order(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Q13: the trade is left in the end; it was signed before that, or the signature was refused."""
    offer = driver.offer(alice)
    for _ in range(ROUNDS):
        trade = driver.take(bob, offer)
        signed, left = together(
            lambda trade=trade: driver.sign(trade),
            lambda trade=trade: services.decline(user=alice, trade=trade),
        )
        assert isinstance(left, Trade)
        assert isinstance(signed, Trade | TradeRefused)
        assert driver.fresh(trade).outcome == "DECLINED"
        assert_one_order(trade)


def test_two_who_leave_at_once_leave_once(driver: TradeDriver, alice: User, bob: User) -> None:
    offer = driver.offer(alice)
    for _ in range(ROUNDS):
        trade = driver.sign(driver.take(bob, offer))
        results = together(
            lambda trade=trade: services.decline(user=bob, trade=trade),
            lambda trade=trade: services.decline(user=alice, trade=trade),
        )
        assert sum(isinstance(result, Trade) for result in results) == 1
        assert_one_order(trade)


def test_an_offer_that_closes_while_it_is_taken(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """Q13: the take came first or it was refused; never a trade on an offer that had closed before it."""
    for _ in range(ROUNDS // 2):
        offer = driver.offer(alice)
        took, closed = together(
            lambda offer=offer: driver.take(bob, offer), lambda offer=offer: close(offer)
        )
        assert isinstance(closed, Offer)
        assert isinstance(took, Trade) == Trade.objects.filter(offer=offer).exists()


def test_an_offer_that_is_paused_to_be_edited_while_it_is_taken(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Q13: an edit begins with a pause. The take came first and keeps its terms, or it was refused."""
    for _ in range(ROUNDS // 2):
        offer = driver.offer(alice)
        took, paused = together(
            lambda offer=offer: driver.take(bob, offer), lambda offer=offer: pause(offer)
        )
        assert isinstance(paused, Offer)
        assert isinstance(took, Trade | OfferRefused | TradeRefused)
        assert isinstance(took, Trade) == Trade.objects.filter(offer=offer).exists()
        if isinstance(took, Trade):
            assert took.offer_hash == offer.offer_hash
            assert_one_order(took)
        close(offer)


def test_disputing_and_releasing_at_once_is_one_of_them(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Q13: both signatures are taken and both are sent; the contract orders them and the trade shows its order."""
    for _ in range(CHAIN_ROUNDS):
        trade = driver.paid(alice, bob)
        results = together(
            lambda trade=trade: driver.sign_move(trade, alice, "release"),
            lambda trade=trade: driver.sign_move(trade, bob, "dispute", evidence=EVIDENCE),
        )
        assert [result for result in results if isinstance(result, Exception)] == []
        trade = driver.settle_down(trade)
        steps = list(trade.events.order_by("seq").values_list("cause", flat=True))
        # A release may follow a dispute; a dispute never follows a release.
        after = [cause for cause in steps if cause in {"Disputed", "Released"}]
        assert after in (["Released"], ["Disputed"], ["Disputed", "Released"])
        assert trade.status == ("CLOSED" if after[-1] == "Released" else "DISPUTED")
        assert_one_order(trade)
        close(trade.offer)


def test_accepting_and_replacing_a_card_at_once(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    offer = driver.offer(alice)
    for number in range(ROUNDS // 2):
        trade = driver.take(bob, offer)
        card = services.propose_terms(user=alice, trade=trade, price=Decimal("0.9238"))
        together(
            lambda trade=trade, card=card: services.accept_terms(
                user=bob, trade=trade, number=card.number
            ),
            lambda trade=trade, n=number: services.propose_terms(
                user=alice, trade=trade, price=Decimal(1) + n
            ),
        )
        card.refresh_from_db()
        assert card.status in {"accepted", "replaced"}
        assert (driver.fresh(trade).terms_version == 2) == (card.status == "accepted")
        assert_one_order(trade)
        services.decline(user=bob, trade=trade)


def test_two_followers_apply_each_event_once(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """I17: the second finds the work done."""
    from escrow import indexer

    trades = [driver.agreed(alice, person) for person in (bob, carol)]
    for trade in trades:
        driver.fund(trade)
    driver.mine(3)
    while indexer.advance(driver.chain).behind:
        pass
    results = together(*[apply_unapplied] * 4)

    assert not [result for result in results if isinstance(result, Exception)]
    for trade in trades:
        fresh = driver.fresh(trade)
        assert (fresh.status, fresh.offer.locked_base_units) == ("FUNDED", fresh.amount_base_units)
        assert TradeEvent.objects.filter(trade=trade, cause="Funded").count() == 1
        assert_one_order(trade)


def test_more_funded_than_the_stock_holds_never_oversells(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """N06, C32: whatever the order of events, the offer never locks more than it has."""
    offer = driver.offer(alice, amount={"stock": "300", "min_fiat": "20", "max_fiat": "2000"})
    trades = [driver.sign(driver.take(person, offer)) for person in (bob, carol)]
    for trade in trades:
        driver.fund(trade)
    driver.mine(3)
    from escrow import indexer

    while indexer.advance(driver.chain).behind:
        pass
    together(*[apply_unapplied] * 4)
    assert sorted(driver.fresh(trade).extra for trade in trades) == ["", "taken"]
    offer.refresh_from_db()
    assert offer.locked_base_units == 250_000_000
