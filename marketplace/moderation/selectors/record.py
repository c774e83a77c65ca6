"""One case as its arbitrator reads it: two parties in the same rows, one timeline, the contract's facts.

The parties' own words (filing, statements, messages they gave free) appear only after the reader opened the record.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from escrow.chain.gateway import NodeRefused, NodeUnavailable, gateway
from escrow.chain.types import EscrowState
from escrow.models import ChainEvent, Escrow
from escrow.selectors import escrow_for, pending_events
from escrow.states import EscrowStatus
from marketplace.accounts.models import User
from marketplace.disputes.models import Case, Filing
from marketplace.disputes.reasons import WANTED, slot_label
from marketplace.disputes.selectors import Opening, opened_for_desk
from marketplace.disputes.states import half_each
from marketplace.moderation.selectors.people import linked_accounts
from marketplace.reputation.selectors import record_for
from marketplace.trades.models import Trade
from marketplace.trades.states import Cause, Note, Outcome, Role, Status
from marketplace.trades.terms import coins_text, words_of

KINDS: tuple[tuple[str, str], ...] = (
    ("all", "Everything"),
    ("chain", "Chain"),
    ("said", "Statements"),
    ("chat", "Opened chat"),
    ("desk", "Desk"),
)
CHAIN_STATUS = {0: "closed", 1: Status.FUNDED, 2: Status.PAID, 3: Status.DISPUTED}
CLOSING = {"Released", "Cancelled", "Reclaimed", "Settled", "Ruled", "TimedOut"}
SIMILAR = 5
HUB = "Parley"
HUB_STEPS: dict[str, str] = {
    Note.ASKED: "took the offer",
    Cause.TERMS_CHANGED: "agreed on other terms",
    Cause.SIGNED: "signed the terms",
    Note.TIME_ASKED: "asked for more time",
    Note.SETTLE_PROPOSED: "offered a split",
    Note.SETTLE_DECLINED: "declined the split",
    Note.SETTLE_ACCEPTED: "signed the split too",
}


@dataclass(frozen=True)
class Item:
    """One line of the timeline. `at` is epoch seconds; `said` is somebody's own words, shown as text."""

    at: int
    kind: str
    icon: str
    tone: str
    who: str
    text: str
    said: str = ""
    detail: str = ""
    code: str = ""


@dataclass(frozen=True)
class Side:
    """One party of the case, in the rows that both columns share."""

    user: User
    role: str
    says: str
    wants: str
    rows: list[tuple[str, str]]
    linked: list[User]


@dataclass(frozen=True)
class OnItsWay:
    """A step in blocks too young to count, in words: "Alice released the coins", 1 of 2 confirmations."""

    text: str
    confirmations: int
    depth: int
    is_closing: bool


@dataclass(frozen=True)
class ChainFacts:
    """What the contract says now, read from the node, beside what our projection says: what is settled, what may follow."""

    is_read: bool
    status: str = ""
    block: int = 0
    agrees: bool = True
    escrow: Escrow | None = None
    settled_block: int = 0
    events: list[ChainEvent] = field(default_factory=list)
    on_its_way: list[OnItsWay] = field(default_factory=list)


def sides_of(
    trade: Trade, opening: Opening | None, case: Case | None, *, is_open: bool
) -> tuple[Side, Side]:
    """Buyer and seller in the same rows; their words only when the record is open to the reader."""
    return (
        _side(trade, Role.BUYER, trade.buyer, opening, case, is_open=is_open),
        _side(trade, Role.SELLER, trade.seller, opening, case, is_open=is_open),
    )


def timeline(
    trade: Trade, opening: Opening | None, case: Case | None, *, is_open: bool, kind: str = "all"
) -> list[Item]:
    """Chain, desk and, when the record is open, the parties' words in one order of time."""
    items = [*_hub_items(trade), *_chain_items(trade), *_desk_items(case)]
    if is_open:
        items += [*_filing_items(opening), *_statement_items(case), *_chat_items(trade)]
    chosen = [item for item in items if kind in ("all", item.kind)]
    return sorted(chosen, key=lambda item: item.at)


def chain_facts(trade: Trade) -> ChainFacts:
    """The contract's word for this trade read live, and whether our projection says the same (fault I26, M02)."""
    escrow = escrow_for(trade.trade_id)
    settled_block = (escrow.chain.settled_block or 0) if escrow else 0
    waiting = on_its_way(trade)
    events = list(
        ChainEvent.objects.filter(trade_id=trade.trade_id, canonical=True).order_by(
            "block_number", "log_index"
        )
    )
    try:
        node = gateway()
        head = node.head()
        state = node.escrow_state(trade.trade_id, block=head.number)
    except (NodeUnavailable, NodeRefused):
        return ChainFacts(
            is_read=False,
            escrow=escrow,
            settled_block=settled_block,
            events=events,
            on_its_way=waiting,
        )
    return ChainFacts(
        is_read=True,
        status=CHAIN_STATUS.get(state.status, "unknown"),
        block=head.number,
        agrees=_agrees(state, trade, escrow, events),
        escrow=escrow,
        settled_block=settled_block,
        events=events,
        on_its_way=waiting,
    )


def on_its_way(trade: Trade) -> list[OnItsWay]:
    """The trade's steps that are in blocks and not settled, in chain order: they may still be undone."""
    rows = ChainEvent.objects.filter(
        trade_id=trade.trade_id, canonical=True, applied_at__isnull=True
    )
    words = {
        (row.tx_hash, row.name): f"{item.who} {item.text}"
        for row in rows
        if (item := _chain_item(trade, row)) is not None
    }
    return [
        OnItsWay(
            text=words[(event.tx_hash, event.name)],
            confirmations=event.confirmations,
            depth=event.depth,
            is_closing=event.name in CLOSING,
        )
        for event in pending_events(trade.trade_id)
        if (event.tx_hash, event.name) in words
    ]


def ending_in(steps: list[OnItsWay]) -> OnItsWay | None:
    """The step that ends the trade if it settles; while there is one, nobody should rule."""
    return next((step for step in steps if step.is_closing), None)


def next_moves(trade: Trade) -> list[tuple[str, str]]:
    """What can still happen to a disputed trade, in words, each with its time."""
    if trade.status != Status.DISPUTED:
        return []
    return [
        (f"{trade.seller.label} releases", "any time"),
        (f"{trade.buyer.label} cancels", "any time"),
        ("Both settle on a split", "any time"),
        ("The arbitrator rules", "until the deadline"),
        ("Nobody acts", "half each, after it"),
    ]


def halves_of(trade: Trade) -> tuple[str, str]:
    """What buyer and seller get when nobody decides, with the symbol."""
    to_buyer, to_seller = half_each(trade.amount_base_units)
    return coins_text(trade, to_buyer), coins_text(trade, to_seller)


def similar_cases(trade: Trade, opening: Opening | None, staff_view: list[int]) -> list[Filing]:
    """Decided cases with the same reason, the newest first; without those the reader has an interest in."""
    if opening is None or opening.filing is None:
        return []
    rows = Filing.objects.filter(reason=opening.filing.reason, case__trade__outcome=Outcome.RULED)
    mine = rows.exclude(case__trade=trade).exclude(case__trade__seller_id__in=staff_view)
    return list(
        mine.exclude(case__trade__buyer_id__in=staff_view)
        .select_related("case__trade__asset")
        .order_by("-id")[:SIMILAR]
    )


# --- sides -----------------------------------------------------------------------------------


def _side(
    trade: Trade,
    role: Role,
    user: User,
    opening: Opening | None,
    case: Case | None,
    *,
    is_open: bool,
) -> Side:
    filing = (
        opening.filing if opening and opening.filing and opening.filing.by_id == user.pk else None
    )
    known = record_for(user)
    rows = [
        ("Finished", str(known.done)),
        ("Different partners", str(known.partners)),
        ("Disputes opened, lost", f"{known.disputes_opened}, {known.disputes_lost}"),
        ("Member since", f"{known.member_since:%-d %b %Y}"),
        ("Suspended", "now" if user.is_suspended else "no"),
    ]
    return Side(
        user=user,
        role=str(role),
        says=_says(case, filing, role) if is_open else "",
        wants=dict(WANTED).get(filing.wanted, "") if filing and is_open else "",
        rows=rows,
        linked=linked_accounts(user),
    )


def _says(case: Case | None, filing: Filing | None, role: Role) -> str:
    latest = case.statements.filter(role=role, slot="").order_by("-id").first() if case else None
    if latest is not None:
        return latest.text
    return filing.story if filing else ""


# --- timeline --------------------------------------------------------------------------------


def _hub_items(trade: Trade) -> list[Item]:
    names = {Role.BUYER: trade.buyer.label, Role.SELLER: trade.seller.label}
    return [
        Item(
            at=row.at,
            kind="chain",
            icon="pencil",
            tone="",
            who=names.get(Role(row.actor), HUB) if row.actor else HUB,
            text=HUB_STEPS[row.cause],
        )
        for row in trade.events.filter(cause__in=list(HUB_STEPS)).order_by("seq")
    ]


def _chain_items(trade: Trade) -> list[Item]:
    rows = ChainEvent.objects.filter(trade_id=trade.trade_id, canonical=True).order_by(
        "block_number", "log_index"
    )
    return [item for row in rows if (item := _chain_item(trade, row)) is not None]


def _chain_item(trade: Trade, row: ChainEvent) -> Item | None:
    buyer, seller = trade.buyer.label, trade.seller.label
    split = (
        f"{coins_text(trade, int(row.args['toBuyer']))} to {buyer}" if "toBuyer" in row.args else ""
    )
    opener = buyer if row.args.get("by") == trade.buyer.address else seller
    known = {
        "Funded": ("lock", "is-safe", seller, f"locked {words_of(trade).coins}"),
        "MarkedPaid": ("banknote", "is-time", buyer, f"marked {words_of(trade).fiat} paid"),
        "TimeGranted": ("clock", "", seller, "gave more time to pay"),
        "Disputed": ("scale", "is-court", opener, "opened the dispute"),
        "Released": ("circle-check", "is-safe", seller, "released the coins"),
        "Cancelled": ("history", "", buyer, "gave the coins back"),
        "Reclaimed": ("history", "", seller, "took the coins back"),
        "Settled": ("split", "is-safe", "Both", f"settled: {split}"),
        "Ruled": ("scale", "is-court", "The arbitrator", f"ruled: {split}"),
        "TimedOut": ("hourglass", "is-time", "Time", f"ran out: {split}"),
    }.get(row.name)
    if known is None:
        return None
    icon, tone, who, text = known
    depth = "" if row.confirmed else ", not settled yet"
    return Item(
        row.block_time,
        "chain",
        icon,
        tone,
        who,
        text,
        detail=f"block {row.block_number}{depth}",
        code=row.tx_hash,
    )


def _desk_items(case: Case | None) -> list[Item]:
    if case is None:
        return []
    read = [
        Item(
            int(row.created_at.timestamp()),
            "desk",
            "eye",
            "is-court",
            row.reader.label,
            "opened the record",
            detail=row.reason,
        )
        for row in case.readings.select_related("reader")
    ]
    asked = [
        Item(
            int(row.created_at.timestamp()), "desk", "scale", "is-court", row.by.label,
            f"asked {'both' if row.of == 'both' else 'the ' + row.of}", said=row.text, detail=f"due {row.due_at:%a %-d %b, %H:%M} UTC",
        )
        for row in case.requests.select_related("by")
    ]  # fmt: skip
    sent = [
        Item(
            int(row.sent_at.timestamp()),
            "desk",
            "scale",
            "is-court",
            row.by.label,
            "signed a ruling",
            code=row.evidence_hash,
        )
        for row in case.rulings.filter(sent_at__isnull=False).select_related("by")
        if row.sent_at
    ]
    return [*read, *asked, *sent]


def _filing_items(opening: Opening | None) -> list[Item]:
    filing = opening.filing if opening else None
    if filing is None:
        return []
    at, who = int(filing.created_at.timestamp()), filing.by.label
    words = [
        Item(
            at,
            "said",
            "pencil",
            "",
            who,
            f"filed: {filing.get_reason_display()}",
            said=filing.story,
        )
    ]
    pieces = [
        Item(at, "said", "file-text", "", who, label, said=text) for label, text in filing.pieces
    ]
    return [*words, *pieces]


def _statement_items(case: Case | None) -> list[Item]:
    if case is None:
        return []
    return [
        Item(
            int(row.created_at.timestamp()), "said", "file-text" if row.slot else "message-square", "", row.by.label,
            slot_label(row.slot) if row.slot else "wrote to the desk", said=row.text, code=row.text_hash,
        )
        for row in case.statements.select_related("by").order_by("id")
    ]  # fmt: skip


def _chat_items(trade: Trade) -> list[Item]:
    """When which side opened how many messages; what they say only the page can read, with the arbitrator's key."""
    return [
        Item(int(when.timestamp()), "chat", "message-square", "", who, _opened_text(count))
        for when, who, count in opened_for_desk(trade)
    ]


def _opened_text(count: int) -> str:
    return f"opened {count} message{'' if count == 1 else 's'} of the chat"


def _agrees(
    state: EscrowState, trade: Trade, escrow: Escrow | None, events: list[ChainEvent]
) -> bool:
    """Whether the contract's word and our rows can both be true: a closing that is not settled yet is no difference."""
    if escrow is None:
        return state.status == 0
    if state.status == 0:
        is_closed = escrow.status == EscrowStatus.CLOSED
        return is_closed or any(row.name in CLOSING and not row.confirmed for row in events)
    return state.funded_at == escrow.funded_at and trade.amount_base_units == escrow.amount
