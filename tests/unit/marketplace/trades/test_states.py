"""The move table, cell by cell: every status, every role, every clock at -1, 0 and +1 second."""

from __future__ import annotations

import itertools

import pytest

from marketplace.trades.states import (
    BEFORE_FUNDING,
    CHAIN_OUTCOMES,
    DAY_SECONDS,
    LATE_PAID_SECONDS,
    LIVE,
    LONGEST_GRANT_SECONDS,
    OUTCOMES,
    PERMISSIONS,
    READY_FRESH_SECONDS,
    TRANSITIONS,
    Cause,
    Move,
    Outcome,
    Role,
    Snapshot,
    Status,
    available_moves,
    duty_of,
    next_status,
    reminder_times,
    shown_pay_by,
)

NOW = 1_800_000_000
RELEASE, RULING = 3 * DAY_SECONDS, 14 * DAY_SECONDS
M, R, S = Move, Role, Status


def standing(status: Status, **changes: int | bool) -> Snapshot:
    """A trade in the middle of its clocks."""
    values = {
        "fund_by": NOW + 300,
        "pay_by": NOW + 1800,
        "since": NOW,
        "release_seconds": RELEASE,
        "ruling_seconds": RULING,
        "ready_at": NOW,
    }
    return Snapshot(status, **{**values, **changes})  # type: ignore[arg-type]


# What everybody may do in the middle of every clock. A pair that is absent may do nothing.
IN_TIME = {
    (S.ASKED, R.BUYER): {M.TAKE, M.PROPOSE, M.DECLINE},
    (S.ASKED, R.SELLER): {M.PROPOSE, M.DECLINE},
    (S.AGREED, R.BUYER): {M.ANSWER_READY, M.PROPOSE, M.DECLINE},
    (S.AGREED, R.SELLER): {M.FUND, M.ASK_READY, M.PROPOSE, M.DECLINE},
    (S.FUNDED, R.BUYER): {M.MARK_PAID, M.ASK_TIME, M.CANCEL, M.SETTLE},
    (S.FUNDED, R.SELLER): {M.GRANT_TIME, M.RELEASE, M.SETTLE},
    (S.PAID, R.BUYER): {M.CANCEL, M.SETTLE, M.DISPUTE},
    (S.PAID, R.SELLER): {M.RELEASE, M.SETTLE, M.DISPUTE},
    (S.DISPUTED, R.BUYER): {M.CANCEL, M.SETTLE},
    (S.DISPUTED, R.SELLER): {M.RELEASE, M.SETTLE},
    (S.DISPUTED, R.ARBITRATOR): {M.RULE},
}


@pytest.mark.parametrize(("status", "role"), list(itertools.product(Status, [*Role, None])))
def test_every_role_may_do_exactly_what_the_table_says(status: Status, role: Role | None) -> None:
    """C03: every cell of status and role, the empty ones too."""
    expected = IN_TIME.get((status, role), set()) if role else set()
    assert available_moves(standing(status), role, NOW) == expected


CLOCKS = [
    # status, role, move, seconds from NOW at which it still is (or only then becomes) possible, opens?
    (S.ASKED, R.BUYER, M.TAKE, 300, False),
    (S.ASKED, R.SELLER, M.PROPOSE, 300, False),
    (S.AGREED, R.SELLER, M.ASK_READY, 300, False),
    (S.AGREED, R.SELLER, M.FUND, READY_FRESH_SECONDS, False),
    (S.FUNDED, R.BUYER, M.ASK_TIME, 1800, False),
    (S.FUNDED, R.BUYER, M.MARK_PAID, 1800 + LATE_PAID_SECONDS, False),
    (S.FUNDED, R.SELLER, M.RECLAIM, 1800, True),
    (S.FUNDED, R.BUYER, M.TIMEOUT, 1800 + LATE_PAID_SECONDS, True),
    (S.PAID, R.BUYER, M.TIMEOUT, RELEASE, True),
    (S.PAID, R.ARBITRATOR, M.TIMEOUT, RELEASE, True),
    (S.DISPUTED, R.ARBITRATOR, M.RULE, RULING, False),
    (S.DISPUTED, R.SELLER, M.TIMEOUT, RULING, True),
]


@pytest.mark.parametrize(("status", "role", "move", "edge", "opens"), CLOCKS)
def test_each_clock_turns_at_its_second(
    status: Status, role: Role, move: Move, edge: int, opens: bool
) -> None:
    """C17: a deadline belongs to the one who owes it; the next second to the other."""
    at = {
        offset: move in available_moves(standing(status), role, NOW + edge + offset)
        for offset in (-1, 0, 1)
    }
    assert at == {-1: not opens, 0: not opens, 1: opens}


def test_no_more_time_can_be_given_than_fourteen_days_from_now() -> None:
    far = standing(S.FUNDED, pay_by=NOW + LONGEST_GRANT_SECONDS)
    assert M.GRANT_TIME not in available_moves(far, R.SELLER, NOW)
    assert M.GRANT_TIME in available_moves(far, R.SELLER, NOW + 1)


def test_somebody_in_line_can_only_leave() -> None:
    waiting = standing(S.ASKED, is_waiting=True)
    assert available_moves(waiting, R.BUYER, NOW) == {M.DECLINE}
    assert available_moves(waiting, R.SELLER, NOW) == {M.DECLINE}


@pytest.mark.parametrize(("status", "cause"), list(itertools.product(Status, Cause)))
def test_every_pair_of_status_and_cause_is_decided(status: Status, cause: Cause) -> None:
    new = next_status(status, cause)
    chain = cause[0].isupper()
    if status in LIVE and not chain and cause != Cause.CHAIN_LOST:
        assert new is None, "the hub never moves a live trade"
    if new == Status.CLOSED:
        assert cause in OUTCOMES
    if status == Status.CLOSED:
        assert new is None or (cause, new) == (Cause.FUNDED, Status.FUNDED)


def test_only_a_funding_leads_into_funded() -> None:
    leads = {
        cause
        for (status, cause), new in TRANSITIONS.items()
        if new == Status.FUNDED and status != Status.FUNDED
    }
    assert leads == {Cause.FUNDED}


def test_every_live_status_can_always_be_left() -> None:
    for status in LIVE:
        late = standing(status, pay_by=NOW - 30 * DAY_SECONDS, since=NOW - 365 * DAY_SECONDS)
        assert M.TIMEOUT in available_moves(late, R.BUYER, NOW)


def test_outcomes_of_the_chain_are_the_closing_events() -> None:
    assert {
        Outcome.RELEASED, Outcome.CANCELLED, Outcome.RECLAIMED, Outcome.SETTLED, Outcome.RULED, Outcome.TIMED_OUT,
    } == CHAIN_OUTCOMES  # fmt: skip


def test_no_permission_stands_twice() -> None:
    cells = [(row.status, row.move, role) for row in PERMISSIONS for role in row.who]
    assert len(cells) == len(set(cells))


DUTIES = [
    (S.ASKED, R.BUYER, NOW + 300),
    (S.AGREED, R.SELLER, NOW + 300),
    (S.FUNDED, R.BUYER, NOW + 1200),
    (S.PAID, R.SELLER, NOW + RELEASE),
    (S.DISPUTED, R.ARBITRATOR, NOW + RULING),
    (S.CLOSED, None, 0),
]


@pytest.mark.parametrize(("status", "who", "until"), DUTIES)
def test_one_person_owes_the_next_step(status: Status, who: Role | None, until: int) -> None:
    duty = duty_of(standing(status), funded_at=NOW - 600, turn_at=NOW - 300)
    assert (duty.who, duty.until) == (who, until)


def test_the_page_stops_showing_where_to_pay_ten_minutes_early() -> None:
    assert shown_pay_by(NOW + 1800) == NOW + 1200


def test_reminders_come_at_half_and_at_a_quarter() -> None:
    duty = duty_of(standing(S.PAID), funded_at=NOW, turn_at=NOW)
    assert reminder_times(duty) == (NOW + RELEASE // 2, NOW + RELEASE - RELEASE // 4)


def test_before_funding_and_live_do_not_overlap() -> None:
    assert not set(BEFORE_FUNDING) & set(LIVE)
