"""The calendar file: the times that run, in UTC, with alarms for whose turn it is; fetched again it moves them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from icalendar import Calendar

from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from marketplace.trades.states import LATE_PAID_SECONDS, shown_pay_by
from tests.drivers.trade import TradeDriver

pytestmark = pytest.mark.django_db


def events(trade: Trade, user: User) -> dict[str, Any]:
    """The events of a person's file by the first part of their name."""
    client = Client()
    client.force_login(user)
    answer = client.get(f"/trade/{trade.ref}/deadlines.ics")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    text = answer.content.decode()
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert not [word for word in ("250 USDC", "231.40", "Alice", "Bob") if word in text]
    calendar = Calendar.from_ical(text)
    assert (calendar["METHOD"], calendar["VERSION"]) == ("PUBLISH", "2.0")
    found = {str(event["UID"]): event for event in calendar.walk("VEVENT")}
    return {uid.removeprefix(f"{trade.ref}-").split("@")[0]: found[uid] for uid in found}


def at(event: Any) -> int:
    moment: datetime = event["DTSTART"].dt
    assert moment.tzinfo is not None
    assert moment.utcoffset() == timedelta(0)
    return int(moment.astimezone(UTC).timestamp())


def alarms(event: Any) -> list[int]:
    return [int(-alarm["TRIGGER"].dt.total_seconds()) for alarm in event.walk("VALARM")]


def test_the_file_holds_what_runs_and_moves_it_when_fetched_again(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.funded(alice, bob)
    buyer, seller = events(trade, bob), events(trade, alice)
    assert list(buyer) == list(seller) == ["lock", "pay", "late"]
    in_time = shown_pay_by(trade.pay_by)
    assert at(buyer["pay"]) == in_time
    assert at(buyer["late"]) == trade.pay_by + LATE_PAID_SECONDS
    length = in_time - trade.funded_at
    assert alarms(buyer["pay"]) == [length // 2, length // 4]
    assert alarms(seller["pay"]) == []
    assert buyer["lock"]["STATUS"] == "CANCELLED"
    assert buyer["pay"]["STATUS"] == "CONFIRMED"

    driver.sign_move(trade, alice, "grantTime", newPayBy=trade.pay_by + 3600)
    longer = driver.settle_down(trade)
    again = events(longer, bob)
    assert again["pay"]["UID"] == buyer["pay"]["UID"]
    assert int(again["pay"]["SEQUENCE"]) > int(buyer["pay"]["SEQUENCE"])
    assert at(again["pay"]) == in_time + 3600

    driver.sign_move(longer, bob, "markPaid")
    paid = driver.settle_down(longer)
    last = events(paid, alice)
    assert [last[name]["STATUS"] for name in last] == ["CANCELLED"] * 3 + ["CONFIRMED"]
    assert at(last["check"]) == paid.paid_at + paid.release_seconds
    assert alarms(last["check"]) == [paid.release_seconds // 2, paid.release_seconds // 4]


def test_only_the_parties_get_it(driver: TradeDriver, alice: User, bob: User, carol: User) -> None:
    trade = driver.take(bob, driver.offer(alice))
    client = Client()
    path = f"/trade/{trade.ref}/deadlines.ics"
    assert client.get(path)["Location"].startswith("/connect/")
    client.force_login(carol)
    assert client.get(path).status_code == 404
