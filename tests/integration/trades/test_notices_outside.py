"""What leaves the site about a trade: duties of confirmed facts, once; the room warns who cannot be reached."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from escrow.selectors import pending_events
from marketplace.accounts.models import User
from marketplace.notifications.models import Channel, Delivery
from marketplace.notifications.sending import send_due
from marketplace.trades.delivery import deliver_pending
from marketplace.trades.models import Trade
from marketplace.trades.reminders import remind_due
from marketplace.trades.states import shown_pay_by
from tests.drivers.mail import MailServer, mail_server
from tests.drivers.trade import TradeDriver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("page_bundle")]

WARNING = "nothing tells you when it is your turn"


@pytest.fixture
def post(settings: Any, alice: User, bob: User) -> Any:
    """Both have an address that they confirmed."""
    now = timezone.now()
    with mail_server(settings) as server:
        for user in (alice, bob):
            address = f"{user.name.lower()}@example.org"
            Channel.objects.create(
                user=user, way="mail", address=address, verified_at=now, tested_at=now
            )
        yield server


def subjects(post: MailServer) -> list[tuple[str, str]]:
    """To whom and about what, in order; what was sent before is forgotten."""
    deliver_pending()
    send_due()
    found = [
        (message["To"].split("@")[0], message["Subject"].split(" · ")[0]) for message in post.given
    ]
    post.given.clear()
    return found


def test_a_lock_that_a_reorg_took_back_was_never_mailed(
    driver: TradeDriver, alice: User, bob: User, post: MailServer
) -> None:
    """(fault I27) Nothing before the settled depth, nothing for what was undone, one mail for what stays."""
    trade = driver.agreed(alice, bob)
    subjects(post)
    driver.mine(4)
    driver.fund(trade)
    driver.follow()
    assert pending_events(trade.trade_id)
    assert subjects(post) == []
    driver.rpc("evm_setAutomine", False)
    driver.rpc("anvil_reorg", 1, [])
    driver.rpc("anvil_dropAllTransactions")
    driver.rpc("evm_setAutomine", True)
    driver.mine(4)
    driver.follow()
    assert driver.fresh(trade).status == "AGREED"
    assert subjects(post) == []
    assert not Delivery.objects.filter(notice__kind__startswith="trade.Funded").exists()

    driver.fund(trade)
    trade = driver.settle_down(trade)
    assert trade.status == "FUNDED"
    assert subjects(post) == [("bob", "Your turn: pay")]
    driver.follow()
    assert subjects(post) == []


def test_each_duty_reaches_whose_turn_it_is_and_reminds_twice(
    driver: TradeDriver, alice: User, bob: User, post: MailServer
) -> None:
    # The node may have stood still for longer than a duty lasts.
    driver.mine(1)
    driver.follow()
    trade = driver.agreed(alice, bob)
    assert subjects(post) == [("alice", "Your turn: lock the coins")]
    driver.fund(trade)
    trade = driver.settle_down(trade)
    assert subjects(post) == [("bob", "Your turn: pay")]
    length = shown_pay_by(trade.pay_by) - trade.funded_at
    for part in (2, 4):
        driver.skip_past(shown_pay_by(trade.pay_by) - length // part)
        assert (remind_due(), remind_due()) == (1, 0)
        driver.follow()
        assert subjects(post) == [("bob", "Time is running: pay and say so")]
    driver.sign_move(trade, bob, "markPaid")
    trade = driver.settle_down(trade)
    assert subjects(post) == [("alice", "Your turn: check your bank")]
    driver.skip_past(trade.since + trade.release_seconds // 2)
    remind_due()
    driver.follow()
    assert subjects(post) == [("alice", "Time is running: check your bank")]
    driver.sign_move(trade, alice, "release")
    driver.settle_down(trade)
    assert subjects(post) == [("bob", "Done: the coins are yours")]


def test_the_room_warns_before_locking_and_paying_who_has_no_tested_channel(
    driver: TradeDriver, alice: User, bob: User, post: MailServer
) -> None:
    trade = driver.take(bob, driver.offer(alice))
    mine = Channel.objects.filter(user=bob)
    mine.update(tested_at=None)
    assert warned(trade, alice, bob) == (False, True)
    trade = driver.sign(trade)
    mine.update(tested_at=timezone.now())
    Channel.objects.filter(user=alice).update(disabled_at=timezone.now(), disabled_reason="refused")
    assert warned(trade, alice, bob) == (True, False)
    driver.fund(trade)
    trade = driver.settle_down(trade)
    mine.delete()
    # The seller waits for nothing of his own now; the buyer is about to pay.
    assert warned(trade, alice, bob) == (False, True)


def warned(trade: Trade, *people: User) -> tuple[bool, ...]:
    """Who sees the warning in his room."""
    found = []
    for person in people:
        client = Client()
        client.force_login(person)
        found.append(WARNING in client.get(f"/trade/{trade.ref}/").content.decode())
    return tuple(found)
