"""Suspending people and pausing offers: with reason, end and trace; open trades are never touched."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.accounts.access import Suspended, active_trader
from marketplace.accounts.models import User
from marketplace.disputes.services import add_statement, open_case
from marketplace.moderation.audit import verify_chain
from marketplace.moderation.models import AuditEntry, Sanction
from marketplace.moderation.refusals import (
    AlreadySuspended,
    BadEnd,
    NotOneself,
    NotSuspended,
    OfferNotOpen,
    ReasonMissing,
)
from marketplace.moderation.services.people import (
    free_offer,
    lift_suspension,
    pause_offer,
    suspend_user,
)
from marketplace.notifications.models import Notice
from marketplace.offers.models import Offer
from marketplace.trades.models import Trade
from marketplace.trades.states import Move, Role, available_moves
from tests.integration.disputes import rows

WEEK = timedelta(days=7)


def suspend(user: User, by: User, *, reason: str = "Asked for a second payment.") -> Sanction:
    return suspend_user(user, by=by, until=timezone.now() + WEEK, reason=reason)


def test_a_suspended_person_starts_nothing_and_is_told_why_and_until_when(
    alice: User, mia: User
) -> None:
    suspend(alice, mia)

    alice.refresh_from_db()
    with pytest.raises(
        Suspended, match=r"Asked for a second payment\..*Trades that are open can be finished"
    ):
        active_trader(alice)
    notice = Notice.objects.get(user=alice)
    assert "Open trades go on." in notice.text


def test_a_suspended_person_still_finishes_his_open_trade(
    world: rows.World, trade: Trade, alice: User, bob: User, mia: User
) -> None:
    """M08: every way out of an open trade stays open to a banned person."""
    before = available_moves(trade, Role.SELLER, world.now)

    suspend(alice, mia)
    suspend(bob, mia)

    trade.refresh_from_db()
    assert available_moves(trade, Role.SELLER, world.now) == before
    assert {Move.RELEASE, Move.DISPUTE, Move.SETTLE} <= before
    filing = open_case(trade=trade, by=alice, reason="hold", story="", wanted="wait")
    rows.put_in_review(world, trade, by=alice, filing=filing)
    trade.refresh_from_db()
    add_statement(trade=trade, by=bob, text="It was sent on Thursday.")


def test_a_suspension_keeps_sessions_alive(alice: User, mia: User) -> None:
    """M08: the session is what a banned person finishes open trades with."""
    before = alice.get_session_auth_hash()

    suspend(alice, mia)

    alice.refresh_from_db()
    assert alice.get_session_auth_hash() == before
    assert alice.is_active


def test_the_act_and_its_trace_are_one(alice: User, mia: User) -> None:
    suspend(alice, mia)

    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.subject) == (
        mia,
        "user.suspend",
        f"user:{alice.address}",
    )
    assert entry.reason == "Asked for a second payment."
    assert verify_chain().is_whole


def test_lifting_frees_the_person_at_once(alice: User, mia: User) -> None:
    suspend(alice, mia)

    lift_suspension(alice, by=mia, reason="We mixed up two people.")

    alice.refresh_from_db()
    assert active_trader(alice) == alice
    assert Sanction.objects.get().lift_reason == "We mixed up two people."
    assert list(AuditEntry.objects.values_list("action", flat=True)) == [
        "user.suspend",
        "user.lift",
    ]


def test_a_suspension_ends_by_itself_and_another_can_follow(alice: User, mia: User) -> None:
    first = suspend(alice, mia)
    past = timezone.now() - timedelta(seconds=1)
    Sanction.objects.filter(pk=first.pk).update(until=past)
    User.objects.filter(pk=alice.pk).update(suspended_until=past)
    alice.refresh_from_db()
    assert active_trader(alice) == alice

    suspend(alice, mia, reason="Again.")

    first.refresh_from_db()
    assert (first.lifted_at, first.lift_reason) == (past, "ended by itself")
    assert Sanction.objects.filter(lifted_at=None).count() == 1


@pytest.mark.parametrize("until", [timedelta(seconds=-1), timedelta(days=367)])
def test_a_suspension_has_an_end_in_the_future_and_not_for_ever(
    alice: User, mia: User, until: timedelta
) -> None:
    with pytest.raises(BadEnd):
        suspend_user(alice, by=mia, until=timezone.now() + until, reason="x")

    assert (Sanction.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_refusals_leave_no_trace_and_change_nothing(alice: User, mia: User) -> None:
    with pytest.raises(ReasonMissing):
        suspend(alice, mia, reason="  ")
    with pytest.raises(NotOneself):
        suspend(mia, mia)
    with pytest.raises(NotSuspended):
        lift_suspension(alice, by=mia, reason="x")

    alice.refresh_from_db()
    assert alice.suspended_until is None
    assert AuditEntry.objects.count() == 0


def test_a_second_suspension_is_refused_while_one_runs(alice: User, mia: User, oskar: User) -> None:
    suspend(alice, mia)

    with pytest.raises(AlreadySuspended):
        suspend(alice, oskar)

    assert Sanction.objects.count() == 1


def test_a_paused_offer_leaves_the_market_and_its_maker_is_told(
    trade: Trade, alice: User, mia: User
) -> None:
    offer = trade.offer

    pause_offer(offer, by=mia, reason="The terms ask for a talk elsewhere.")

    offer.refresh_from_db()
    assert (offer.status, offer.paused_by_staff, offer.pause_reason) == (
        "paused",
        True,
        "The terms ask for a talk elsewhere.",
    )
    assert Notice.objects.filter(user=alice, kind="offer_paused").count() == 1
    trade.refresh_from_db()
    assert trade.status == "PAID"


def test_its_maker_cannot_resume_it_until_the_desk_frees_it(
    trade: Trade, alice: User, mia: User
) -> None:
    from marketplace.offers import services as offers

    pause_offer(trade.offer, by=mia, reason="x")
    with pytest.raises(Exception, match=r"paused|staff|resume"):
        offers.resume(Offer.objects.get(pk=trade.offer_id))
    assert Offer.objects.get(pk=trade.offer_id).status == "paused"

    free_offer(Offer.objects.get(pk=trade.offer_id), by=mia, reason="Cleared up.")

    offers.resume(Offer.objects.get(pk=trade.offer_id))
    assert Offer.objects.get(pk=trade.offer_id).status == "open"


def test_an_offer_that_is_not_open_cannot_be_paused(trade: Trade, mia: User) -> None:
    Offer.objects.filter(pk=trade.offer_id).update(status="closed")

    with pytest.raises(OfferNotOpen):
        pause_offer(trade.offer, by=mia, reason="x")

    assert AuditEntry.objects.count() == 0
