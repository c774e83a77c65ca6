"""The times of a trade as a file that calendars open (RFC 5545): UTC, alarms at half and a quarter for whose turn it is.

Each time keeps its UID for the life of the trade and SEQUENCE grows with the trade's history, so that a file fetched
again moves what a calendar has, and takes back what no longer runs. No amounts, names or accounts: calendars are shared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Alarm, Calendar, Event

from marketplace.trades.models import Trade
from marketplace.trades.states import (
    BEFORE_FUNDING,
    LATE_PAID_SECONDS,
    Role,
    Status,
    duty_of,
    shown_pay_by,
)

CALLED = timedelta(minutes=1)


@dataclass(frozen=True)
class Deadline:
    """One time of the trade, in seconds of the chain's clock. `who` owes something until then; `runs` while it counts."""

    name: str
    at: int
    runs: bool
    who: Role
    mine: str
    theirs: str


def deadlines_of(trade: Trade) -> list[Deadline]:
    """Every time that the trade has or had, in the order of its life; those it never reached are left out."""
    status = Status(trade.status)
    signs = status == Status.ASKED
    found = [
        Deadline(
            "lock",
            trade.fund_by,
            status in BEFORE_FUNDING,
            Role.BUYER if signs else Role.SELLER,
            "Sign the terms" if signs else "Lock the coins",
            "The other side signs" if signs else "The other side locks the coins",
        )
    ]
    if trade.funded_at:
        in_time = shown_pay_by(trade.pay_by)
        # The buyer of an extra lock owes nothing.
        pays = status == Status.FUNDED and not trade.is_extra
        late = trade.pay_by + LATE_PAID_SECONDS
        found += [
            Deadline("pay", in_time, pays, Role.BUYER, "Pay and say so", "The other side pays"),
            Deadline(
                "late",
                late,
                pays,
                Role.BUYER,
                "Last moment to say that you had paid",
                "Until now a late “paid” counts, unless you take the coins back",
            ),
        ]
    if trade.paid_at:
        found.append(
            Deadline(
                "check",
                trade.paid_at + trade.release_seconds,
                status == Status.PAID,
                Role.SELLER,
                "Check your bank: after this the coins go to the buyer",
                "The other side checks the bank: after this the coins go to you",
            )
        )
    if trade.disputed_at:
        judged = "The arbitrator decides: after this it is half each"
        ends = trade.disputed_at + trade.ruling_seconds
        found.append(
            Deadline("ruling", ends, status == Status.DISPUTED, Role.ARBITRATOR, judged, judged)
        )
    return found


def calendar_file(trade: Trade, role: Role, *, now: datetime) -> bytes:
    """The file for one of the two parties."""
    calendar = Calendar()
    calendar.add("prodid", "-//Parley//Trade deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"Trade {trade.ref}")
    for deadline in deadlines_of(trade):
        calendar.add_component(_event(trade, deadline, role, now))
    return bytes(calendar.to_ical())


def _event(trade: Trade, deadline: Deadline, role: Role, now: datetime) -> Event:
    host = urlsplit(settings.PUBLIC_ORIGIN).hostname
    url = f"{settings.PUBLIC_ORIGIN}/trade/{trade.ref}/"
    at = datetime.fromtimestamp(deadline.at, UTC)
    words = deadline.mine if role == deadline.who else deadline.theirs
    event = Event()
    event.add("uid", f"{trade.ref}-{deadline.name}@{host}")
    event.add("sequence", trade.event_count)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", at)
    event.add("dtend", at + CALLED)
    event.add("summary", f"{words} (trade {trade.ref})")
    event.add("description", f"{words}.\n{url}")
    event.add("url", url)
    event.add("transp", "TRANSPARENT")
    event.add("status", "CONFIRMED" if deadline.runs else "CANCELLED")
    if deadline.runs and role == deadline.who:
        for left in _alarms(trade, deadline):
            event.add_component(_alarm(words, left))
    return event


def _alarms(trade: Trade, deadline: Deadline) -> list[timedelta]:
    """How long before the end to ring: when half and when a quarter of the clock is left."""
    duty = duty_of(trade, funded_at=trade.funded_at, turn_at=trade.turn_at)
    length = max(deadline.at - duty.start, 0)
    return [timedelta(seconds=length // 2), timedelta(seconds=length // 4)]


def _alarm(words: str, left: timedelta) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", words)
    alarm.add("trigger", -left)
    return alarm
