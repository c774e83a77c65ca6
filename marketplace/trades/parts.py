"""Parts of the room: sums, accounts, cards and splits in the words a page prints. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marketplace.money import fee_base_units, fiat_text, net_of_fee, split_parts
from marketplace.payments.catalogue import method, pay_text
from marketplace.prices.selectors import PriceUnavailable, reference_price
from marketplace.trades.models import Proposal, SettleProposal, Trade
from marketplace.trades.states import Outcome, Role, Status
from marketplace.trades.terms import Words, coins_text, plain_number

SPLIT_OUTCOMES = frozenset(
    {Outcome.SETTLED, Outcome.RULED, Outcome.TIMED_OUT, Outcome.CANCELLED, Outcome.RECLAIMED}
)


@dataclass(frozen=True)
class CopyRow:
    """One line of an account: what it is, the text as it is copied, and as it is read."""

    label: str
    value: str

    @property
    def shown(self) -> str:
        """Long numbers in groups of four; copying gives them without the spaces."""
        is_number = (
            len(self.value) > 12 and self.value.isalnum() and self.value.upper() == self.value
        )
        return (
            " ".join(self.value[at : at + 4] for at in range(0, len(self.value), 4))
            if is_number
            else self.value
        )


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


def ledger_of(trade: Trade, role: Role, words: Words) -> list[LedgerRow]:
    """The sum of the trade; after a split or a ruling, of what was paid out."""
    paid = LedgerRow(
        f"You pay, {words.method}" if role == Role.BUYER else f"You are paid, {words.method}",
        words.fiat,
    )
    amount, fee_bps = trade.amount_base_units, trade.fee_bps
    fee_label = f"Fee, {fee_bps // 100}.{fee_bps % 100:02d} %".replace("0 %", " %")
    if trade.status == Status.CLOSED and trade.outcome in SPLIT_OUTCOMES:
        return _paid_out(trade, role, fee_label)
    locks = LedgerRow(
        f"{trade.seller.label} locks" if role == Role.BUYER else "You lock", words.coins
    )
    fee = LedgerRow(fee_label, f"−{coins_text(trade, fee_base_units(amount, fee_bps))}")
    gets = "You get" if role == Role.BUYER else f"{trade.buyer.label} gets"
    return [paid, locks, fee, LedgerRow(gets, words.net, is_sum=True)]


def _paid_out(trade: Trade, role: Role, fee_label: str) -> list[LedgerRow]:
    to_buyer = trade.to_buyer or 0
    free = trade.outcome == Outcome.RULED or (
        trade.outcome == Outcome.TIMED_OUT and trade.disputed_at
    )
    buyer, seller, fee = split_parts(
        trade.amount_base_units, to_buyer, 0 if free else trade.fee_bps
    )
    rows = [LedgerRow("Locked", coins_text(trade, trade.amount_base_units))]
    if fee:
        rows.append(LedgerRow(fee_label, f"−{coins_text(trade, fee)}"))
    mine, other = (buyer, seller) if role == Role.BUYER else (seller, buyer)
    peer = trade.seller if role == Role.BUYER else trade.buyer
    rows.append(LedgerRow(f"To {peer.label}", coins_text(trade, other)))
    return [*rows, LedgerRow("To you", coins_text(trade, mine), is_sum=True)]


def card_of(trade: Trade, proposal: Proposal, role: Role) -> Card:
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


def split_of(trade: Trade, proposal: SettleProposal, role: Role) -> Split:
    buyer, seller, fee = split_parts(trade.amount_base_units, proposal.to_buyer, trade.fee_bps)
    return Split(
        proposal=proposal,
        is_mine=proposal.by == role,
        buyer_text=coins_text(trade, buyer),
        seller_text=coins_text(trade, seller),
        fee_text=coins_text(trade, fee),
    )


def copy_rows(trade: Trade, opening: dict[str, Any] | None) -> list[CopyRow]:
    if opening is None:
        return []
    details: dict[str, str] = opening["details"]
    fields = method(trade.method).payee_fields
    known = [
        CopyRow(entry.label, details[entry.name]) for entry in fields if details.get(entry.name)
    ]
    return [*known, CopyRow("Reference", trade.payment_reference)]


def masked_account(trade: Trade) -> str:
    """The seller's own account, enough of it to know which one."""
    details: dict[str, str] = (trade.payee_opening or {}).get("details", {})
    longest = max((value for name, value in details.items() if name != "name"), key=len, default="")
    return longest if len(longest) <= 10 else f"{longest[:4]} … {longest[-4:]}"


def methods_of(trade: Trade) -> list[tuple[str, str]]:
    codes = (
        trade.offer.methods.values_list("method", flat=True)
        if trade.offer.is_sell
        else [trade.method]
    )
    return [(code, method(code).name) for code in codes]


def against_market(trade: Trade) -> str:
    """ "0.4 % under market", or nothing when no price is at hand."""
    try:
        reference = reference_price(trade.asset.symbol, trade.currency).value
    except PriceUnavailable:
        return ""
    thousandths = int((trade.price / reference - 1) * 1000)
    if thousandths == 0:
        return "at market"
    return f"{abs(thousandths) // 10}.{abs(thousandths) % 10} % {'under' if thousandths < 0 else 'over'} market"
