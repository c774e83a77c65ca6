"""Builds the room of a trade for one of its two people: the one place that gathers what its parts need."""

from __future__ import annotations

from marketplace.accounts.models import User
from marketplace.money import fee_base_units
from marketplace.notifications.selectors import is_reachable
from marketplace.offers.arbitrators import arbitrator
from marketplace.reputation.selectors import record_for, together
from marketplace.trades.access import may_carry, role_of
from marketplace.trades.endings import Ending, ending_of, timeout_variant
from marketplace.trades.facts import facts_of
from marketplace.trades.journey import journey_of
from marketplace.trades.lockbar import lock_steps
from marketplace.trades.models import Trade
from marketplace.trades.parts import (
    against_market,
    card_of,
    copy_rows,
    ledger_of,
    masked_account,
    methods_of,
    split_of,
)
from marketplace.trades.room import Room
from marketplace.trades.selectors import (
    Moment,
    is_getting_ready,
    moment_of,
    payee_opening,
    payer_opening,
    sheet_at,
)
from marketplace.trades.stage import COMMITTING, Around, Stage, is_turn, stage_of
from marketplace.trades.states import (
    BEFORE_FUNDING,
    CHAIN_OUTCOMES,
    LIVE,
    Outcome,
    Role,
    Status,
    available_moves,
    duty_of,
)
from marketplace.trades.terms import coins_text, words_of
from marketplace.trades.told import CHIPS, ON_ITS_WAY_WORD, QUICK_REPLIES


def room_of(trade: Trade, viewer: User) -> Room:
    """The room for one of the two parties.

    Raises: PermissionError for anybody else: the door is `access.trade_for`.
    """
    role = role_of(viewer, trade)
    if role is None:
        raise PermissionError(f"{viewer} is no party of {trade}")
    peer = trade.seller if role == Role.BUYER else trade.buyer
    moment = moment_of(trade, role)
    stage = stage_of(trade, role, moment.now, _around(trade, moment))
    judge = arbitrator(trade.arbitrator)
    judge_name = judge.name if judge else trade.arbitrator
    words, status = words_of(trade), Status(trade.status)
    ending = _ending(trade, role) if status == Status.CLOSED else None
    is_filling = stage == Stage.LOCKING
    return Room(
        trade=trade,
        viewer=viewer,
        peer=peer,
        role=role,
        now=moment.now,
        stage=stage,
        is_turn=is_turn(stage),
        moves=available_moves(trade, role, moment.now),
        words=words,
        duty=duty_of(trade, funded_at=trade.funded_at, turn_at=trade.turn_at),
        judge=judge_name,
        chip=_chip(stage, peer, ending),
        steps=lock_steps(trade, role, now=moment.now, judge=judge_name, is_filling=is_filling),
        facts=facts_of(trade, role, judge=judge_name, traffic=moment.traffic),
        ledger=ledger_of(trade, role, words),
        health=moment.health,
        traffic=moment.traffic,
        pending=moment.traffic.pending,
        journey=journey_of(trade, moment.traffic, viewer.address, now=moment.now),
        paid_way="send" if moment.can_record and not moment.is_relayed else "sign",
        card=card_of(trade, moment.card, role) if moment.card else None,
        split=split_of(trade, moment.split, role) if moment.split else None,
        ending=ending,
        payee_rows=copy_rows(trade, payee_opening(trade, role, moment)),
        payer_name=_payer_name(trade, role),
        own_account=masked_account(trade) if role == Role.SELLER else "",
        methods=methods_of(trade) if status in BEFORE_FUNDING else [],
        against_market=against_market(trade),
        record=record_for(peer),
        together=together(viewer, peer),
        quick_replies=QUICK_REPLIES.get((role, status), ()),
        sheet=sheet_at(trade, viewer, role, moment),
        signed_file=_signed_file(trade, viewer, moment),
        is_preparing=stage == Stage.PAY_WITHHELD and is_getting_ready(trade, moment.health),
        is_out_of_reach=stage in COMMITTING and not is_reachable(viewer),
    )


def _around(trade: Trade, moment: Moment) -> Around:
    return Around(
        proposal_by=Role(moment.card.by) if moment.card else None,
        on_its_way=moment.traffic.move,
        can_record=moment.can_record,
        has_payer=bool(trade.payer_commitment),
        asked_ready_at=trade.ready_asked_at,
        extra=trade.extra,
        ended_on_chain=trade.outcome in CHAIN_OUTCOMES,
    )


def _payer_name(trade: Trade, role: Role) -> str:
    opening = payer_opening(trade, role) or {}
    return str(opening.get("details", {}).get("name", ""))


def _ending(trade: Trade, role: Role) -> Ending:
    before = (
        Status.DISPUTED if trade.disputed_at else Status.PAID if trade.paid_at else Status.FUNDED
    )
    told = ending_of(
        trade.outcome, role, close_reason=trade.close_reason, variant=timeout_variant(before)
    )
    peer = trade.seller if role == Role.BUYER else trade.buyer
    words = words_of(trade)
    to_buyer = trade.to_buyer or 0
    fee = (
        fee_base_units(to_buyer, trade.fee_bps)
        if trade.outcome in {Outcome.SETTLED, Outcome.RELEASED}
        else 0
    )
    parts = {
        "peer": peer.label,
        "fiat": words.fiat,
        "coins": words.coins,
        "net": words.net,
        "part": coins_text(trade, to_buyer - fee),
        "rest": coins_text(trade, trade.amount_base_units - to_buyer),
    }
    return Ending(told.chip, told.heading.format_map(parts), told.text.format_map(parts))


def _chip(stage: Stage, peer: User, ending: Ending | None) -> tuple[str, str]:
    if ending is not None:
        return ending.chip, ""
    if is_turn(stage):
        return "your-turn", ""
    if stage == Stage.ON_ITS_WAY:
        return "locking", ON_ITS_WAY_WORD
    kind = CHIPS.get(stage)
    return (kind, "") if kind else ("waiting", f"Waiting for {peer.label}")


def _signed_file(trade: Trade, viewer: User, moment: Moment) -> str:
    """Where the viewer's own waiting call can be saved, so that anybody can send it without us."""
    mine = next((call for call in moment.traffic.calls if may_carry(call, viewer)), None)
    return (
        f"/trade/{trade.ref}/signed/{mine.pk}.json"
        if mine is not None and trade.status in LIVE
        else ""
    )
