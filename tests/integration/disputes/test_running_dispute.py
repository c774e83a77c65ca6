"""While the dispute runs: statements, messages given free, and the sweep that opens and closes folders."""

from __future__ import annotations

import pytest

from chat.models import Room
from chat.selectors import entry_json
from marketplace.accounts.models import User
from marketplace.disputes.documents import document_hash, new_salt
from marketplace.disputes.models import Case, Ruling, Statement
from marketplace.disputes.selectors import decision_of, messages_given, opened_for_desk
from marketplace.disputes.services import (
    NotAParty,
    NothingSaid,
    NotInReview,
    TooLong,
    add_statement,
    close_due_cases,
    live_case,
    open_due_cases,
    room_of,
)
from marketplace.disputes.tasks import sweep_cases
from marketplace.notifications.models import Notice
from marketplace.trades.models import Trade
from tests.drivers.sealing import Talk, voice_of
from tests.integration.chat.test_disclosure import open_for
from tests.integration.disputes import rows


@pytest.fixture
def disputed(world: rows.World, trade: Trade, alice: User) -> Trade:
    """Alice opened a dispute an hour ago."""
    return rows.put_in_review(world, trade, by=alice)


def lines_of(trade: Trade) -> list[str]:
    room = room_of(trade)
    return [
        entry_json(entry)["text"]
        for entry in room.entries.filter(kind__in=["system", "staff"]).order_by("seq")
    ]


def ruling_row(trade: Trade, dana: User, letter: str = "Nothing was shown.") -> Ruling:
    findings = dict.fromkeys(("paid", "on_time", "right_name", "right_amount"), "no")
    ruling = Ruling(
        case=live_case(trade),
        by=dana,
        **findings,
        to_buyer_base_units=0,
        reason="not_paid",
        letter=letter,
        salt=new_salt(),
    )
    ruling.evidence_hash = document_hash(ruling.document, ruling.salt)
    ruling.save()
    return ruling


def test_a_statement_stands_in_the_case_and_in_the_rooms_log(disputed: Trade, bob: User) -> None:
    add_statement(trade=disputed, by=bob, text="Sent at 14:18.", slot="receipt")

    row = Statement.objects.get()
    assert (row.role, row.slot, row.text) == ("buyer", "receipt", "Sent at 14:18.")
    assert lines_of(disputed) == ["Bob added to the case: The confirmation of your transfer"]


def test_the_same_statement_twice_is_one_row_and_one_line(disputed: Trade, bob: User) -> None:
    """N14: a form sent twice."""
    first = add_statement(trade=disputed, by=bob, text="Sent at 14:18.")

    again = add_statement(trade=disputed, by=bob, text=" Sent at 14:18. ")

    assert again.pk == first.pk
    assert len(lines_of(disputed)) == 1


def test_an_answer_ends_the_waiting_for_that_side_only(
    disputed: Trade, bob: User, alice: User
) -> None:
    Case.objects.filter(pk=live_case(disputed).pk).update(waiting_for="both")

    add_statement(trade=disputed, by=bob, text="Here it is.")
    assert Case.objects.get().waiting_for == "seller"

    add_statement(trade=disputed, by=alice, text="And mine.")
    assert Case.objects.get().waiting_for == ""


@pytest.mark.parametrize("text", ["", "  \n ", "\u200b\u202e"])
def test_an_empty_statement_is_refused(disputed: Trade, bob: User, text: str) -> None:
    with pytest.raises(NothingSaid):
        add_statement(trade=disputed, by=bob, text=text)

    assert Statement.objects.count() == 0


def test_a_statement_is_no_novel(disputed: Trade, bob: User) -> None:
    with pytest.raises(TooLong):
        add_statement(trade=disputed, by=bob, text="x" * 1501)


def test_a_stranger_and_the_arbitrator_say_nothing_for_a_side(
    disputed: Trade, carol: User, dana: User
) -> None:
    for outsider in (carol, dana):
        with pytest.raises(NotAParty):
            add_statement(trade=disputed, by=outsider, text="I know them both.")

    assert Statement.objects.count() == 0


def test_nothing_is_added_to_a_trade_that_is_not_in_review(trade: Trade, bob: User) -> None:
    with pytest.raises(NotInReview):
        add_statement(trade=trade, by=bob, text="Sent.")


def test_named_arbitrator_may_be_shown_messages_once_the_case_is_open(
    disputed: Trade, alice: User, bob: User, dana: User
) -> None:
    """E09, M07: exactly the account that the contract names, and only what a party opens."""
    talk = Talk(room_of(disputed))
    for person in (alice, bob):
        talk.voice(person)
    talk.say(bob, "Sending it now.")
    secret = talk.say(alice, "Do not tell Petra.")
    picked = talk.say(alice, "Still nothing here.")
    assert list(talk.room.observers.all()) == []
    sweep_cases()
    assert [observer.user for observer in talk.room.observers.all()] == [dana]
    judge = voice_of(dana)
    judge.join(talk.room)

    open_for(talk, bob, judge, [picked.seq])

    assert [entry.seq for entry in messages_given(disputed)] == [picked.seq]
    assert secret.seq not in {entry.seq for entry in messages_given(disputed)}
    assert lines_of(disputed)[-1] == "Bob let the arbitrator read 1 message of this chat"
    ((_, who, count),) = opened_for_desk(disputed)
    assert (who, count) == ("Bob", 1)


def test_the_sweep_opens_the_folder_once_and_tells_the_named_arbitrator(
    disputed: Trade, dana: User
) -> None:
    """Q05: two sweeps do no harm."""
    sweep_cases()
    sweep_cases()

    case = Case.objects.get()
    assert case.trade == disputed
    assert case.opened_at is not None
    assert list(Notice.objects.values_list("user", "kind", "url")) == [
        (dana.pk, "dispute", "/desk/case/7F3K-22/")
    ]


def test_a_paid_trade_has_no_folder_to_open(trade: Trade) -> None:
    assert open_due_cases() == 0
    assert Case.objects.count() == 0


def test_after_a_ruling_the_letter_stands_in_the_room_as_a_line_of_staff(
    world: rows.World, disputed: Trade, dana: User
) -> None:
    open_due_cases()
    ruling = ruling_row(disputed, dana)
    rows.end_by_ruling(world, disputed, to_buyer=0, evidence=ruling.evidence_hash)

    assert close_due_cases() == 1
    assert close_due_cases() == 0

    entry = Room.objects.get(key=disputed.room_key).entries.get(kind="staff")
    assert entry_json(entry)["text"] == "Nothing was shown."
    assert entry.staff_by == dana
    assert Case.objects.get().closed_at is not None


def test_a_forged_letter_is_not_shown_as_the_decision(
    world: rows.World, disputed: Trade, dana: User
) -> None:
    """M02: a ruling row edited in the database is called out, and the chain's split is shown all the same."""
    open_due_cases()
    ruling = ruling_row(disputed, dana)
    rows.end_by_ruling(world, disputed, to_buyer=0, evidence=ruling.evidence_hash)
    Ruling.objects.filter(pk=ruling.pk).update(letter="Alice cheated.")
    disputed.refresh_from_db()

    decision = decision_of(disputed)

    assert decision is not None
    assert not decision.is_genuine
    assert decision.to_buyer_base_units == 0
    close_due_cases()
    assert lines_of(disputed) == []


def test_a_trade_that_the_two_ended_themselves_closes_without_a_letter(disputed: Trade) -> None:
    open_due_cases()
    Trade.objects.filter(pk=disputed.pk).update(status="CLOSED", outcome="SETTLED", to_buyer=1)

    assert close_due_cases() == 1
    disputed.refresh_from_db()
    assert decision_of(disputed) is None
