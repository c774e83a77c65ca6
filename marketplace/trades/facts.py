"""The strip of proof under the room: what is locked where, what was said when, who decides, what silence does. Pure but for tags."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

from escrow.chain.types import ZERO_HASH
from marketplace.templatetags.parley import amount, tx, when
from marketplace.trades.models import Trade
from marketplace.trades.selectors import Traffic
from marketplace.trades.states import CHAIN_OUTCOMES, Role, Status
from marketplace.trades.terms import chain_of


@dataclass(frozen=True)
class Fact:
    """One cell: icon and caption, the fact itself, one line beneath."""

    icon: str
    label: str
    text: str | SafeString
    more: str | SafeString = ""


def facts_of(trade: Trade, role: Role, *, judge: str, traffic: Traffic) -> list[Fact]:
    """Four cells that fit the trade's state."""
    days = trade.ruling_seconds // 86_400
    disagree = Fact("scale", "If you disagree", judge, f"decides within {days} days")
    held_by = Fact(
        "file-text", "Held by", "Parley contract v1", tx(chain_of(trade).contract_address)
    )
    coins = amount(trade.amount_base_units, trade.asset)
    locked = Fact("lock", "Locked on chain", coins, _id_line(trade))
    status = Status(trade.status)
    if status in {Status.ASKED, Status.AGREED}:
        return [_on_its_way(trade, traffic, coins), held_by, disagree, _if_it_stalls(trade)]
    if status == Status.FUNDED:
        return [locked, held_by, disagree, _if_unpaid(trade, role)]
    paid = Fact("banknote", "Marked paid", when(trade.paid_at))
    if status == Status.PAID:
        return [locked, paid, disagree, _if_silent(trade, role)]
    if status == Status.DISPUTED:
        opened = Fact(
            "scale",
            "Dispute opened",
            when(trade.disputed_at),
            f"by {_name(trade, role, trade.disputed_by)}",
        )
        nobody = Fact(
            "hourglass",
            "If nobody decides",
            when(trade.since + trade.ruling_seconds),
            "half each, no fee",
        )
        return [Fact("lock", "Still locked", coins, _id_line(trade)), paid, opened, nobody]
    if trade.outcome in CHAIN_OUTCOMES:
        return [
            Fact("lock", "Was locked", coins, _id_line(trade)),
            Fact("circle-check", "Ended on chain", when(trade.closed_at, "full")),
            held_by,
            Fact("life-buoy", "Trouble later?", "Help stays open", "90 days for this trade"),
        ]
    return [
        Fact("x", "Nothing was locked", "nothing is owed"),
        Fact("clock", "Ended", when(trade.closed_at)),
    ]


def _id_line(trade: Trade) -> SafeString:
    return tx(trade.trade_id or ZERO_HASH)


def _on_its_way(trade: Trade, traffic: Traffic, coins: SafeString) -> Fact:
    if traffic.pending is not None:
        line = format_html(
            "{} · {} of {}",
            tx(traffic.pending.tx_hash),
            traffic.pending.confirmations,
            traffic.pending.depth,
        )
        return Fact("lock", "On its way", coins, line)
    return Fact("lock", "To be locked", coins, "by the seller, in one step")


def _if_it_stalls(trade: Trade) -> Fact:
    return Fact("clock", "If it stalls", when(trade.fund_by), "the trade lapses, no mark")


def _if_unpaid(trade: Trade, role: Role) -> Fact:
    label = "If you do not pay" if role == Role.BUYER else "If no payment is told"
    who = (
        f"{trade.seller.label} may take them back"
        if role == Role.BUYER
        else "you may take them back"
    )
    return Fact("history", label, when(trade.pay_by), who)


def _if_silent(trade: Trade, role: Role) -> Fact:
    until = when(trade.since + trade.release_seconds)
    if role == Role.SELLER:
        return Fact("history", "If you do nothing", until, f"the coins go to {trade.buyer.label}")
    return Fact("history", f"If {trade.seller.label} stays silent", until, "the coins are yours")


def _name(trade: Trade, role: Role, by: str) -> str:
    if by == role:
        return "you"
    return trade.buyer.label if by == Role.BUYER else trade.seller.label
