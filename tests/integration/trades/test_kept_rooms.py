"""How long a trade's conversation is kept: while it goes on, a set time after its end, longer after a case."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from chat.models import Room
from marketplace.accounts.models import User
from marketplace.disputes.tasks import sweep_cases
from marketplace.trades.models import Trade
from tests.drivers.trade import TradeDriver

pytestmark = pytest.mark.django_db


def days_kept(trade: Trade) -> float | None:
    kept = Room.objects.get(key=trade.room_key).kept_until
    return None if kept is None else (kept - timezone.now()) / timedelta(days=1)


def test_conversation_is_kept_a_set_time_after_the_end(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.paid(alice, bob)
    assert days_kept(trade) is None
    driver.send_move(trade, alice, "release")
    trade = driver.settle_down(trade)
    assert days_kept(trade) == pytest.approx(settings.CHAT_KEPT_DAYS, abs=0.1)


def test_conversation_of_a_case_is_kept_longer(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.disputed(alice, bob)
    sweep_cases()
    assert days_kept(trade) is None
    driver.send_move(trade, alice, "release")
    trade = driver.settle_down(trade)
    sweep_cases()
    assert days_kept(trade) == pytest.approx(settings.EVIDENCE_KEPT_DAYS, abs=0.1)
