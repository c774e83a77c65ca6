"""The four chambers of the lock as the room draws them: whose key each gate has, and until when. Pure but for time tags."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from marketplace.payments.catalogue import pay_text
from marketplace.templatetags.parley import when
from marketplace.trades.models import Trade
from marketplace.trades.states import Extra, Outcome, Role, Status, shown_pay_by

Step = dict[str, Any]
YOU = "You"


def lock_steps(trade: Trade, role: Role, *, now: int, judge: str, is_filling: bool) -> list[Step]:
    """Lock, pay, confirm, released: each with its name, its keeper and time, and how much of the time is left."""
    is_buyer = role == Role.BUYER
    names = _Names(
        seller=YOU if not is_buyer else trade.seller.label,
        buyer=YOU if is_buyer else trade.buyer.label,
        judge=judge,
    )
    status = Status(trade.status)
    if status in {Status.ASKED, Status.AGREED} or (status == Status.CLOSED and not trade.funded_at):
        return _before(trade, names, is_filling=is_filling)
    if status == Status.FUNDED:
        return _funded(trade, names, now)
    if status == Status.PAID:
        return _paid(trade, names, now)
    if status == Status.DISPUTED:
        return _disputed(trade, names, now)
    return _closed(trade, names)


class _Names:
    def __init__(self, *, seller: str, buyer: str, judge: str) -> None:
        self.seller, self.buyer, self.judge = seller, buyer, judge
        self.to_buyer = "To you" if buyer == YOU else f"To {buyer}"


def _before(trade: Trade, names: _Names, *, is_filling: bool) -> list[Step]:
    agreed = trade.status == Status.AGREED
    by = (
        _at(names.seller, "by", trade.fund_by, "clock")
        if agreed
        else f"{names.seller}, once agreed"
    )
    lock = {
        "name": "Locking" if is_filling else "Lock",
        "by": by,
        "state": "filling" if is_filling or agreed else "",
    }
    if trade.status == Status.CLOSED:
        lock = {"name": "Not locked", "by": "nothing is owed"}
    return [
        lock,
        {"name": "Pay", "by": f"{names.buyer}, {pay_text(trade.pay_seconds)}"},
        {"name": "Confirm", "by": f"{names.seller}, in the bank"},
        {"name": "Released", "by": names.to_buyer},
    ]


def _funded(trade: Trade, names: _Names, now: int) -> list[Step]:
    until = shown_pay_by(trade.pay_by)
    pay = {
        "name": "Pay",
        "by": _at(names.buyer, "by", until),
        "state": "here",
        "left": _left(trade.funded_at, until, now),
    }
    if trade.extra == Extra.RELOCKED:
        pay = {"name": "Paid late?", "by": f"{names.buyer}, not twice", "state": "here"}
    elif trade.extra:
        pay = {
            "name": "Do not pay",
            "by": "outside the agreement",
            "state": "held",
            "icon": "triangle-alert",
        }
    return [
        _locked(trade, names),
        pay,
        {"name": "Confirm", "by": f"{names.seller}, in the bank"},
        {"name": "Released", "by": names.to_buyer},
    ]


def _paid(trade: Trade, names: _Names, now: int) -> list[Step]:
    until = trade.since + trade.release_seconds
    by = _at(names.seller, "by", until)
    return [
        _locked(trade, names),
        {"name": "Paid", "by": _at(names.buyer, "", trade.paid_at), "state": "open"},
        {"name": "Confirm", "by": by, "state": "here", "left": _left(trade.since, until, now)},
        {"name": "Released", "by": names.to_buyer},
    ]


def _disputed(trade: Trade, names: _Names, now: int) -> list[Step]:
    until = trade.since + trade.ruling_seconds
    return [
        _locked(trade, names),
        {"name": "Paid", "by": _at(names.buyer, "", trade.paid_at), "state": "open"},
        {
            "name": "In review",
            "by": _at(names.judge, "by", until),
            "state": "held",
            "left": _left(trade.since, until, now),
        },
        {"name": "Paid out", "by": "As decided", "state": "ruled"},
    ]


def _closed(trade: Trade, names: _Names) -> list[Step]:
    paid, third = {"name": "Not paid", "by": ""}, {"name": "Confirm", "by": ""}
    if trade.paid_at:
        paid = {"name": "Paid", "by": _at(names.buyer, "", trade.paid_at), "state": "open"}
    if trade.disputed_at:
        who = {Role.BUYER: names.buyer, Role.SELLER: names.seller}[Role(trade.disputed_by)]
        third = {
            "name": "In review",
            "by": _at(who, "", trade.disputed_at),
            "state": "held",
            "icon": "scale",
        }
    elif trade.outcome == Outcome.RELEASED:
        third = {"name": "Confirmed", "by": _at(names.seller, "", trade.closed_at), "state": "open"}
    to, name = _ENDS.get(Outcome(trade.outcome), ("", "Ended"))
    person = {"buyer": names.buyer, "seller": names.seller}.get(to, "")
    state = "ruled" if trade.disputed_at else "open"
    return [
        _locked(trade, names),
        paid,
        third,
        {"name": name, "by": _at(person, "", trade.closed_at), "state": state},
    ]


def _locked(trade: Trade, names: _Names) -> Step:
    return {"name": "Locked", "by": _at(names.seller, "", trade.funded_at), "state": "open"}


def _at(who: str, word: str, epoch: int, style: str = "short") -> SafeString:
    """ "Marta, by 14:32" """
    prefix = ", ".join(part for part in (who, word) if part)
    return (
        format_html("{} {}" if word else "{}, {}", prefix, when(epoch, style))
        if prefix
        else format_html("{}", when(epoch, style))
    )


def _left(start: int, until: int, now: int) -> str:
    """The share of a clock that is left, in thousandths as decimal text."""
    length = max(until - start, 1)
    thousandths = min(max(until - now, 0), length) * 1000 // length
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"


_ENDS = {
    Outcome.RELEASED: ("buyer", "Released"),
    Outcome.CANCELLED: ("seller", "Returned"),
    Outcome.RECLAIMED: ("seller", "Returned"),
    Outcome.SETTLED: ("", "Settled"),
    Outcome.RULED: ("", "Decided"),
    Outcome.TIMED_OUT: ("", "Time ran out"),
}
