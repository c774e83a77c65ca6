"""Moves after funding that people make themselves: signed calls, own transactions, splits, and time that is asked for.

None of them changes a status: they state an intent, and the confirmed event moves the trade.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from escrow.chain.moves import message_of
from escrow.chain.typed_data import digest, is_signed_by
from escrow.models import SignedCall, Submission
from escrow.selectors import chain_clock
from escrow.services import accept_signed_call, accept_signed_settle, record_submission
from marketplace.accounts.models import User
from marketplace.again import again
from marketplace.trades.access import role_of
from marketplace.trades.errors import (
    BadInput,
    BadSignature,
    DeadlineRefused,
    NotPossibleNow,
    ProposalGone,
    ProposalRefused,
    SettleOpen,
)
from marketplace.trades.models import ProposalStatus, SettleProposal, Trade
from marketplace.trades.services.status import locked, note
from marketplace.trades.states import (
    DAY_SECONDS,
    LATE_PAID_SECONDS,
    LONGEST_GRANT_SECONDS,
    Move,
    Note,
    Role,
    available_moves,
)
from marketplace.trades.terms import chain_of, coins_text, terms_of

logger = logging.getLogger(__name__)
HOUR_SECONDS = 3600
SETTLE_SECONDS = DAY_SECONDS
CLOCK_SLACK_SECONDS = 300
ASK_AGAIN_SECONDS = 120

# How long a signature may stay open. Nothing signed can be withdrawn before its deadline.
LONGEST_OPEN = {
    Move.RELEASE: HOUR_SECONDS,
    Move.CANCEL: HOUR_SECONDS,
    Move.RECLAIM: HOUR_SECONDS,
    Move.GRANT_TIME: HOUR_SECONDS,
    Move.DISPUTE: DAY_SECONDS,
}
CHAIN_MOVES = frozenset(
    {
        Move.FUND,
        Move.MARK_PAID,
        Move.GRANT_TIME,
        Move.RECLAIM,
        Move.RELEASE,
        Move.CANCEL,
        Move.SETTLE,
        Move.DISPUTE,
        Move.RULE,
        Move.TIMEOUT,
    }
)

SIGNED_MOVES = frozenset({*LONGEST_OPEN, Move.MARK_PAID})


@again
def accept_move(
    *,
    user: User,
    trade: Trade,
    move: str,
    arguments: Mapping[str, Any],
    deadline: int,
    signature: str,
) -> SignedCall:
    """A party's signed move, handed to the relayer. The same signature again gives the same call.

    Raises: NotPossibleNow, BadInput, DeadlineRefused, and escrow's refusals of the signature, arguments or budget.
    """
    wanted = _move_named(move)
    if wanted not in SIGNED_MOVES:
        raise BadInput(
            "This step is not sent as one signature. Reload the page and use its own button."
        )
    now = chain_clock()
    _require(trade, user, wanted, now)
    _check_deadline(trade, wanted, deadline, now)
    _check_arguments(trade, wanted, arguments, now)
    return accept_signed_call(
        trade=terms_of(trade),
        funded_at=trade.funded_at,
        move=wanted,
        arguments=dict(arguments),
        signer=user.address,
        deadline=deadline,
        signature=signature,
    )


def note_submission(*, user: User, trade: Trade, move: str, tx_hash: str) -> Submission:
    """A transaction that a party says to have sent. It only shows as "on its way": events decide.

    Raises: NotPossibleNow, BadInput, and escrow's refusal of a malformed hash.
    """
    wanted = _move_named(move)
    role = role_of(user, trade)
    if role is None or wanted not in CHAIN_MOVES or not trade.trade_id:
        raise NotPossibleNow
    return record_submission(
        account=user.address, trade_id=trade.trade_id, move=wanted, tx_hash=tx_hash
    )


@again
def ask_time(*, user: User, trade: Trade) -> Trade:
    """The buyer asks for more time; the seller can grant it in one step. Asking twice in two minutes is one question.

    Raises: NotPossibleNow.
    """
    now = chain_clock()
    with transaction.atomic():
        trade = locked(trade.pk)
        _require(trade, user, Move.ASK_TIME, now)
        if now - trade.time_asked_at > ASK_AGAIN_SECONDS:
            note(trade, Note.TIME_ASKED, at=now, actor=Role.BUYER, time_asked_at=now)
    return trade


@again
def propose_settle(
    *, user: User, trade: Trade, to_buyer: int, deadline: int, signature: str
) -> SettleProposal:
    """A split that one party has signed: `to_buyer` base units before the fee, open until `deadline`, at most 24 hours.

    One at a time; a new one by the same person replaces the old. The signature stays with the hub until the other accepts.

    Raises: NotPossibleNow, ProposalRefused, DeadlineRefused, BadSignature, SettleOpen.
    """
    now = chain_clock()
    role = _require(trade, user, Move.SETTLE, now)
    if not 0 <= to_buyer <= trade.amount_base_units:
        raise ProposalRefused(
            "The buyer's part must be between nothing and all of the locked coins.", field="toBuyer"
        )
    if not now < deadline <= now + SETTLE_SECONDS + CLOCK_SLACK_SECONDS:
        raise DeadlineRefused("A split stands for at most 24 hours. Sign it again.")
    if not _settle_is_signed(trade, user, to_buyer, deadline, signature):
        raise BadSignature
    with transaction.atomic():
        trade = locked(trade.pk)
        _require(trade, user, Move.SETTLE, now)
        open_one = _open_settle(trade, now)
        if open_one is not None:
            if open_one.signature == signature:
                return open_one
            if open_one.by != role:
                raise SettleOpen
            _answer(open_one, ProposalStatus.REPLACED, now)
        proposal = SettleProposal.objects.create(
            trade=trade,
            number=trade.settle_proposals.count() + 1,
            by=role,
            to_buyer=to_buyer,
            funded_at=trade.funded_at,
            deadline=deadline,
            signature=signature,
            at=now,
        )
        part, rest = (
            coins_text(trade, to_buyer),
            coins_text(trade, trade.amount_base_units - to_buyer),
        )
        params = {"number": proposal.number, "part": part, "rest": rest}
        note(trade, Note.SETTLE_PROPOSED, at=now, actor=role, params=params)
    return proposal


@again
def accept_settle(*, user: User, trade: Trade, number: int, signature: str) -> SignedCall:
    """The other party's signature over the same split; both go to the relayer, or to the chain by either's own hand.

    Raises: NotPossibleNow, ProposalGone, BadSignature, and escrow's refusals.
    """
    now = chain_clock()
    role = _require(trade, user, Move.SETTLE, now)
    proposal = _answerable(trade, number, role, now)
    if not _settle_is_signed(trade, user, proposal.to_buyer, proposal.deadline, signature):
        raise BadSignature
    with transaction.atomic():
        trade = locked(trade.pk)
        proposal = _answerable(trade, number, role, now)
        signatures = {proposal.by: proposal.signature, role: signature}
        call = accept_signed_settle(
            trade=terms_of(trade),
            funded_at=trade.funded_at,
            to_buyer=proposal.to_buyer,
            deadline=proposal.deadline,
            seller_signature=signatures[Role.SELLER],
            buyer_signature=signatures[Role.BUYER],
        )
        _answer(proposal, ProposalStatus.ACCEPTED, now)
        note(trade, Note.SETTLE_ACCEPTED, at=now, actor=role, params={"number": number})
    return call


@again
def decline_settle(*, user: User, trade: Trade, number: int) -> SettleProposal:
    """The split is turned down; its signature is never shown to anybody.

    Raises: NotPossibleNow, ProposalGone.
    """
    now = chain_clock()
    with transaction.atomic():
        trade = locked(trade.pk)
        role = _require(trade, user, Move.SETTLE, now)
        proposal = _answerable(trade, number, role, now)
        _answer(proposal, ProposalStatus.DECLINED, now)
        note(trade, Note.SETTLE_DECLINED, at=now, actor=role, params={"number": number})
    return proposal


def report_mismatch(*, user: User, trade: Trade, what: str) -> None:
    """A party's page refused what the hub showed: an alarm in the history, once per page and reason, and in the log.

    Raises: NotPossibleNow for a stranger.
    """
    role = role_of(user, trade)
    if role is None:
        raise NotPossibleNow
    logger.error("trade %s: the %s's page refused: %s", trade.ref, role, what)
    with transaction.atomic():
        trade = locked(trade.pk)
        known = trade.events.filter(cause=Note.ALARM, actor=role, params__reason=what)
        if not known.exists():
            note(
                trade,
                Note.ALARM,
                at=chain_clock(),
                actor=role,
                params={"reason": what, "variant": "page"},
            )


def _move_named(text: str) -> Move:
    try:
        return Move(text)
    except ValueError as error:
        raise BadInput from error


def _require(trade: Trade, user: User, wanted: Move, now: int) -> Role:
    role = role_of(user, trade)
    if role is None or wanted not in available_moves(trade, role, now):
        raise NotPossibleNow
    return role


def _check_deadline(trade: Trade, wanted: Move, deadline: int, now: int) -> None:
    """A deadline that is neither over nor further away than the move needs.

    Raises: DeadlineRefused.
    """
    if deadline <= now:
        raise DeadlineRefused("This signature is out of time. Nothing was sent; sign once more.")
    latest = (
        trade.pay_by + LATE_PAID_SECONDS if wanted == Move.MARK_PAID else now + LONGEST_OPEN[wanted]
    )
    if deadline > latest + CLOCK_SLACK_SECONDS:
        raise DeadlineRefused(
            "This signature would stay open for too long. Nothing was sent; sign once more."
        )


def _check_arguments(trade: Trade, wanted: Move, arguments: Mapping[str, Any], now: int) -> None:
    if wanted != Move.GRANT_TIME:
        return
    try:
        new_pay_by = int(arguments["newPayBy"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput from error
    if not trade.pay_by < new_pay_by <= now + LONGEST_GRANT_SECONDS:
        raise ProposalRefused(
            "More time must end later than now agreed, and within 14 days.", field="newPayBy"
        )


def _settle_is_signed(
    trade: Trade, user: User, to_buyer: int, deadline: int, signature: str
) -> bool:
    primary, message = message_of(
        "settle",
        terms_of(trade),
        funded_at=trade.funded_at,
        arguments={"toBuyer": to_buyer},
        deadline=deadline,
    )
    chain = chain_of(trade)
    signed = digest(primary, message, chain_id=chain.chain_id, contract=chain.contract_address)
    return is_signed_by(user.address, signed, signature)


def _open_settle(trade: Trade, now: int) -> SettleProposal | None:
    found = SettleProposal.objects.filter(trade=trade, status=ProposalStatus.OPEN).first()
    if found is not None and (found.deadline < now or found.funded_at != trade.funded_at):
        _answer(found, ProposalStatus.LAPSED, now)
        return None
    return found


def _answerable(trade: Trade, number: int, role: Role, now: int) -> SettleProposal:
    proposal = SettleProposal.objects.filter(
        trade=trade, number=number, status=ProposalStatus.OPEN
    ).first()
    if (
        proposal is None
        or proposal.by == role
        or now > proposal.deadline
        or proposal.funded_at != trade.funded_at
    ):
        raise ProposalGone
    return proposal


def _answer(proposal: SettleProposal, status: ProposalStatus, now: int) -> None:
    proposal.status, proposal.answered_at = status, now
    proposal.save(update_fields=["status", "answered_at"])
