"""The queue of disputes, by the contract's deadline, without what its reader has an interest in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import ExpressionWrapper, F, PositiveBigIntegerField, Q, QuerySet

from marketplace.accounts.models import User
from marketplace.disputes.access import disputed_trades
from marketplace.disputes.models import Request, Statement
from marketplace.disputes.selectors import Opening, clock_of, openings_of
from marketplace.disputes.states import SOON_SECONDS, Clock
from marketplace.trades.models import ProposalStatus, SettleProposal, Trade
from marketplace.trades.states import Status

VIEWS: tuple[tuple[str, str], ...] = (
    ("mine", "Mine"),
    ("unassigned", "Unassigned"),
    ("due", "Due in a day"),
    ("waiting", "Waiting for a party"),
    ("all", "All open"),
)
PAGE_SIZE = 100
NEW_ACCOUNT = timedelta(days=7)


@dataclass(frozen=True)
class LastMove:
    """The newest thing that happened in a case, in words."""

    text: str
    at: int


@dataclass(frozen=True)
class QueueRow:
    """One dispute in the queue."""

    trade: Trade
    clock: Clock
    opening: Opening | None
    last: LastMove
    flags: list[tuple[str, str]]
    is_named: bool

    @property
    def reason(self) -> str:
        known = self.opening.reason if self.opening else None
        return known.short if known else "Opened on the contract"

    @property
    def assignee(self) -> User | None:
        case = getattr(self.trade, "case", None)
        return case.assignee if case else None


def view_counts(staff: User, now: int) -> list[tuple[str, str, int]]:
    """Each view with its code, name and number of cases."""
    return [(code, name, in_view(staff, code, now).count()) for code, name in VIEWS]


def in_view(staff: User, view: str, now: int) -> QuerySet[Trade]:
    """The open disputes of one view, the contract's nearest deadline first."""
    due_at = ExpressionWrapper(
        F("disputed_at") + F("ruling_seconds"), output_field=PositiveBigIntegerField()
    )
    rows = Trade.objects.filter(disputed_trades(staff), status=Status.DISPUTED).annotate(
        ruling_due_at=due_at
    )
    conditions = {
        "mine": Q(case__assignee=staff),
        "unassigned": Q(case=None) | Q(case__assignee=None),
        "due": Q(ruling_due_at__lte=now + SOON_SECONDS),
        "waiting": Q(case__isnull=False) & ~Q(case__waiting_for=""),
    }
    return rows.filter(conditions.get(view, Q())).order_by("ruling_due_at", "pk")


def queue_rows(staff: User, view: str, now: int) -> list[QueueRow]:
    """The first cases of a view, ready to be shown; the number of queries does not grow with the rows."""
    found = in_view(staff, view, now).select_related("asset", "seller", "buyer", "case__assignee")
    trades = list(found[:PAGE_SIZE])
    openings = openings_of(trades)
    moves = _last_moves(trades)
    splits = set(
        SettleProposal.objects.filter(trade__in=trades, status=ProposalStatus.OPEN).values_list(
            "trade_id", flat=True
        )
    )
    return [
        QueueRow(
            trade=trade,
            clock=clock_of(trade, now),
            opening=openings.get(trade.trade_id),
            last=moves.get(trade.pk)
            or LastMove(f"{trade.disputed_by.capitalize()} opened it", trade.disputed_at),
            flags=_flags(trade, has_split=trade.pk in splits),
            is_named=trade.arbitrator == staff.address,
        )
        for trade in trades
    ]


def next_case(staff: User, now: int) -> Trade | None:
    """The free case with the nearest deadline, those that name this arbitrator first."""
    free = in_view(staff, "unassigned", now)
    return free.filter(arbitrator=staff.address).first() or free.first()


def _last_moves(trades: Iterable[Trade]) -> dict[int, LastMove]:
    moves: dict[int, LastMove] = {}
    for statement in (
        Statement.objects.filter(case__trade__in=trades).select_related("case").order_by("id")
    ):
        words = "added evidence" if statement.slot else "wrote"
        moves[statement.case.trade_id] = LastMove(
            f"{statement.role.capitalize()} {words}", int(statement.created_at.timestamp())
        )
    for asked in (
        Request.objects.filter(case__trade__in=trades).select_related("case", "by").order_by("id")
    ):
        at = int(asked.created_at.timestamp())
        known = moves.get(asked.case.trade_id)
        if known is None or known.at <= at:
            moves[asked.case.trade_id] = LastMove(f"{asked.by.label} asked {_whom(asked.of)}", at)
    return moves


def _whom(of: str) -> str:
    return "both" if of == "both" else f"the {of}"


def _flags(trade: Trade, *, has_split: bool) -> list[tuple[str, str]]:
    flags = [("is-court", "split proposed")] if has_split else []
    opened = trade.created_at
    if any(opened - person.created_at < NEW_ACCOUNT for person in (trade.seller, trade.buyer)):
        flags.append(("is-off", "new account"))
    if any(person.is_suspended for person in (trade.seller, trade.buyer)):
        flags.append(("is-fail", "suspended"))
    return flags
