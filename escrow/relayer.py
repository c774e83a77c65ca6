"""Sends what parties signed, and time-outs that are due, from a gas account that can move nothing else.

Every call is simulated first. A move that somebody else already made counts as done. One round at a time per chain.
What one account, one trade and one transaction may cost the hub is bounded; see docs/GAS.md.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from escrow import locks
from escrow.carried import calldata_of
from escrow.chain.codec import CallMalformed
from escrow.chain.errors import EscrowReverted
from escrow.chain.gateway import NodeRefused, NodeUnavailable, gateway
from escrow.chain.keys import NoRelayerKey, relayer_account
from escrow.chain.moves import direct_calldata
from escrow.chain.typed_data import MessageRefused
from escrow.gas import GRACE_SECONDS, promise, trouble_of, warning_of
from escrow.identity import ChainChanged, check_identity
from escrow.models import Chain, Escrow, Relayer, RelayTransaction, SignedCall
from escrow.nonces import (
    OPEN,
    CallHeldBack,
    CallTooDear,
    GasDesk,
    TradeBudgetSpent,
    finish,
    note_relayer_problem,
)
from escrow.outcomes import Standing, revert_reason, standing_of
from escrow.projection import terms_of
from escrow.selectors import ChainUnknown, current_chain
from escrow.services import daily_calls
from escrow.states import EscrowStatus, RelayStatus, SignedCallStatus

CALLS_PER_ROUND, TIMEOUTS_PER_ROUND = 50, 20
# A call that passed its rehearsal and failed on the chain is tried this often in all.
MAX_FAILURES = 2
# A call that is this little too early waits instead of being refused.
PATIENCE_SECONDS = 120

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelayRound:
    """What one round did. trade_ids: trades whose signed calls or time-outs changed."""

    sent: int = 0
    finished: int = 0
    waiting: bool = False
    problem: str = ""
    trade_ids: frozenset[str] = field(default_factory=frozenset)


def run_once() -> RelayRound:
    """One round: look after what was sent, send what waits, send due time-outs. Never raises for a node that is down."""
    try:
        chain = current_chain()
        account = relayer_account()
    except (ChainUnknown, NoRelayerKey) as error:
        return RelayRound(problem=str(error))
    with locks.advisory_lock(locks.RELAYER, chain.pk) as is_held:
        if not is_held:
            return RelayRound(waiting=True)
        told: set[str] = set()
        try:
            check_identity(chain, gateway())
            return _round(GasDesk(chain, gateway(), account, trade_ids=told))
        except (NodeUnavailable, NodeRefused, ChainChanged) as error:
            note_relayer_problem(chain, f"Steps cannot be sent just now. {error}")
            return RelayRound(problem=str(error), trade_ids=frozenset(told - {""}))


def due_timeouts(chain: Chain, now: int) -> list[Escrow]:
    """Live trades whose clock ran out before `now` (block time, seconds), the longest due first by status time."""
    overdue = (
        Q(status=EscrowStatus.FUNDED, pay_by__lt=now - GRACE_SECONDS)
        | Q(status=EscrowStatus.PAID, since__lt=now - F("release_window"))
        | Q(status=EscrowStatus.DISPUTED, since__lt=now - F("ruling_window"))
    )
    open_timeouts = RelayTransaction.objects.filter(chain=chain, move="timeout", status__in=OPEN)
    due = Escrow.objects.filter(overdue, chain=chain).exclude(
        trade_id__in=open_timeouts.values("trade_id")
    )
    return list(due.order_by("since")[:TIMEOUTS_PER_ROUND])


def _round(desk: GasDesk) -> RelayRound:
    desk.watch()
    _take_back_orphans(desk)
    head = desk.node.head()
    desk.trade_ids |= promise(desk.chain, desk.purse, head.time)
    sent = finished = 0
    for call in _waiting(desk.chain)[:CALLS_PER_ROUND]:
        _relay(desk, call, head.time)
        sent += call.status == SignedCallStatus.SENT
        finished += call.status in (SignedCallStatus.DONE, SignedCallStatus.REFUSED)
    sent += sum(_time_out(desk, escrow) for escrow in due_timeouts(desk.chain, head.time))
    _note_health(desk)
    return RelayRound(sent=sent, finished=finished, trade_ids=frozenset(desk.trade_ids - {""}))


def _waiting(chain: Chain) -> QuerySet[SignedCall]:
    """Calls to send: "paid" before all else, since its clock is the shortest; none whose trade is busy."""
    busy = RelayTransaction.objects.filter(chain=chain, status=RelayStatus.PENDING)
    waiting = SignedCall.objects.filter(chain=chain, status=SignedCallStatus.WAITING).exclude(
        trade_id__in=busy.exclude(trade_id="").values("trade_id")
    )
    urgency = Case(When(move="markPaid", then=Value(0)), default=Value(1))
    return waiting.order_by(urgency, "pk")


def _take_back_orphans(desk: GasDesk) -> None:
    """A call that counts as sent but has no transaction (a database set back) waits again."""
    open_rows = RelayTransaction.objects.filter(chain=desk.chain, status__in=OPEN)
    sent = SignedCall.objects.filter(chain=desk.chain, status=SignedCallStatus.SENT)
    orphans = sent.exclude(pk__in=open_rows.exclude(signed_call=None).values("signed_call"))
    desk.trade_ids |= set(orphans.values_list("trade_id", flat=True))
    orphans.update(status=SignedCallStatus.WAITING)


def _note_health(desk: GasDesk) -> None:
    """What pages and the operator are told of the gas account, once a round, as the round left it."""
    address = desk.account.address
    reason = trouble_of(desk.purse, address)
    Relayer.objects.update_or_create(
        chain=desk.chain,
        defaults={
            "address": address,
            "balance_wei": desk.node.balance(address),
            "is_ok": not reason,
            "reason": reason[:400],
            "warning": warning_of(desk.purse, address)[:400],
            "checked_at": timezone.now(),
        },
    )


def _relay(desk: GasDesk, call: SignedCall, now: int) -> None:
    if desk.is_busy_with(call.trade_id):
        return
    if call.deadline <= now:
        # Before the node is asked: a call that it refuses to look at must end too.
        deadline = {"deadline": str(call.deadline)}
        _answer_refusal(desk, call, EscrowReverted("Expired", deadline))
        return
    if _has_failed_enough(desk, call):
        return
    try:
        ready = desk.node.call_of(calldata_of(call), sender=desk.account.address)
        desk.node.simulate(ready)
        desk.send(
            ready, trade_id=call.trade_id, move=call.move, charged_to=call.signer, signed_call=call
        )
    except EscrowReverted as error:
        _answer_refusal(desk, call, error)
    except NodeRefused as error:
        # About this call alone; the others must not wait for it. It ends with its deadline.
        logger.warning("signed call %s: %s", call.pk, error)
    except CallHeldBack as held_back:
        logger.warning("%s waits for cheaper gas or a fuller account", held_back)
    except TradeBudgetSpent:
        _refuse(
            desk,
            call,
            "TradeBudgetSpent",
            "This hub has paid for as many steps of this trade as it pays for. Nothing was moved. "
            "Send this one from your own wallet.",
        )
    except CallTooDear:
        _refuse(
            desk,
            call,
            "TooDear",
            "This step costs more gas than the hub pays. Send it from your own wallet.",
        )
    except (CallMalformed, MessageRefused, KeyError, ValueError):
        logger.exception("signed call %s cannot be encoded", call.pk)
        _refuse(desk, call, "Malformed", "This step could not be read. Sign again.")


def _has_failed_enough(desk: GasDesk, call: SignedCall) -> bool:
    """Refuse a call that keeps failing on the chain though its rehearsals pass; each try costs the hub gas."""
    failed = call.relay_transactions.filter(succeeded=False, status=RelayStatus.DONE)
    if failed.count() < MAX_FAILURES:
        return False
    last = failed.latest("pk")
    why = revert_reason(
        desk.node,
        desk.node.call_of(last.calldata, sender=last.sender),
        last.block_number or 0,
    )
    _refuse(
        desk,
        call,
        "FailedOnChain",
        f"The network undid this step {MAX_FAILURES} times. {why} The hub does not try again; "
        "sign again, or send it from your own wallet.",
    )
    return True


def _answer_refusal(desk: GasDesk, call: SignedCall, error: EscrowReverted) -> None:
    if error.name == "TooEarly" and _seconds_early(error) <= PATIENCE_SECONDS:
        return
    desk.chain.refresh_from_db()
    standing = standing_of(call, chain=desk.chain, node=desk.node)
    if standing is Standing.UNKNOWN:
        return
    if standing is Standing.MADE:
        finish(call, SignedCallStatus.DONE)
        desk.trade_ids.add(call.trade_id)
    else:
        _refuse(desk, call, error.name, str(error))


def _refuse(desk: GasDesk, call: SignedCall, reason: str, text: str) -> None:
    finish(call, SignedCallStatus.REFUSED, reason=reason, text=text)
    desk.trade_ids.add(call.trade_id)


def _seconds_early(error: EscrowReverted) -> int:
    return int(error.arguments["from"]) - int(error.arguments["time"])


def _time_out(desk: GasDesk, escrow: Escrow) -> bool:
    """Send a due time-out; False when somebody else was faster or the seller's budget is spent."""
    if desk.is_busy_with(escrow.trade_id) or _is_budget_spent(desk.chain, escrow.seller):
        return False
    ready = desk.node.call_of(
        direct_calldata("timeout", terms_of(escrow)), sender=desk.account.address
    )
    try:
        desk.node.simulate(ready)
        desk.send(ready, trade_id=escrow.trade_id, move="timeout", charged_to=escrow.seller)
    except (EscrowReverted, NodeRefused, CallTooDear, CallHeldBack) as error:
        logger.info("time-out of %s is not possible: %s", escrow.trade_id, error)
        return False
    return True


def _is_budget_spent(chain: Chain, account: str) -> bool:
    since = timezone.now() - timedelta(days=1)
    used = RelayTransaction.objects.filter(
        chain=chain, account=account, move="timeout", created_at__gte=since
    )
    return used.count() >= daily_calls()
