"""Which page a trade's room shows to one of its two people: a pure function, so that every state can be tested.

Each stage has one template of its name under acts/. What is allowed is `states`; this only chooses what to say first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from marketplace.trades.states import (
    READY_FRESH_SECONDS,
    READY_SECONDS,
    Extra,
    Move,
    Role,
    Standing,
    Status,
    available_moves,
    shown_pay_by,
)


class Stage(StrEnum):
    """What the action block is about."""

    QUEUED = "queued"
    NAME_PAYER = "name_payer"
    SIGN = "sign"
    WAIT_SIGN = "wait_sign"
    ANSWER_PROPOSAL = "answer_proposal"
    WAIT_PROPOSAL = "wait_proposal"
    OVER = "over"  # the hub is about to close what time has ended
    ANSWER_READY = "answer_ready"
    WAIT_LOCK = "wait_lock"
    ASK_READY = "ask_ready"
    WAIT_READY = "wait_ready"
    NO_SHOW = "no_show"
    LOCK = "lock"
    LOCKING = "locking"
    PAY = "pay"
    PAY_WITHHELD = "pay_withheld"
    PAY_LATE = "pay_late"
    PAY_OVER = "pay_over"
    WAIT_PAY = "wait_pay"
    RECLAIM = "reclaim"
    EXTRA_BUYER = "extra_buyer"
    EXTRA_SELLER = "extra_seller"
    RELOCKED_BUYER = "relocked_buyer"
    RELOCKED_SELLER = "relocked_seller"
    CONFIRM = "confirm"
    CONFIRM_OVER = "confirm_over"
    WAIT_CONFIRM = "wait_confirm"
    CLAIM = "claim"
    DISPUTED = "disputed"
    DISPUTED_OVER = "disputed_over"
    ON_ITS_WAY = "on_its_way"
    DONE = "done"
    ENDED = "ended"


@dataclass(frozen=True)
class Around:
    """What else decides the stage: an open card, what is on its way to the chain, whether "paid" can be recorded."""

    proposal_by: Role | None = None
    on_its_way: Move | None = None
    can_record: bool = True
    has_payer: bool = True
    asked_ready_at: int = 0
    extra: str = ""
    ended_on_chain: bool = False


def stage_of(trade: Standing, role: Role, now: int, around: Around) -> Stage:
    """The stage of the room for one party."""
    status = Status(trade.status)
    if status == Status.CLOSED:
        return Stage.DONE if around.ended_on_chain else Stage.ENDED
    if around.on_its_way == Move.FUND:
        return Stage.LOCKING
    if around.on_its_way is not None:
        return Stage.ON_ITS_WAY
    stages = {
        Status.ASKED: _asked,
        Status.AGREED: _agreed,
        Status.FUNDED: _funded,
        Status.PAID: _paid,
        Status.DISPUTED: _disputed,
    }
    return stages[status](trade, role, now, around)


def _asked(trade: Standing, role: Role, now: int, around: Around) -> Stage:
    if trade.is_waiting:
        return Stage.QUEUED
    if now > trade.fund_by:
        return Stage.OVER
    if around.proposal_by is not None:
        return Stage.WAIT_PROPOSAL if around.proposal_by == role else Stage.ANSWER_PROPOSAL
    if role == Role.SELLER:
        return Stage.WAIT_SIGN
    return Stage.SIGN if around.has_payer else Stage.NAME_PAYER


def _agreed(trade: Standing, role: Role, now: int, around: Around) -> Stage:
    if now > trade.fund_by:
        return Stage.OVER
    if around.proposal_by is not None and around.proposal_by != role:
        return Stage.ANSWER_PROPOSAL
    is_asked = (
        now - around.asked_ready_at <= READY_SECONDS and trade.ready_at < around.asked_ready_at
    )
    if role == Role.BUYER:
        return Stage.ANSWER_READY if is_asked or _is_stale(trade, now) else Stage.WAIT_LOCK
    if Move.FUND in available_moves(trade, role, now):
        return Stage.LOCK
    if is_asked:
        return Stage.WAIT_READY
    return Stage.NO_SHOW if around.asked_ready_at > trade.ready_at else Stage.ASK_READY


def _is_stale(trade: Standing, now: int) -> bool:
    return now - trade.ready_at > READY_FRESH_SECONDS


def _funded(trade: Standing, role: Role, now: int, around: Around) -> Stage:
    is_buyer = role == Role.BUYER
    if around.extra == Extra.RELOCKED:
        return Stage.RELOCKED_BUYER if is_buyer else Stage.RELOCKED_SELLER
    if around.extra:
        return Stage.EXTRA_BUYER if is_buyer else Stage.EXTRA_SELLER
    if not is_buyer:
        return Stage.RECLAIM if now > trade.pay_by else Stage.WAIT_PAY
    if now <= shown_pay_by(trade.pay_by):
        return Stage.PAY if around.can_record else Stage.PAY_WITHHELD
    return Stage.PAY_LATE if Move.MARK_PAID in available_moves(trade, role, now) else Stage.PAY_OVER


def _paid(trade: Standing, role: Role, now: int, around: Around) -> Stage:
    is_over = Move.TIMEOUT in available_moves(trade, role, now)
    if role == Role.SELLER:
        return Stage.CONFIRM_OVER if is_over else Stage.CONFIRM
    return Stage.CLAIM if is_over else Stage.WAIT_CONFIRM


def _disputed(trade: Standing, role: Role, now: int, around: Around) -> Stage:
    return (
        Stage.DISPUTED_OVER if Move.TIMEOUT in available_moves(trade, role, now) else Stage.DISPUTED
    )


TURNS = frozenset(
    {
        Stage.NAME_PAYER,
        Stage.SIGN,
        Stage.ANSWER_PROPOSAL,
        Stage.ANSWER_READY,
        Stage.ASK_READY,
        Stage.NO_SHOW,
        Stage.LOCK,
        Stage.PAY,
        Stage.PAY_LATE,
        Stage.RECLAIM,
        Stage.EXTRA_BUYER,
        Stage.RELOCKED_BUYER,
        Stage.RELOCKED_SELLER,
        Stage.CONFIRM,
        Stage.CLAIM,
    }
)

# Before somebody signs, locks or pays: from here on his silence can cost him something.
COMMITTING = frozenset(
    {
        Stage.NAME_PAYER,
        Stage.SIGN,
        Stage.ANSWER_READY,
        Stage.WAIT_LOCK,
        Stage.LOCKING,
        Stage.PAY,
        Stage.ASK_READY,
        Stage.WAIT_READY,
        Stage.NO_SHOW,
        Stage.LOCK,
    }
)


def is_turn(stage: Stage) -> bool:
    """Whether the page asks something of its reader now."""
    return stage in TURNS
