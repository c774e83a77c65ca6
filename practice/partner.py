"""The practice partner: looks at each trade he is in and does the next thing his part asks for.

He reads what his own page would read and acts through the same services, signatures and contract as anyone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from escrow.selectors import chain_clock
from marketplace.trades import services
from marketplace.trades.models import ProposalStatus, SettleProposal, Trade
from marketplace.trades.states import Move, Role, Status, available_moves
from practice import acts, bank
from practice.models import Behaviour, Script
from practice.player import Player
from practice.traders import TRADERS
from realtime import presence

log = logging.getLogger(__name__)

# He is quick, and still a person: seconds between seeing a step and taking it.
PAUSE_SECONDS = 4
LOOKS_AGAIN_SECONDS = 25


def play_all() -> int:
    """One round over every open trade of the practice traders; how many steps were taken.

    A step that fails is logged and tried again in the next round; it never stops the others.
    """
    players = {player.address: player for player in map(Player, TRADERS)}
    mine = Q(seller__address__in=players) | Q(buyer__address__in=players)
    steps = 0
    for trade in (
        Trade.objects.filter(mine)
        .exclude(status=Status.CLOSED)
        .select_related("seller", "buyer", "maker", "taker", "asset__chain", "offer")
    ):
        role = Role.SELLER if trade.seller.address in players else Role.BUYER
        player = players[trade.seller.address if role == Role.SELLER else trade.buyer.address]
        # His round is his presence: the room says "here now" as long as the script runs.
        presence.renew(
            [f"room:{trade.room_key}"], user_id=_own_id(trade, role), socket_id="practice"
        )
        try:
            steps += _play(trade, player, role)
        except Exception:
            log.exception("The practice partner could not play his step in %s", trade.ref)
    return steps


def _own_id(trade: Trade, role: Role) -> int:
    return int(trade.seller_id if role == Role.SELLER else trade.buyer_id)


def behaviour_of(trade: Trade) -> Behaviour:
    """The part he plays in this trade."""
    script = Script.objects.filter(trade_ref=trade.ref).first()
    return Behaviour(script.behaviour) if script else Behaviour.HONEST


def _play(trade: Trade, player: Player, role: Role) -> bool:
    with transaction.atomic():
        script, _ = Script.objects.get_or_create(trade_ref=trade.ref)
        script = Script.objects.select_for_update().get(pk=script.pk)
        if Behaviour(script.behaviour) == Behaviour.SILENT:
            return False
        step = _next_step(trade, player, role, script)
        if step is None:
            return False
        name, action = step
        if not _is_time(script, name):
            script.save(update_fields=["done"])
            return False
        script.done[name] = "done"
        script.save(update_fields=["done"])
    # Outside the lock: the step speaks to the node and to services with locks of their own.
    try:
        action()
    except Exception:
        Script.objects.filter(pk=script.pk).update(done={**script.done, name: time.time()})
        raise
    return True


def _is_time(script: Script, name: str) -> bool:
    """Whether he has looked at this step for long enough; the first look only starts his clock."""
    seen_at = script.done.setdefault(name, time.time())
    pause = LOOKS_AGAIN_SECONDS if name.startswith("hold") else PAUSE_SECONDS
    return isinstance(seen_at, int | float) and time.time() - seen_at >= pause


Step = tuple[str, Callable[[], object]]


def _next_step(trade: Trade, player: Player, role: Role, script: Script) -> Step | None:
    """The first step of his part that is possible now and not done yet."""
    moves = available_moves(trade, role, chain_clock())
    steps = _seller_steps if role == Role.SELLER else _buyer_steps
    for name, wanted, action in steps(trade, player, Behaviour(script.behaviour), script):
        if wanted in moves and script.done.get(name) != "done":
            return name, action
    return None


def _seller_steps(
    trade: Trade, player: Player, plays: Behaviour, script: Script
) -> list[tuple[str, Move, Callable[[], object]]]:
    version, at = trade.terms_version, trade.since
    status = Status(trade.status)
    steps: list[tuple[str, Move, Callable[[], object]]] = []
    if status == Status.AGREED:
        steps.append((f"fund {version}", Move.FUND, lambda: acts.fund(trade, player)))
        steps.append(
            (
                f"ask {version} {trade.ready_at}",
                Move.ASK_READY,
                lambda: services.ask_ready(user=player.user(), trade=trade),
            )
        )
    if status == Status.FUNDED:
        if trade.time_asked_at:
            steps.append(
                (f"grant {trade.time_asked_at}", Move.GRANT_TIME, lambda: acts.grant(trade, player))
            )
        steps.append(
            (
                f"reclaim {trade.funded_at}",
                Move.RECLAIM,
                lambda: acts.note_and_send(trade, player, "reclaim"),
            )
        )
    if status in {Status.PAID, Status.DISPUTED}:
        steps += _seller_after_paid(trade, player, plays, at)
    return steps


def _seller_after_paid(
    trade: Trade, player: Player, plays: Behaviour, at: int
) -> list[tuple[str, Move, Callable[[], object]]]:
    arrived, named = bank.total_arrived(trade), _names_match(trade)
    if plays == Behaviour.DISPUTE:
        return [
            (f"dispute {at}", Move.DISPUTE, lambda: acts.dispute(trade, player, "wrong_amount"))
        ]
    if plays == Behaviour.SPLIT:
        return [
            (
                f"split {at}",
                Move.SETTLE,
                lambda: acts.propose_split(trade, player, trade.amount_base_units // 2),
            )
        ]
    if arrived >= trade.fiat_amount and named:
        return [(f"release {trade.funded_at}", Move.RELEASE, lambda: acts.release(trade, player))]
    accept = _acceptable_split(trade, Role.SELLER, _fair_part(trade, arrived) if named else 0)
    if accept:
        return [
            (
                f"accept {accept.number}",
                Move.SETTLE,
                lambda: acts.accept_split(trade, player, accept),
            )
        ]
    if arrived and not named:
        return [
            (f"other name {at}", Move.DISPUTE, lambda: acts.dispute(trade, player, "other_name"))
        ]
    if arrived:
        part = _fair_part(trade, arrived)
        return [(f"underpaid {at}", Move.SETTLE, lambda: acts.propose_split(trade, player, part))]
    return [(f"hold {at}", Move.DISPUTE, lambda: acts.dispute(trade, player, "hold"))]


def _buyer_steps(
    trade: Trade, player: Player, plays: Behaviour, script: Script
) -> list[tuple[str, Move, Callable[[], object]]]:
    status = Status(trade.status)
    if status == Status.ASKED:
        return [
            (
                f"sign {trade.trade_id or trade.opened_at}",
                Move.TAKE,
                lambda: acts.sign(trade, player),
            )
        ]
    if status == Status.AGREED and trade.ready_asked_at:
        return [
            (
                f"ready {trade.ready_asked_at}",
                Move.ANSWER_READY,
                lambda: services.answer_ready(user=player.user(), trade=trade),
            )
        ]
    if status in {Status.FUNDED, Status.PAID, Status.DISPUTED} and trade.is_extra:
        return [
            (
                f"cancel {trade.funded_at}",
                Move.CANCEL,
                lambda: acts.send_signed(trade, player, Move.CANCEL),
            )
        ]
    if status == Status.FUNDED:
        return [(f"pay {trade.funded_at}", Move.MARK_PAID, lambda: acts.pay(trade, player, plays))]
    if status in {Status.PAID, Status.DISPUTED}:
        return _buyer_after_paid(trade, player, plays)
    return []


def _buyer_after_paid(
    trade: Trade, player: Player, plays: Behaviour
) -> list[tuple[str, Move, Callable[[], object]]]:
    at = trade.since
    if plays == Behaviour.DISPUTE:
        return [
            (f"dispute {at}", Move.DISPUTE, lambda: acts.dispute(trade, player, "not_released"))
        ]
    if plays == Behaviour.SPLIT:
        return [
            (
                f"split {at}",
                Move.SETTLE,
                lambda: acts.propose_split(trade, player, trade.amount_base_units // 2),
            )
        ]
    if plays == Behaviour.OTHER_NAME and bank.was_returned(trade):
        return [
            (
                f"cancel {trade.funded_at}",
                Move.CANCEL,
                lambda: acts.send_signed(trade, player, Move.CANCEL),
            )
        ]
    accept = _acceptable_split(trade, Role.BUYER, _fair_part(trade, bank.total_arrived(trade)))
    if accept:
        return [
            (
                f"accept {accept.number}",
                Move.SETTLE,
                lambda: acts.accept_split(trade, player, accept),
            )
        ]
    return []


# --- what he sees ----------------------------------------------------------------------------


def _names_match(trade: Trade) -> bool:
    committed = ((trade.payer_opening or {}).get("details") or {}).get("name", "")
    return all(
        transfer.sender_name.casefold() == committed.casefold() for transfer in bank.arrived(trade)
    )


def _fair_part(trade: Trade, arrived: Decimal) -> int:
    """The part of the coins that the money which arrived pays for, rounded down."""
    if arrived >= trade.fiat_amount:
        return int(trade.amount_base_units)
    # Both have four decimals at most, so whole numbers divide exactly.
    return int(trade.amount_base_units) * int(arrived.scaleb(4)) // int(trade.fiat_amount.scaleb(4))


def _acceptable_split(trade: Trade, role: Role, fair: int) -> SettleProposal | None:
    """The other side's open split when it gives him at least his fair part."""
    proposal = trade.settle_proposals.filter(status=ProposalStatus.OPEN).exclude(by=role).first()
    if proposal is None:
        return None
    is_good = proposal.to_buyer <= fair if role == Role.SELLER else proposal.to_buyer >= fair
    return proposal if is_good else None
