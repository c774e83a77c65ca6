"""What a trade may be, who may move it and when: pure tables that buttons, services and tests all read.

Owns the words of docs/PROTOCOL.md section 3 on the hub's side. Knows no database, no wallet, no page.
All times are epoch seconds of the chain's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

DAY_SECONDS = 86_400
LATE_PAID_SECONDS = (
    DAY_SECONDS  # "paid" counts until a day after payBy, unless the coins were taken back
)
LONGEST_GRANT_SECONDS = 14 * DAY_SECONDS
ADVERTISED_LESS_SECONDS = (
    600  # the page's zero lies ten minutes before payBy, so that nobody pays into a race
)
READY_SECONDS = 60  # how long a ready check waits
READY_FRESH_SECONDS = 180  # how long "I'm here" is believed
LEASE_SECONDS = 180  # how long a buy offer waits for its maker before the next seller comes


class Status(StrEnum):
    """Where a trade stands. Chain states keep the contract's names."""

    ASKED = "ASKED"
    AGREED = "AGREED"
    FUNDED = "FUNDED"
    PAID = "PAID"
    DISPUTED = "DISPUTED"
    CLOSED = "CLOSED"


class Outcome(StrEnum):
    """How a closed trade ended: by the hub before funding, or by the closing event's name."""

    NONE = ""
    LAPSED = "LAPSED"
    DECLINED = "DECLINED"
    RELEASED = "RELEASED"
    CANCELLED = "CANCELLED"
    RECLAIMED = "RECLAIMED"
    SETTLED = "SETTLED"
    RULED = "RULED"
    TIMED_OUT = "TIMED_OUT"


class Role(StrEnum):
    """What somebody is in one trade."""

    BUYER = "buyer"
    SELLER = "seller"
    ARBITRATOR = "arbitrator"


class Move(StrEnum):
    """What somebody can do, as the page and the contract's ABI spell it."""

    TAKE = "take"
    DECLINE = "decline"
    PROPOSE = "propose"
    ASK_READY = "askReady"
    ANSWER_READY = "answerReady"
    FUND = "fund"
    ASK_TIME = "askTime"
    GRANT_TIME = "grantTime"
    MARK_PAID = "markPaid"
    RECLAIM = "reclaim"
    RELEASE = "release"
    CANCEL = "cancel"
    SETTLE = "settle"
    DISPUTE = "dispute"
    RULE = "rule"
    TIMEOUT = "timeout"


class Cause(StrEnum):
    """Why a status was written: a step on the hub, or a confirmed event of the contract (its own name)."""

    TERMS_CHANGED = "terms_changed"
    SIGNED = "signed"
    DECLINED = "declined"
    LAPSED = "lapsed"
    TAKEN = "taken"
    CHAIN_LOST = "chain_lost"
    FUNDED = "Funded"
    TIME_GRANTED = "TimeGranted"
    MARKED_PAID = "MarkedPaid"
    DISPUTED = "Disputed"
    RELEASED = "Released"
    CANCELLED = "Cancelled"
    RECLAIMED = "Reclaimed"
    SETTLED = "Settled"
    RULED = "Ruled"
    TIMED_OUT = "TimedOut"


class Note(StrEnum):
    """A step of the history that leaves the status alone."""

    ASKED = "asked"
    LEASED = "leased"
    PAYER_NAMED = "payer_named"
    PROPOSED = "proposed"
    PROPOSAL_DECLINED = "proposal_declined"
    READY_ASKED = "ready_asked"
    READY = "ready"
    TIME_ASKED = "time_asked"
    SETTLE_PROPOSED = "settle_proposed"
    SETTLE_DECLINED = "settle_declined"
    SETTLE_ACCEPTED = "settle_accepted"
    REMINDED = "reminded"
    ALARM = "alarm"
    UNDONE = "undone"


class Extra(StrEnum):
    """Why locked coins are not part of an agreed trade: the buyer must not pay for them."""

    NONE = ""
    LATE = "late"  # locked after fundBy
    UNSIGNED = "unsigned"  # the buyer had not signed these terms
    OLD_TERMS = "old_terms"  # terms that a later proposal replaced
    DECLINED = "declined"  # one of the two had left
    TAKEN = "taken"  # another take was locked first
    LEASE = "lease"  # the offer was leased to somebody else
    STOCK = "stock"  # more than the offer still had
    RELOCKED = "relocked"  # the same deal, locked again after it had closed


S, R, M, C = Status, Role, Move, Cause
LIVE = (S.FUNDED, S.PAID, S.DISPUTED)
BEFORE_FUNDING = (S.ASKED, S.AGREED)
PARTIES = (R.BUYER, R.SELLER)

# (status, cause) -> status. A pair that is absent never happens.
TRANSITIONS: dict[tuple[Status, Cause], Status] = {
    (S.ASKED, C.SIGNED): S.AGREED,
    (S.ASKED, C.TERMS_CHANGED): S.ASKED,
    (S.AGREED, C.TERMS_CHANGED): S.ASKED,
    **{(status, C.DECLINED): S.CLOSED for status in BEFORE_FUNDING},
    **{(status, C.LAPSED): S.CLOSED for status in BEFORE_FUNDING},
    **{(status, C.TAKEN): S.CLOSED for status in BEFORE_FUNDING},
    **{(status, C.FUNDED): S.FUNDED for status in (*BEFORE_FUNDING, S.CLOSED)},
    # Only a devnet that was started over takes a lock away.
    **{(status, C.CHAIN_LOST): S.CLOSED for status in LIVE},
    (S.FUNDED, C.TIME_GRANTED): S.FUNDED,
    (S.FUNDED, C.MARKED_PAID): S.PAID,
    (S.FUNDED, C.RECLAIMED): S.CLOSED,
    (S.PAID, C.DISPUTED): S.DISPUTED,
    (S.DISPUTED, C.RULED): S.CLOSED,
    **{
        (status, cause): S.CLOSED
        for status in LIVE
        for cause in (C.RELEASED, C.CANCELLED, C.SETTLED, C.TIMED_OUT)
    },
}

OUTCOMES: dict[Cause, Outcome] = {
    C.LAPSED: Outcome.LAPSED,
    C.TAKEN: Outcome.LAPSED,
    C.CHAIN_LOST: Outcome.LAPSED,
    C.DECLINED: Outcome.DECLINED,
    C.RELEASED: Outcome.RELEASED,
    C.CANCELLED: Outcome.CANCELLED,
    C.RECLAIMED: Outcome.RECLAIMED,
    C.SETTLED: Outcome.SETTLED,
    C.RULED: Outcome.RULED,
    C.TIMED_OUT: Outcome.TIMED_OUT,
}
CHAIN_OUTCOMES = frozenset(outcome for cause, outcome in OUTCOMES.items() if cause[0].isupper())


class Standing(Protocol):
    """What the tables need to know of a trade. `Trade` has it; tests use `Snapshot`."""

    status: str
    fund_by: int
    pay_by: int
    since: int
    release_seconds: int
    ruling_seconds: int
    ready_at: int

    @property
    def is_waiting(self) -> bool:
        """Whether this take of a buy offer stands in the queue behind another."""
        ...


@dataclass(frozen=True)
class Snapshot:
    """A trade's standing without a database."""

    status: str
    fund_by: int = 0
    pay_by: int = 0
    since: int = 0
    release_seconds: int = 0
    ruling_seconds: int = 0
    ready_at: int = 0
    is_waiting: bool = False


Guard = Callable[[Standing, int], bool]


def _always(trade: Standing, now: int) -> bool:
    return True


def _may_sign(trade: Standing, now: int) -> bool:
    return now <= trade.fund_by and not trade.is_waiting


def _until_fund_by(trade: Standing, now: int) -> bool:
    return now <= trade.fund_by


def _buyer_is_here(trade: Standing, now: int) -> bool:
    return now <= trade.fund_by and now - trade.ready_at <= READY_FRESH_SECONDS


def _until_pay_by(trade: Standing, now: int) -> bool:
    return now <= trade.pay_by


def _until_late_paid(trade: Standing, now: int) -> bool:
    return now <= trade.pay_by + LATE_PAID_SECONDS


def _past_pay_by(trade: Standing, now: int) -> bool:
    return now > trade.pay_by


def _past_late_paid(trade: Standing, now: int) -> bool:
    return now > trade.pay_by + LATE_PAID_SECONDS


def _can_be_longer(trade: Standing, now: int) -> bool:
    return trade.pay_by < now + LONGEST_GRANT_SECONDS


def _past_release(trade: Standing, now: int) -> bool:
    return now > trade.since + trade.release_seconds


def _until_ruling(trade: Standing, now: int) -> bool:
    return now <= trade.since + trade.ruling_seconds


def _past_ruling(trade: Standing, now: int) -> bool:
    return now > trade.since + trade.ruling_seconds


@dataclass(frozen=True)
class Permission:
    """One row of the move table."""

    status: Status
    move: Move
    who: tuple[Role, ...]
    guard: Guard = _always


ANYONE = (R.BUYER, R.SELLER, R.ARBITRATOR)

PERMISSIONS: tuple[Permission, ...] = (
    Permission(S.ASKED, M.TAKE, (R.BUYER,), _may_sign),
    Permission(S.ASKED, M.PROPOSE, PARTIES, _may_sign),
    Permission(S.ASKED, M.DECLINE, PARTIES),
    Permission(S.AGREED, M.FUND, (R.SELLER,), _buyer_is_here),
    Permission(S.AGREED, M.ASK_READY, (R.SELLER,), _until_fund_by),
    Permission(S.AGREED, M.ANSWER_READY, (R.BUYER,), _until_fund_by),
    Permission(S.AGREED, M.PROPOSE, PARTIES, _until_fund_by),
    Permission(S.AGREED, M.DECLINE, PARTIES),
    Permission(S.FUNDED, M.MARK_PAID, (R.BUYER,), _until_late_paid),
    Permission(S.FUNDED, M.ASK_TIME, (R.BUYER,), _until_pay_by),
    Permission(S.FUNDED, M.GRANT_TIME, (R.SELLER,), _can_be_longer),
    Permission(S.FUNDED, M.RECLAIM, (R.SELLER,), _past_pay_by),
    Permission(S.FUNDED, M.TIMEOUT, ANYONE, _past_late_paid),
    Permission(S.PAID, M.DISPUTE, PARTIES),
    Permission(S.PAID, M.TIMEOUT, ANYONE, _past_release),
    Permission(S.DISPUTED, M.RULE, (R.ARBITRATOR,), _until_ruling),
    Permission(S.DISPUTED, M.TIMEOUT, ANYONE, _past_ruling),
    *(Permission(status, M.RELEASE, (R.SELLER,)) for status in LIVE),
    *(Permission(status, M.CANCEL, (R.BUYER,)) for status in LIVE),
    *(Permission(status, M.SETTLE, PARTIES) for status in LIVE),
)


def available_moves(trade: Standing, role: Role | None, now: int) -> frozenset[Move]:
    """Every move this role may make at this second of the chain's clock; an outsider has none."""
    return frozenset(
        row.move
        for row in PERMISSIONS
        if row.status == trade.status and role in row.who and row.guard(trade, now)
    )


def moves_at(status: Status) -> frozenset[Move]:
    """Every move that anybody may ever make while a trade has this status; a closed one can be locked again."""
    if status == Status.CLOSED:
        return frozenset({Move.FUND})
    return frozenset(row.move for row in PERMISSIONS if row.status == status)


def next_status(status: Status, cause: Cause) -> Status | None:
    """The status that this cause leads to, None when it cannot happen here."""
    return TRANSITIONS.get((status, cause))


@dataclass(frozen=True)
class Duty:
    """Whose turn it is, since when, until when; `who` is None when nobody owes anything."""

    who: Role | None
    start: int
    until: int


def duty_of(trade: Standing, *, funded_at: int, turn_at: int) -> Duty:
    """The one clock that runs now. `until` is 0 when none does.

    While the buyer pays, it is the page's zero: ten minutes before the contract's payBy.
    """
    if trade.status == S.ASKED:
        return Duty(R.BUYER, turn_at, trade.fund_by)
    if trade.status == S.AGREED:
        return Duty(R.SELLER, turn_at, trade.fund_by)
    if trade.status == S.FUNDED:
        return Duty(R.BUYER, funded_at, shown_pay_by(trade.pay_by))
    if trade.status == S.PAID:
        return Duty(R.SELLER, trade.since, trade.since + trade.release_seconds)
    if trade.status == S.DISPUTED:
        return Duty(R.ARBITRATOR, trade.since, trade.since + trade.ruling_seconds)
    return Duty(None, 0, 0)


def shown_pay_by(pay_by: int) -> int:
    """The second at which the page stops showing where to pay."""
    return pay_by - ADVERTISED_LESS_SECONDS


def reminder_times(duty: Duty) -> tuple[int, int]:
    """When half and when a quarter of the duty's time is left, in that order."""
    length = duty.until - duty.start
    return duty.until - length // 2, duty.until - length // 4
