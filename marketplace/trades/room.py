"""The trade room as one value: everything its template prints, already decided. No write, no HTML beyond times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from escrow.selectors import ChainHealth, PendingEvent, chain_clock, chain_health
from marketplace.accounts.models import User
from marketplace.money import fee_base_units, fiat_text, net_of_fee, split_parts
from marketplace.offers.arbitrators import arbitrator
from marketplace.payments.catalogue import method, pay_text
from marketplace.prices.selectors import PriceUnavailable, reference_price
from marketplace.reputation.selectors import Record, record_for, together
from marketplace.trades.access import role_of
from marketplace.trades.endings import Ending, ending_of, timeout_variant
from marketplace.trades.facts import Fact, facts_of
from marketplace.trades.lockbar import Step, lock_steps
from marketplace.trades.models import Proposal, SettleProposal, Trade
from marketplace.trades.selectors import (
    Traffic,
    can_record_paid,
    open_proposal,
    open_settle,
    payee_opening,
    payer_opening,
    traffic_of,
    trade_sheet,
)
from marketplace.trades.stage import Around, Stage, is_turn, stage_of
from marketplace.trades.states import (
    CHAIN_OUTCOMES,
    DAY_SECONDS,
    LATE_PAID_SECONDS,
    LIVE,
    LONGEST_GRANT_SECONDS,
    READY_SECONDS,
    Duty,
    Move,
    Role,
    Status,
    available_moves,
    duty_of,
    shown_pay_by,
)
from marketplace.trades.terms import Words, coins_text, plain_number, words_of
from realtime.presence import is_here

GRANT_SECONDS = 1800


@dataclass(frozen=True)
class CopyRow:
    """One line of an account: what it is, the text as it is copied."""

    label: str
    value: str


@dataclass(frozen=True)
class LedgerRow:
    """One line of a sum; the last is the one that counts."""

    label: str
    text: str
    is_sum: bool = False


@dataclass(frozen=True)
class Split:
    """A split on the table, in words and in parts."""

    proposal: SettleProposal
    is_mine: bool
    buyer_text: str
    seller_text: str
    fee_text: str


@dataclass(frozen=True)
class Card:
    """A proposal of other terms, in words."""

    proposal: Proposal
    is_mine: bool
    coins: str
    net: str
    fee: str
    fiat: str
    price: str
    method: str
    pay_text: str


@dataclass(frozen=True)
class Room:
    """What the room of one trade says to one of its two people at one second."""

    trade: Trade
    viewer: User
    peer: User
    role: Role
    now: int
    stage: Stage
    is_turn: bool
    moves: frozenset[str]
    words: Words
    duty: Duty
    judge: str
    chip: tuple[str, str]
    steps: list[Step]
    facts: list[Fact]
    ledger: list[LedgerRow]
    health: ChainHealth
    traffic: Traffic
    pending: PendingEvent | None
    card: Card | None
    split: Split | None
    ending: Ending | None
    payee_rows: list[CopyRow]
    payer_name: str
    own_account: str
    methods: list[tuple[str, str]]
    against_market: str
    record: Record
    together: int
    peer_is_here: bool
    quick_replies: tuple[str, ...]
    sheet: dict[str, Any]
    signed_file: str = ""
    proposals: list[Card] = field(default_factory=list)

    @property
    def template(self) -> str:
        """The template of the action block."""
        return f"marketplace/trades/acts/{self.stage}.html"

    @property
    def is_buyer(self) -> bool:
        """Whether the reader pays the ordinary money."""
        return self.role == Role.BUYER

    @property
    def is_live(self) -> bool:
        """Whether coins are locked."""
        return self.trade.status in LIVE

    @property
    def is_leaving_free(self) -> bool:
        """Whether one may still just leave."""
        return Move.DECLINE in self.moves

    @property
    def paid_until(self) -> int:
        """The page's zero for paying."""
        return shown_pay_by(self.trade.pay_by)

    @property
    def late_until(self) -> int:
        """Until when a late "paid" counts, unless the coins were taken back."""
        return self.trade.pay_by + LATE_PAID_SECONDS

    @property
    def release_until(self) -> int:
        """When silence gives the coins to the buyer."""
        return self.trade.since + self.trade.release_seconds

    @property
    def ruling_until(self) -> int:
        """When silence of the arbitrator halves the coins."""
        return self.trade.since + self.trade.ruling_seconds

    @property
    def ready_until(self) -> int:
        """When the ready check ends."""
        return self.trade.ready_asked_at + READY_SECONDS

    @property
    def duty_seconds(self) -> int:
        """The whole length of the running clock, for the ring."""
        return max(self.duty.until - self.duty.start, 1)

    @property
    def grant_until(self) -> int:
        """The payBy that half an hour more would make."""
        return min(self.trade.pay_by + GRANT_SECONDS, self.now + LONGEST_GRANT_SECONDS)

    @property
    def settle_deadline(self) -> int:
        """When a split signed now would end."""
        return self.now + DAY_SECONDS

    @property
    def seen_pattern(self) -> str:
        """What the amount typed from one's own bank must look like: the agreed sum, with point or comma."""
        whole, _, part = self.words.fiat.split(" ")[0].partition(".")
        if not part:
            return whole
        tail = f"[.,]{part}"
        return f"{whole}({tail})?" if set(part) == {"0"} else f"{whole}{tail}"

    @property
    def seen_example(self) -> str:
        """The agreed sum as digits."""
        return self.words.fiat.split(" ")[0]

    @property
    def has_paid(self) -> bool:
        """Whether "paid" was said before, so that a cancel needs its statement."""
        return self.trade.status in {Status.PAID, Status.DISPUTED}


def room_of(trade: Trade, viewer: User) -> Room:
    """The room for one of the two parties."""
    role = role_of(viewer, trade)
    if role is None:
        raise PermissionError(f"{viewer} is no party of {trade}")
    now = chain_clock()
    peer = trade.seller if role == Role.BUYER else trade.buyer
    health, traffic = chain_health(), traffic_of(trade)
    card, split = open_proposal(trade, now), open_settle(trade, now)
    paying = role == Role.BUYER and trade.status == Status.FUNDED
    can_record = can_record_paid(trade, health) if paying else True
    stage = stage_of(trade, role, now, _around(trade, card, traffic, can_record))
    judge = arbitrator(trade.arbitrator)
    judge_name = judge.name if judge else trade.arbitrator
    words, duty = words_of(trade), duty_of(trade, funded_at=trade.funded_at, turn_at=trade.turn_at)
    opening = payee_opening(trade, role, now=now, traffic=traffic, can_record=can_record)
    payer = payer_opening(trade, role)
    ending = _ending(trade, role) if trade.status == Status.CLOSED else None
    return Room(
        trade=trade,
        viewer=viewer,
        peer=peer,
        role=role,
        now=now,
        stage=stage,
        is_turn=is_turn(stage),
        moves=available_moves(trade, role, now),
        words=words,
        duty=duty,
        judge=judge_name,
        chip=_chip(stage, peer, ending),
        steps=lock_steps(trade, role, now=now, judge=judge_name, is_filling=stage == Stage.LOCKING),
        facts=facts_of(trade, role, judge=judge_name, traffic=traffic),
        ledger=_ledger(trade, role, words),
        health=health,
        traffic=traffic,
        pending=traffic.pending,
        card=_card(trade, card, role) if card else None,
        split=_split(trade, split, role) if split else None,
        ending=ending,
        payee_rows=_copy_rows(trade, opening),
        payer_name=(payer or {}).get("details", {}).get("name", ""),
        own_account=_masked(trade) if role == Role.SELLER else "",
        methods=_methods(trade) if trade.status in {Status.ASKED, Status.AGREED} else [],
        against_market=_against_market(trade),
        record=record_for(peer),
        together=together(viewer, peer),
        peer_is_here=is_here(f"trade:{trade.ref}", peer.pk),
        quick_replies=QUICK_REPLIES.get((role, Status(trade.status)), ()),
        sheet=trade_sheet(trade, viewer, role),
        signed_file=_signed_file(trade, viewer, traffic),
    )


def _around(trade: Trade, card: Proposal | None, traffic: Traffic, can_record: bool) -> Around:
    return Around(
        proposal_by=Role(card.by) if card else None,
        on_its_way=traffic.move,
        can_record=can_record,
        has_payer=bool(trade.payer_commitment),
        asked_ready_at=trade.ready_asked_at,
        extra=trade.extra,
        ended_on_chain=trade.outcome in CHAIN_OUTCOMES,
    )


def _ending(trade: Trade, role: Role) -> Ending:
    before = Status.DISPUTED if trade.disputed_at else Status.PAID if trade.paid_at else Status.FUNDED
    told = ending_of(trade.outcome, role, close_reason=trade.close_reason, variant=timeout_variant(before))
    peer = trade.seller if role == Role.BUYER else trade.buyer
    words = words_of(trade)
    to_buyer = trade.to_buyer or 0
    fee = fee_base_units(to_buyer, trade.fee_bps) if trade.outcome in {"SETTLED", "RELEASED"} else 0
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
    kind = _CHIPS.get(stage)
    return (kind, "") if kind else ("waiting", f"Waiting for {peer.label}")


def _ledger(trade: Trade, role: Role, words: Words) -> list[LedgerRow]:
    """The sum of the trade; after a split or a ruling, of what was paid out."""
    paid = LedgerRow(f"You pay, {words.method}" if role == Role.BUYER else f"You are paid, {words.method}", words.fiat)
    amount, fee_bps = trade.amount_base_units, trade.fee_bps
    fee_label = f"Fee, {fee_bps // 100}.{fee_bps % 100:02d} %".replace("0 %", " %")
    if trade.status == Status.CLOSED and trade.outcome in {"SETTLED", "RULED", "TIMED_OUT", "CANCELLED", "RECLAIMED"}:
        return _paid_out(trade, role, fee_label)
    locks = LedgerRow(f"{trade.seller.label} locks" if role == Role.BUYER else "You lock", words.coins)
    fee = LedgerRow(fee_label, f"−{coins_text(trade, fee_base_units(amount, fee_bps))}")
    gets = "You get" if role == Role.BUYER else f"{trade.buyer.label} gets"
    return [paid, locks, fee, LedgerRow(gets, words.net, is_sum=True)]


def _paid_out(trade: Trade, role: Role, fee_label: str) -> list[LedgerRow]:
    to_buyer = trade.to_buyer or 0
    free = trade.outcome in {"RULED"} or (trade.outcome == "TIMED_OUT" and trade.disputed_at)
    buyer, seller, fee = split_parts(trade.amount_base_units, to_buyer, 0 if free else trade.fee_bps)
    rows = [LedgerRow("Locked", coins_text(trade, trade.amount_base_units))]
    if fee:
        rows.append(LedgerRow(fee_label, f"−{coins_text(trade, fee)}"))
    mine, other = (buyer, seller) if role == Role.BUYER else (seller, buyer)
    peer = trade.seller if role == Role.BUYER else trade.buyer
    rows.append(LedgerRow(f"To {peer.label}", coins_text(trade, other)))
    return [*rows, LedgerRow("To you", coins_text(trade, mine), is_sum=True)]


def _card(trade: Trade, proposal: Proposal, role: Role) -> Card:
    net = net_of_fee(proposal.amount_base_units, trade.fee_bps)
    return Card(
        proposal=proposal,
        is_mine=proposal.by == role,
        coins=coins_text(trade, proposal.amount_base_units),
        net=coins_text(trade, net),
        fee=coins_text(trade, proposal.amount_base_units - net),
        fiat=f"{fiat_text(proposal.fiat_amount, trade.currency)} {trade.currency}",
        price=plain_number(proposal.price),
        method=method(proposal.method).name,
        pay_text=pay_text(proposal.pay_seconds),
    )


def _split(trade: Trade, proposal: SettleProposal, role: Role) -> Split:
    buyer, seller, fee = split_parts(trade.amount_base_units, proposal.to_buyer, trade.fee_bps)
    return Split(
        proposal=proposal,
        is_mine=proposal.by == role,
        buyer_text=coins_text(trade, buyer),
        seller_text=coins_text(trade, seller),
        fee_text=coins_text(trade, fee),
    )


def _copy_rows(trade: Trade, opening: dict[str, Any] | None) -> list[CopyRow]:
    if opening is None:
        return []
    details: dict[str, str] = opening["details"]
    fields = method(trade.method).payee_fields
    known = [CopyRow(entry.label, details[entry.name]) for entry in fields if details.get(entry.name)]
    return [*known, CopyRow("Reference", trade.payment_reference)]


def _masked(trade: Trade) -> str:
    """The seller's own account, enough of it to know which one."""
    details: dict[str, str] = (trade.payee_opening or {}).get("details", {})
    longest = max((value for name, value in details.items() if name != "name"), key=len, default="")
    return longest if len(longest) <= 10 else f"{longest[:4]} … {longest[-4:]}"


def _methods(trade: Trade) -> list[tuple[str, str]]:
    codes = trade.offer.methods.values_list("method", flat=True) if trade.offer.is_sell else [trade.method]
    return [(code, method(code).name) for code in codes]


def _against_market(trade: Trade) -> str:
    """ "0.4 % under market", or nothing when no price is at hand."""
    try:
        reference = reference_price(trade.asset.symbol, trade.currency).value
    except PriceUnavailable:
        return ""
    thousandths = int((trade.price / reference - 1) * 1000)
    if thousandths == 0:
        return "at market"
    return f"{abs(thousandths) // 10}.{abs(thousandths) % 10} % {'under' if thousandths < 0 else 'over'} market"


def _signed_file(trade: Trade, viewer: User, traffic: Traffic) -> str:
    """Where the viewer's own waiting call can be saved, so that anybody can send it without us."""
    mine = next((call for call in traffic.calls if call.signer == viewer.address), None)
    return f"/trade/{trade.ref}/signed/{mine.pk}.json" if mine is not None and trade.status in LIVE else ""


_CHIPS = {
    Stage.QUEUED: "waiting",
    Stage.OVER: "ended",
    Stage.WAIT_LOCK: "locking",
    Stage.LOCKING: "locking",
    Stage.ON_ITS_WAY: "locking",
    Stage.PAY_WITHHELD: "paused",
    Stage.PAY_OVER: "late",
    Stage.WAIT_CONFIRM: "paid",
    Stage.EXTRA_SELLER: "paused",
    Stage.CONFIRM_OVER: "late",
    Stage.DISPUTED: "in-review",
    Stage.DISPUTED_OVER: "in-review",
}

QUICK_REPLIES = {
    (Role.BUYER, Status.ASKED): ("That works for me", "A little less?", "I need 5 minutes"),
    (Role.SELLER, Status.ASKED): ("That works for me", "Shall we meet in the middle?"),
    (Role.BUYER, Status.AGREED): ("I am here", "How long does it take?"),
    (Role.SELLER, Status.AGREED): ("Locking now, one moment", "Are you here?"),
    (Role.BUYER, Status.FUNDED): ("It is on its way", "My bank asks for a code", "I need more time"),
    (Role.SELLER, Status.FUNDED): ("Take your time", "Please write only the reference"),
    (Role.BUYER, Status.PAID): ("It left my account", "Do you see it?"),
    (Role.SELLER, Status.PAID): ("I see it, releasing", "Not here yet", "Which name did it come from?"),
    (Role.BUYER, Status.DISPUTED): ("I am adding it now", "I need until tonight"),
    (Role.SELLER, Status.DISPUTED): ("I am adding it now", "I need until tonight"),
    (Role.BUYER, Status.CLOSED): ("Thank you", "Same again next week?"),
    (Role.SELLER, Status.CLOSED): ("Thank you", "Same again next week?"),
}
