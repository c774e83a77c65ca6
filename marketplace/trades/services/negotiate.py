"""Before funding: other terms as cards, the ready check, leaving, and what time closes by itself."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from escrow.selectors import chain_clock
from marketplace.accounts.models import User
from marketplace.again import again
from marketplace.money import (
    MoneyError,
    coins_for_down,
    fiat_amount,
    fiat_for_up,
    price_nearest,
)
from marketplace.trades.access import role_of
from marketplace.trades.errors import (
    MethodRefused,
    NotEnoughLeft,
    NotPossibleNow,
    ProposalGone,
    ProposalRefused,
    WaitYourTurn,
)
from marketplace.trades.models import Proposal, ProposalStatus, Trade
from marketplace.trades.services.cards import card_params, close_cards
from marketplace.trades.services.status import locked, move, note
from marketplace.trades.services.take import move_into_line
from marketplace.trades.services.versions import state_terms
from marketplace.trades.states import (
    READY_SECONDS,
    Cause,
    Move,
    Note,
    Role,
    Status,
    available_moves,
)

PROPOSAL_SECONDS = 900
LONGEST_TALK_SECONDS = 3600  # proposals push fundBy out, but never further than this from the take
SHORTEST_PAY_SECONDS, LONGEST_PAY_SECONDS = 1200, 1_209_600
PRICE_PLACES = 18


@again
def propose_terms(
    *,
    user: User,
    trade: Trade,
    fiat: Decimal | None = None,
    coins: int | None = None,
    price: Decimal | None = None,
    method: str = "",
    pay_seconds: int = 0,
) -> Proposal:
    """One card with other terms; what is not given stays as it is. An open card is replaced by it.

    With `fiat` the coins follow (rounded down), with `coins` the fiat (rounded up). Stands 15 minutes; before an agreement it keeps the take open so long.

    Raises: NotPossibleNow, WaitYourTurn, ProposalRefused, MethodRefused, NotEnoughLeft.
    """
    now = chain_clock()
    with transaction.atomic():
        trade = locked(trade.pk)
        role = _require(trade, user, Move.PROPOSE, now)
        wanted = _wanted(
            trade, fiat=fiat, coins=coins, price=price, method=method, pay_seconds=pay_seconds
        )
        until = _stands_until(trade, now)
        close_cards(trade, ProposalStatus.REPLACED, now)
        proposal = Proposal.objects.create(
            trade=trade,
            number=trade.proposals.count() + 1,
            by=role,
            until=until,
            at=now,
            **wanted,
        )
        changes: dict[str, Any] = {}
        if trade.status == Status.ASKED and until > trade.fund_by:
            trade.fund_by = until
            changes = state_terms(trade) if trade.trade_id else {"fund_by": until}
        params = {"number": proposal.number, **card_params(trade, proposal)}
        note(trade, Note.PROPOSED, at=now, actor=role, params=params, **changes)
    return proposal


@again
def accept_terms(*, user: User, trade: Trade, number: int) -> Trade:
    """The other side's card becomes the terms: a new version that the buyer signs anew within ten minutes.

    Raises: NotPossibleNow, ProposalGone, NotEnoughLeft.
    """
    now = chain_clock()
    with transaction.atomic():
        trade = locked(trade.pk)
        role = _require(trade, user, Move.PROPOSE, now)
        proposal = _answerable(trade, number, role, now)
        _refuse_beyond_stock(trade, proposal.amount_base_units)
        trade.terms_version += 1
        card = card_params(trade, proposal)
        _adopt(trade, proposal, now)
        _answer(proposal, ProposalStatus.ACCEPTED, now)
        columns = state_terms(trade) if trade.payer_commitment else {"fund_by": trade.fund_by}
        opening = {"payee_opening": trade.payee_opening, "turn_at": now}
        changes = {**_terms_columns(trade), **columns, **opening}
        move(
            trade, Cause.TERMS_CHANGED, at=now, actor=role, params={"rows": card["rows"]}, **changes
        )
    return trade


@again
def decline_terms(*, user: User, trade: Trade, number: int) -> Proposal:
    """The card is turned down; the terms stay as they were.

    Raises: NotPossibleNow, ProposalGone.
    """
    now = chain_clock()
    with transaction.atomic():
        trade = locked(trade.pk)
        role = _require(trade, user, Move.PROPOSE, now)
        proposal = _answerable(trade, number, role, now)
        _answer(proposal, ProposalStatus.DECLINED, now)
        note(trade, Note.PROPOSAL_DECLINED, at=now, actor=role, params={"number": number})
    return proposal


@again
def ask_ready(*, user: User, trade: Trade) -> Trade:
    """The seller asks whether the buyer is there, before he locks. Asking again within the minute changes nothing.

    Raises: NotPossibleNow.
    """
    now = chain_clock()
    with transaction.atomic():
        trade = locked(trade.pk)
        _require(trade, user, Move.ASK_READY, now)
        if now - trade.ready_asked_at > READY_SECONDS:
            note(trade, Note.READY_ASKED, at=now, actor=Role.SELLER, ready_asked_at=now)
    return trade


@again
def answer_ready(*, user: User, trade: Trade) -> Trade:
    """ "I'm here": the seller may lock for the next minutes.

    Raises: NotPossibleNow.
    """
    now = chain_clock()
    with transaction.atomic():
        trade = locked(trade.pk)
        _require(trade, user, Move.ANSWER_READY, now)
        note(trade, Note.READY, at=now, actor=Role.BUYER, ready_at=now)
    return trade


@again
def decline(*, user: User, trade: Trade, reason: str = "") -> Trade:
    """One of the two leaves before anything is locked; no mark for anybody.

    Raises: NotPossibleNow, SomebodyWasFirst.
    """
    now = chain_clock()
    with transaction.atomic():
        trade = locked(trade.pk)
        role = role_of(user, trade)
        if role is None or Move.DECLINE not in available_moves(trade, role, now):
            raise NotPossibleNow
        close_cards(trade, ProposalStatus.LAPSED, now)
        move(trade, Cause.DECLINED, at=now, actor=role, close_reason=reason[:40], closed_by=role)
        move_into_line(trade, trade.offer)
    return trade


def _require(trade: Trade, user: User, wanted: Move, now: int) -> Role:
    role = role_of(user, trade)
    if role is not None and trade.is_waiting:
        raise WaitYourTurn
    if role is None or wanted not in available_moves(trade, role, now):
        raise NotPossibleNow
    return role


def _wanted(
    trade: Trade,
    *,
    fiat: Decimal | None,
    coins: int | None,
    price: Decimal | None,
    method: str,
    pay_seconds: int,
) -> dict[str, object]:
    """The columns of the card, checked.

    Raises: ProposalRefused, MethodRefused, NotEnoughLeft.
    """
    decimals = trade.asset.decimals
    new_price = trade.price if price is None else price_nearest(price, PRICE_PLACES)
    if new_price <= 0:
        raise ProposalRefused("The price must be more than zero.", field="price")
    try:
        if coins is not None:
            amounts = coins, fiat_for_up(coins, new_price, decimals, trade.currency)
        else:
            money = fiat_amount(trade.fiat_amount if fiat is None else fiat, trade.currency)
            amounts = coins_for_down(money, new_price, decimals), money
    except MoneyError as refusal:
        raise ProposalRefused(str(refusal), field="amount") from refusal
    if amounts[0] <= 0 or amounts[1] <= 0:
        raise ProposalRefused("That amount buys nothing at this price.", field="amount")
    _refuse_beyond_stock(trade, amounts[0])
    new_method, seconds = method or trade.method, pay_seconds or trade.pay_seconds
    _refuse_method(trade, new_method)
    if not SHORTEST_PAY_SECONDS <= seconds <= LONGEST_PAY_SECONDS:
        raise ProposalRefused(
            "The time to pay must be between 10 minutes and 14 days.", field="minutes"
        )
    wanted = {
        "amount_base_units": amounts[0],
        "fiat_amount": amounts[1],
        "price": new_price,
        "method": new_method,
        "pay_seconds": seconds,
    }
    if all(getattr(trade, name) == value for name, value in wanted.items()):
        raise ProposalRefused("These are the terms you have already. Change at least one of them.")
    return wanted


def _refuse_method(trade: Trade, method: str) -> None:
    if method == trade.method:
        return
    if not trade.offer.is_sell:
        raise MethodRefused(
            "The seller sealed one account for this trade, so its method stays. Take the offer again for another."
        )
    if not trade.offer.methods.filter(method=method).exists():
        raise MethodRefused


def _refuse_beyond_stock(trade: Trade, base_units: int) -> None:
    if base_units > trade.offer.left_base_units:
        raise NotEnoughLeft("The offer does not hold so many coins any more. Propose less.")


def _stands_until(trade: Trade, now: int) -> int:
    if trade.status == Status.AGREED:
        return min(now + PROPOSAL_SECONDS, trade.fund_by)
    if trade.leased_until is not None:
        return min(now + PROPOSAL_SECONDS, trade.leased_until)
    latest = trade.opened_at + LONGEST_TALK_SECONDS
    return max(min(now + PROPOSAL_SECONDS, max(latest, trade.fund_by)), now + 60)


def _answerable(trade: Trade, number: int, role: Role, now: int) -> Proposal:
    proposal = Proposal.objects.filter(
        trade=trade, number=number, status=ProposalStatus.OPEN
    ).first()
    if proposal is None or proposal.by == role or now > proposal.until:
        raise ProposalGone
    return proposal


def _adopt(trade: Trade, proposal: Proposal, now: int) -> None:
    if proposal.price != trade.price:
        trade.price_source, trade.price_at = "agreed by both", now
    if proposal.method != trade.method:
        chosen = trade.offer.methods.get(method=proposal.method)
        trade.payee_commitment, trade.payee_opening = chosen.payee_commitment, chosen.payee_opening
        trade.release_seconds = chosen.release_seconds
    trade.amount_base_units, trade.fiat_amount = proposal.amount_base_units, proposal.fiat_amount
    trade.price, trade.method, trade.pay_seconds = (
        proposal.price,
        proposal.method,
        proposal.pay_seconds,
    )
    window = settings.TAKE_OPEN_SECONDS
    trade.fund_by = (
        now + window if trade.offer.is_sell else max(trade.fund_by, trade.leased_until or 0)
    )


def _terms_columns(trade: Trade) -> dict[str, object]:
    names: Iterable[str] = (
        "amount_base_units",
        "fiat_amount",
        "price",
        "price_source",
        "price_at",
        "method",
    )
    more = ("payee_commitment", "pay_seconds", "release_seconds", "fund_by", "terms_version")
    return {name: getattr(trade, name) for name in (*names, *more)} | {
        "take_signature": "",
        "take_deadline": 0,
    }


def _answer(proposal: Proposal, status: ProposalStatus, now: int) -> None:
    proposal.status, proposal.answered_at = status, now
    proposal.save(update_fields=["status", "answered_at"])
