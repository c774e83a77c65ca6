"""Reads of trades: the list, the sheet that the page signs from, and who may see which account when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from escrow.chain.gateway import NodeRefused, NodeUnavailable, gateway
from escrow.models import SignedCall, Submission
from escrow.selectors import (
    ChainHealth,
    PendingEvent,
    chain_clock,
    chain_health,
    is_paid_promised,
    is_promise_due,
    pending_events,
    signed_calls,
    submissions,
)
from escrow.states import SignedCallStatus, SubmissionStatus
from marketplace.accounts.models import User
from marketplace.trades.models import Proposal, ProposalStatus, SettleProposal, Trade
from marketplace.trades.states import (
    BEFORE_FUNDING,
    LATE_PAID_SECONDS,
    LIVE,
    Extra,
    Move,
    Role,
    Status,
    moves_at,
    shown_pay_by,
)
from marketplace.trades.terms import (
    agreement_of,
    chain_of,
    is_complete,
    terms_of,
    words_of,
    you_pay,
)

PAGE_ROWS = 25
# What a "paid" of one's own costs at most: 90,000 gas at 50 gwei. A buyer with less counts as without gas.
GAS_FOR_PAID_WEI = 90_000 * 50 * 10**9

EVENT_MOVES = {
    "Funded": Move.FUND,
    "TimeGranted": Move.GRANT_TIME,
    "MarkedPaid": Move.MARK_PAID,
    "Disputed": Move.DISPUTE,
    "Released": Move.RELEASE,
    "Cancelled": Move.CANCEL,
    "Reclaimed": Move.RECLAIM,
    "Settled": Move.SETTLE,
    "Ruled": Move.RULE,
    "TimedOut": Move.TIMEOUT,
}
CLOSING_MOVES = frozenset(
    {Move.RELEASE, Move.CANCEL, Move.RECLAIM, Move.SETTLE, Move.RULE, Move.TIMEOUT}
)


# --- the list ----------------------------------------------------------------------------------


def trades_of(user: User) -> QuerySet[Trade]:
    """Every trade of this person, newest first, with what a row shows."""
    mine = Trade.objects.filter(Q(buyer=user) | Q(seller=user))
    return mine.select_related("asset", "buyer", "seller", "offer").order_by("-id")


def in_tab(trades: QuerySet[Trade], user: User, tab: str, now: int) -> QuerySet[Trade]:
    """The part of one's trades that a tab of the list shows: turn, active, disputed or done."""
    tabs = {
        "turn": my_turn(user, now),
        "active": ~Q(status=Status.CLOSED),
        "disputed": Q(status=Status.DISPUTED),
        "done": Q(status=Status.CLOSED),
    }
    return trades.filter(tabs[tab])


def my_turn(user: User, now: int) -> Q:
    """The trades in which this person is asked for something now."""
    buyer, seller = Q(buyer=user), Q(seller=user)
    may_sign = Q(offer__side="sell") | Q(leased_until__isnull=False)
    return (
        (buyer & Q(status=Status.ASKED) & may_sign)
        | (seller & Q(status=Status.AGREED))
        | (buyer & Q(status=Status.FUNDED, pay_by__gte=now - LATE_PAID_SECONDS))
        | (seller & Q(status=Status.FUNDED, pay_by__lt=now, extra=""))
        | (seller & Q(status=Status.PAID))
        | ((buyer | seller) & Q(status=Status.DISPUTED))
    )


def turn_count(user: User) -> int:
    """How many trades wait for this person."""
    return Trade.objects.filter(my_turn(user, chain_clock())).count()


# --- what is going on around a trade ------------------------------------------------------------


@dataclass(frozen=True)
class Traffic:
    """What is on its way to the chain for one trade, and what came back refused."""

    events: tuple[PendingEvent, ...]
    calls: tuple[SignedCall, ...]
    submissions: tuple[Submission, ...]
    # What can still happen where the trade stands: a step that it shows already only waits for its row to be closed.
    ahead: frozenset[Move] = frozenset(Move)

    @property
    def move(self) -> Move | None:
        """The move that is on its way: seen in a young block first, else sent, else signed and waiting."""
        for event in reversed(self.events):
            if event.name in EVENT_MOVES and event.name != "TimeGranted":
                return EVENT_MOVES[event.name]
        for sent in self.submissions:
            if sent.status == SubmissionStatus.PENDING and sent.move in self.ahead:
                return Move(sent.move)
        for call in self.calls:
            is_open = call.status in {SignedCallStatus.WAITING, SignedCallStatus.SENT}
            if is_open and call.move in self.ahead:
                return Move(call.move)
        return None

    def refusal_for(self, address: str) -> str:
        """Why a party's newest step did not go through; "" when it did or he tried nothing."""
        tried: list[SignedCall | Submission] = [
            *(call for call in self.calls if call.signer == address),
            *(sent for sent in self.submissions if sent.account == address),
        ]
        newest = max(tried, key=lambda row: row.created_at, default=None)
        refused = {
            SignedCallStatus.REFUSED,
            SubmissionStatus.REVERTED,
            SubmissionStatus.DROPPED,
            SubmissionStatus.REPLACED,
        }
        return newest.text if newest is not None and newest.status in refused else ""

    @property
    def pending(self) -> PendingEvent | None:
        """The newest event that is not settled yet."""
        return self.events[-1] if self.events else None


NO_TRAFFIC = Traffic((), (), ())


def traffic_of(trade: Trade) -> Traffic:
    """What is on its way for this trade. Calls and transactions of an earlier lock of the same terms are left out."""
    if not trade.trade_id or (trade.status == Status.CLOSED and not trade.funded_at):
        return NO_TRAFFIC
    calls = [call for call in signed_calls(trade.trade_id) if call.funded_at == trade.funded_at]
    events = pending_events(trade.trade_id)
    if trade.status == Status.CLOSED and not events:
        return Traffic((), tuple(calls), ())
    ahead = moves_at(Status(trade.status))
    return Traffic(tuple(events), tuple(calls), tuple(submissions(trade.trade_id)), ahead)


def is_paid_relayed(trade: Trade, health: ChainHealth) -> bool:
    """Whether the relayer works and has promised to send this trade's "paid"."""
    return health.relayer_ok and is_paid_promised(trade.trade_id, trade.funded_at)


def is_getting_ready(trade: Trade, health: ChainHealth) -> bool:
    """Whether the relayer works and only needs a moment to promise this trade's "paid"."""
    return health.relayer_ok and is_promise_due(trade.trade_id, trade.funded_at)


def has_gas_for_paid(trade: Trade) -> bool:
    """Whether the buyer could record "paid" by a transaction of his own; False while the node does not say."""
    try:
        return gateway().balance(trade.buyer.address) >= GAS_FOR_PAID_WEI
    except (NodeUnavailable, NodeRefused):
        return False


@dataclass(frozen=True)
class Moment:
    """One look at everything around a trade, so that a page asks each thing once."""

    now: int
    health: ChainHealth
    traffic: Traffic
    can_record: bool
    # Whether a signed "paid" would be sent for the buyer; else only a transaction of his own records it.
    is_relayed: bool
    card: Proposal | None
    split: SettleProposal | None


def moment_of(trade: Trade, role: Role) -> Moment:
    """What is true around the trade at this second, for one role."""
    now, health = chain_clock(), chain_health()
    is_paying = role == Role.BUYER and trade.status == Status.FUNDED
    is_relayed = not is_paying or is_paid_relayed(trade, health)
    return Moment(
        now=now,
        health=health,
        traffic=traffic_of(trade),
        can_record=is_relayed or has_gas_for_paid(trade),
        is_relayed=is_relayed,
        card=_open_card(trade, now) if trade.status in BEFORE_FUNDING else None,
        split=_open_split(trade, now) if trade.status in LIVE else None,
    )


def _open_card(trade: Trade, now: int) -> Proposal | None:
    return Proposal.objects.filter(trade=trade, status=ProposalStatus.OPEN, until__gte=now).first()


def _open_split(trade: Trade, now: int) -> SettleProposal | None:
    found = SettleProposal.objects.filter(
        trade=trade, status=ProposalStatus.OPEN, deadline__gte=now
    )
    return found.filter(funded_at=trade.funded_at).first()


# --- accounts -----------------------------------------------------------------------------------


def payee_opening(trade: Trade, role: Role, moment: Moment) -> dict[str, Any] | None:
    """Where the money goes, for the buyer only: from the settled funding while the clock runs, later "do not pay twice".

    None before, for extra fundings, when time is up, while a closing is on its way, and while "paid" could not be recorded.
    """
    if role != Role.BUYER or moment.traffic.move in CLOSING_MOVES:
        return None
    opening: dict[str, Any] | None = trade.payee_opening
    if trade.status in {Status.PAID, Status.DISPUTED}:
        return opening if trade.extra in {Extra.NONE, Extra.RELOCKED} else None
    is_open = (
        trade.status == Status.FUNDED
        and not trade.extra
        and moment.now <= shown_pay_by(trade.pay_by)
    )
    return opening if is_open and moment.can_record else None


def payer_opening(trade: Trade, role: Role) -> dict[str, Any] | None:
    """Whose account the money should come from: the buyer's own page always, the seller's once the coins are locked."""
    if role == Role.BUYER:
        return trade.payer_opening
    return trade.payer_opening if role == Role.SELLER and trade.status in LIVE else None


# --- the sheet ----------------------------------------------------------------------------------


def trade_sheet(trade: Trade, viewer: User, role: Role | str) -> dict[str, Any]:
    """Everything the page needs to show, check and sign one trade, integers as decimal text.

    An arbitrator gets no account openings.
    """
    part = Role(role)
    return sheet_at(trade, viewer, part, moment_of(trade, part))


def sheet_at(trade: Trade, viewer: User, role: Role, moment: Moment) -> dict[str, Any]:
    """As `trade_sheet`, of a moment that was looked at already."""
    chain, asset, words = chain_of(trade), trade.asset, words_of(trade)
    return {
        "ref": trade.ref,
        "chainId": chain.chain_id,
        "contract": chain.contract_address,
        "viewer": viewer.address,
        "role": role,
        "status": trade.status,
        "outcome": trade.outcome,
        "extra": trade.extra,
        "trade": terms_of(trade).as_json(),
        "agreement": {name: str(value) for name, value in agreement_of(trade).items()},
        "complete": is_complete(trade),
        "take": {
            "youPay": you_pay(words),
            "youGet": words.net,
            "deadline": str(trade.take_deadline or trade.fund_by),
            "signature": trade.take_signature or None,
        },
        "asset": {
            "symbol": asset.symbol,
            "decimals": asset.decimals,
            "token": asset.token,
            "hasPermit": asset.has_permit,
            "permitName": asset.name,
            "permitVersion": asset.permit_version,
        },
        "tradeId": trade.trade_id,
        "fundedAt": trade.funded_at,
        "payBy": trade.pay_by,
        "since": trade.since,
        "chainNow": moment.now,
        "payee": payee_opening(trade, role, moment),
        "payer": payer_opening(trade, role),
        "settle": _settle_json(moment.split),
        "urls": _urls(trade, moment.split),
    }


def _urls(trade: Trade, split: SettleProposal | None) -> dict[str, str]:
    """Where the page posts each step of this trade."""
    names = ("take", "payer", "signed", "submissions", "sheet", "region", "settle", "report")
    urls = {name: reverse(f"trades:{name}", args=[trade.ref]) for name in names}
    if split is not None:
        urls["settleAccept"] = reverse("trades:settle_accept", args=[trade.ref, split.number])
    return urls


def _settle_json(split: SettleProposal | None) -> dict[str, Any] | None:
    """The split on the table. Its signature stays with the hub until the other side has signed too."""
    if split is None:
        return None
    return {
        "number": split.number,
        "toBuyer": str(split.to_buyer),
        "deadline": str(split.deadline),
        "signature": None,
        "by": split.by,
    }
