"""The list of one's trades, as rows: who, what for what, where it stands, until when."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse

from escrow.selectors import PendingEvent, pending_events_of
from marketplace.accounts.models import User
from marketplace.trades.access import role_of
from marketplace.trades.endings import ending_of, timeout_variant
from marketplace.trades.models import Trade
from marketplace.trades.selectors import PAGE_ROWS, in_tab, my_turn, trades_of
from marketplace.trades.states import Role, Status
from marketplace.trades.terms import Words, words_of
from marketplace.trades.told import ON_ITS_WAY_WORD

EMPTY = {
    "turn": ("Nothing waits for you", "When a trade needs you, it stands here."),
    "active": ("No trade is running", "Take an offer, or post your own."),
    "disputed": ("No trade is in review", "If two people disagree, an arbitrator reads it here."),
    "done": ("No finished trades yet", "Your receipts will stand here."),
}
TABS = {"turn": "Your turn", "active": "Active", "disputed": "In review", "done": "Done"}


@dataclass(frozen=True)
class Row:
    """One trade in the list."""

    trade: Trade
    peer: User
    words: Words
    is_buyer: bool
    chip: tuple[str, str]
    # The newest event that is not settled: the chip tells what is, this what may follow.
    pending: PendingEvent | None = None

    @property
    def on_its_way(self) -> str:
        """What is on its way to the chain, beside the settled state: "On its way (1 of 2)", or nothing."""
        if self.pending is None:
            return ""
        return f"{ON_ITS_WAY_WORD} ({self.pending.confirmations} of {self.pending.depth})"

    @property
    def verb(self) -> str:
        """What one does with the other in it."""
        return "Buying from" if self.is_buyer else "Selling to"

    @property
    def coins_label(self) -> str:
        """What the coins are to the reader."""
        return "You get" if self.is_buyer else "You lock"

    @property
    def shown_coins(self) -> str:
        """The coins as they concern the reader: net of the fee for the buyer."""
        return self.words.net if self.is_buyer else self.words.coins


def rows_of(user: User, tab: str, *, before: int | None, now: int) -> tuple[list[Row], str]:
    """A page of rows and the address of the next one, "" when there is none."""
    found = in_tab(trades_of(user), user, tab, now)
    if before is not None:
        found = found.filter(id__lt=before)
    trades = list(found[: PAGE_ROWS + 1])
    turns = set(_ids_with_turn(user, now, trades))
    pending = pending_events_of(trade.trade_id for trade in trades)
    rows = [
        _row(user, trade, is_turn=trade.pk in turns, events=pending.get(trade.trade_id, []))
        for trade in trades[:PAGE_ROWS]
    ]
    more = f"?tab={tab}&before={rows[-1].trade.pk}" if len(trades) > PAGE_ROWS else ""
    return rows, more


def tab_links(user: User, current: str, now: int) -> list[dict[str, object]]:
    """The four tabs with their counts, in one query."""
    filters = {
        "turn": my_turn(user, now),
        "active": ~Q(status=Status.CLOSED),
        "disputed": Q(status=Status.DISPUTED),
    }
    mine = Trade.objects.filter(Q(buyer=user) | Q(seller=user))
    counts = mine.aggregate(**{name: Count("id", filter=rule) for name, rule in filters.items()})
    url = reverse("trades:list")
    return [
        {
            "name": name,
            "href": f"{url}?tab={tab}",
            "current": tab == current,
            "count": counts.get(tab, 0),
        }
        for tab, name in TABS.items()
    ]


def _ids_with_turn(user: User, now: int, trades: list[Trade]) -> list[int]:
    live = [trade.pk for trade in trades if trade.status != Status.CLOSED]
    return (
        list(Trade.objects.filter(my_turn(user, now), pk__in=live).values_list("pk", flat=True))
        if live
        else []
    )


def _row(user: User, trade: Trade, *, is_turn: bool, events: list[PendingEvent]) -> Row:
    role = role_of(user, trade)
    peer = trade.seller if role == Role.BUYER else trade.buyer
    return Row(
        trade,
        peer,
        words_of(trade),
        role == Role.BUYER,
        _chip(trade, role or Role.BUYER, peer, is_turn=is_turn),
        events[-1] if events else None,
    )


def _chip(trade: Trade, role: Role, peer: User, *, is_turn: bool) -> tuple[str, str]:
    if trade.status == Status.CLOSED:
        before = (
            Status.DISPUTED
            if trade.disputed_at
            else Status.PAID
            if trade.paid_at
            else Status.FUNDED
        )
        return ending_of(
            trade.outcome, role, close_reason=trade.close_reason, variant=timeout_variant(before)
        ).chip, ""
    if trade.status == Status.DISPUTED:
        return "in-review", ""
    return ("your-turn", "") if is_turn else ("waiting", f"Waiting for {peer.label}")
