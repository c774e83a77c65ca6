"""Working on a case: who sees it, takes it, reads it and asks; each act leaves its trace with the parties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.http import Http404

from chat.models import Room
from chat.selectors import entry_json
from marketplace.accounts.models import User
from marketplace.disputes.access import can_rule, disputed_trade_for
from marketplace.disputes.models import Case, Reading, Request
from marketplace.disputes.selectors import opening_of
from marketplace.moderation.models import AuditEntry
from marketplace.moderation.refusals import (
    BadEnd,
    CaseNotLive,
    CaseTaken,
    NotAnArbitrator,
    ReasonMissing,
    RecordClosed,
)
from marketplace.moderation.selectors.queue import in_view, next_case, queue_rows
from marketplace.moderation.selectors.record import sides_of, timeline
from marketplace.moderation.services.cases import (
    ask_parties,
    claim_case,
    hand_over,
    has_read,
    open_record,
)
from marketplace.notifications.models import Notice
from marketplace.trades.models import Trade
from tests.integration.disputes import rows


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("number").values_list("action", flat=True))


def staff_lines(trade: Trade) -> list[str]:
    room = Room.objects.get(key=trade.room_key)
    return [
        entry_json(entry)["text"] for entry in room.entries.filter(kind="staff").order_by("seq")
    ]


@pytest.mark.parametrize("who", ["alice", "bob", "carol", "mia", "olga"])
def test_nobody_but_arbitrators_finds_a_case(
    disputed: Trade, who: str, request: pytest.FixtureRequest
) -> None:
    """M07: a role for people or for the machine opens no case."""
    with pytest.raises(Http404):
        disputed_trade_for(request.getfixturevalue(who), disputed.ref)


def test_an_undisputed_trade_is_no_case(trade: Trade, dana: User) -> None:
    with pytest.raises(Http404):
        disputed_trade_for(dana, trade.ref)


@pytest.mark.parametrize("ref", ["0000-00", "7F3K-2", "../etc", "7f3k-22", "7F3K-22\n"])
def test_an_unknown_reference_looks_like_a_forbidden_one(
    disputed: Trade, dana: User, ref: str
) -> None:
    with pytest.raises(Http404):
        disputed_trade_for(dana, ref)


def test_an_arbitrator_never_meets_his_own_trade(
    world: rows.World, alice: User, bob: User, oskar: User, dana: User
) -> None:
    """M03: the party of a trade finds neither the case nor a row of it."""
    own = rows.paid_trade(world, seller=oskar, buyer=bob, arbitrator=dana, ref="2MDA-17")
    rows.put_in_review(world, own, by=bob)

    with pytest.raises(Http404):
        disputed_trade_for(oskar, own.ref)
    assert not in_view(oskar, "all", world.now).exists()
    assert not can_rule(oskar, own)
    with pytest.raises(NotAnArbitrator):
        claim_case(own, by=oskar)


def test_an_arbitrator_never_meets_a_trade_of_a_past_partner(
    world: rows.World, disputed: Trade, alice: User, carol: User, dana: User, oskar: User
) -> None:
    """M03: somebody he locked coins with before is a related party, on either side."""
    rows.paid_trade(world, seller=carol, buyer=dana, arbitrator=oskar, ref="2MDA-17")
    assert disputed_trade_for(dana, disputed.ref) == disputed

    rows.paid_trade(world, seller=dana, buyer=alice, arbitrator=oskar, ref="6QX2-90")

    with pytest.raises(Http404):
        disputed_trade_for(dana, disputed.ref)
    assert not can_rule(dana, disputed)
    assert next_case(dana, world.now) is None


def test_only_the_arbitrator_whom_the_contract_names_can_rule(
    disputed: Trade, dana: User, oskar: User, mia: User
) -> None:
    assert can_rule(dana, disputed)
    assert not can_rule(oskar, disputed)
    assert not can_rule(mia, disputed)


def test_the_named_address_without_the_role_rules_nothing_here(disputed: Trade, dana: User) -> None:
    dana.groups.clear()
    fresh = User.objects.get(pk=dana.pk)

    assert not can_rule(fresh, disputed)


def test_taking_a_case_opens_its_record_and_both_parties_see_by_whom(
    disputed: Trade, dana: User
) -> None:
    """M07: every reading is logged and shown."""
    claim_case(disputed, by=dana)

    assert Case.objects.get().assignee == dana
    assert Reading.objects.get().reader == dana
    assert actions() == ["case.claim", "case.read"]
    assert staff_lines(disputed) == ["Dana has the case and reads its record"]


def test_taking_ones_own_case_again_changes_nothing(disputed: Trade, dana: User) -> None:
    claim_case(disputed, by=dana)
    claim_case(disputed, by=dana)

    assert actions() == ["case.claim", "case.read"]


def test_a_taken_case_is_not_taken_away(disputed: Trade, dana: User, oskar: User) -> None:
    claim_case(disputed, by=dana)

    with pytest.raises(CaseTaken, match="Dana has this case"):
        claim_case(disputed, by=oskar)

    assert Case.objects.get().assignee == dana
    assert not has_read(Case.objects.get(), oskar)


def test_a_case_is_handed_over_with_a_reason(disputed: Trade, dana: User, oskar: User) -> None:
    claim_case(disputed, by=dana)

    hand_over(disputed, by=dana, to=oskar, reason="I am away from Monday.")

    assert Case.objects.get().assignee == oskar
    assert actions()[-1] == "case.hand_over"
    assert Notice.objects.filter(user=oskar, url="/desk/case/7F3K-22/").count() == 1


def test_a_case_goes_to_no_moderator_and_from_nobody_who_has_it_not(
    disputed: Trade, dana: User, oskar: User, mia: User
) -> None:
    claim_case(disputed, by=dana)

    with pytest.raises(NotAnArbitrator):
        hand_over(disputed, by=dana, to=mia, reason="x")
    with pytest.raises(CaseTaken):
        hand_over(disputed, by=oskar, to=oskar, reason="x")
    with pytest.raises(ReasonMissing):
        hand_over(disputed, by=dana, to=oskar, reason=" ")

    assert Case.objects.get().assignee == dana


def test_reading_without_taking_needs_a_reason_that_the_parties_see(
    disputed: Trade, oskar: User
) -> None:
    with pytest.raises(ReasonMissing):
        open_record(disputed, by=oskar, reason="")

    open_record(disputed, by=oskar, reason="Second opinion for Dana")
    open_record(disputed, by=oskar, reason="Again")

    assert Reading.objects.get().reason == "Second opinion for Dana"
    assert staff_lines(disputed) == ["Oskar read the record of the case: Second opinion for Dana"]
    assert actions() == ["case.read"]


def test_a_closed_record_shows_the_chain_and_none_of_the_parties_words(disputed: Trade) -> None:
    case, opening = Case.objects.get(), opening_of(disputed)

    items = timeline(disputed, opening, case, is_open=False)
    buyer, seller = sides_of(disputed, opening, case, is_open=False)

    assert [item.text for item in items] == [
        "locked 250 USDC",
        "marked 231.40 EUR paid",
        "opened the dispute",
    ]
    assert (buyer.says, seller.says, seller.wants) == ("", "", "")


def test_an_open_record_shows_what_was_filed(disputed: Trade) -> None:
    case, opening = Case.objects.get(), opening_of(disputed)

    items = timeline(disputed, opening, case, is_open=True, kind="said")
    _, seller = sides_of(disputed, opening, case, is_open=True)

    assert [item.said for item in items] == ["No transfer with that reference."]
    assert (seller.says, seller.wants) == (
        "No transfer with that reference.",
        "All coins back to the seller",
    )


def test_a_request_reaches_both_and_marks_the_case_as_waiting(
    world: rows.World, disputed: Trade, dana: User
) -> None:
    claim_case(disputed, by=dana)
    due = datetime.fromtimestamp(world.now, tz=UTC) + timedelta(hours=24)

    ask_parties(disputed, by=dana, of="both", text="Please add your statements.", due_at=due)

    assert Request.objects.get().of == "both"
    assert Case.objects.get().waiting_for == "both"
    assert Notice.objects.filter(kind="case_asked").count() == 2
    assert staff_lines(disputed)[-1].startswith(
        "Dana asks: Please add your statements. Please answer by "
    )
    assert in_view(dana, "waiting", world.now).get() == disputed


def test_asking_needs_an_open_record_and_a_time_before_the_contracts_deadline(
    world: rows.World, disputed: Trade, dana: User
) -> None:
    now = datetime.fromtimestamp(world.now, tz=UTC)
    with pytest.raises(RecordClosed):
        ask_parties(disputed, by=dana, of="buyer", text="x", due_at=now + timedelta(hours=1))
    claim_case(disputed, by=dana)
    with pytest.raises(BadEnd):
        ask_parties(disputed, by=dana, of="buyer", text="x", due_at=now + timedelta(days=15))
    with pytest.raises(BadEnd):
        ask_parties(disputed, by=dana, of="buyer", text="x", due_at=now - timedelta(hours=1))

    assert Request.objects.count() == 0


def test_an_ended_case_takes_no_acts(disputed: Trade, dana: User) -> None:
    Trade.objects.filter(pk=disputed.pk).update(
        status="CLOSED", outcome="RELEASED", to_buyer=rows.AMOUNT
    )
    disputed.refresh_from_db()

    with pytest.raises(CaseNotLive):
        claim_case(disputed, by=dana)


def test_the_queue_is_ordered_by_the_contracts_deadline_and_nothing_else(
    world: rows.World, disputed: Trade, alice: User, bob: User, dana: User
) -> None:
    later = rows.paid_trade(world, seller=alice, buyer=bob, arbitrator=dana, ref="2MDA-17")
    sooner = rows.paid_trade(world, seller=alice, buyer=bob, arbitrator=dana, ref="6QX2-90")
    Trade.objects.filter(pk=sooner.pk).update(ruling_seconds=rows.DAY)
    rows.put_in_review(world, later, by=bob, ago=10)
    rows.put_in_review(world, sooner, by=bob, ago=60)

    found = queue_rows(dana, "all", world.now)

    assert [row.trade.ref for row in found] == ["6QX2-90", "7F3K-22", "2MDA-17"]
    assert found[0].clock.deadline == world.now - 60 + rows.DAY
    assert [row.trade.ref for row in queue_rows(dana, "due", world.now)] == ["6QX2-90"]


def test_views_hold_what_their_name_says(world: rows.World, disputed: Trade, dana: User) -> None:
    assert in_view(dana, "unassigned", world.now).count() == 1
    assert in_view(dana, "mine", world.now).count() == 0

    claim_case(disputed, by=dana)

    assert in_view(dana, "unassigned", world.now).count() == 0
    assert in_view(dana, "mine", world.now).get() == disputed


def test_a_dispute_whose_folder_is_not_open_yet_is_in_the_queue_already(
    world: rows.World, trade: Trade, alice: User, dana: User
) -> None:
    rows.put_in_review(world, trade, by=alice)

    row = queue_rows(dana, "unassigned", world.now)[0]

    assert (row.reason, row.is_named, row.last.text) == (
        "Opened on the contract",
        True,
        "Seller opened it",
    )


def test_the_queue_asks_the_same_number_of_questions_for_one_case_and_for_ten(
    world: rows.World, disputed: Trade, alice: User, bob: User, dana: User
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        queue_rows(dana, "all", world.now)
    for number in range(10, 19):
        more = rows.paid_trade(
            world, seller=alice, buyer=bob, arbitrator=dana, ref=f"2MDA-{number}"
        )
        rows.put_in_review(world, more, by=bob)

    with CaptureQueriesContext(connection) as ten:
        found = queue_rows(dana, "all", world.now)

    assert len(found) == 10
    assert len(ten) == len(one) == 7


@pytest.mark.parametrize(
    ("who", "topic", "is_open"),
    [
        ("dana", "desk:queue", True),
        ("dana", "case:7F3K-22", True),
        ("dana", "desk:other", False),
        ("mia", "desk:queue", False),
        ("olga", "case:7F3K-22", False),
        ("alice", "case:7F3K-22", False),
        ("bob", "desk:queue", False),
    ],
)
def test_live_topics_have_the_same_doors_as_the_pages(
    disputed: Trade, who: str, topic: str, is_open: bool, request: pytest.FixtureRequest
) -> None:
    """K09."""
    from realtime.topics import topic_named

    assert topic_named(topic).is_open_to(request.getfixturevalue(who)) is is_open
