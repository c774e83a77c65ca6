"""A broker that is full: it refuses aloud, /healthz says so, and trading goes on, since no truth is kept there."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import redis
from django.test import Client

from marketplace.accounts.models import User
from marketplace.trades.models import TradeEvent
from tests.drivers.trade import TradeDriver
from tests.integration.trades.conftest import driver

__all__ = ["driver"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def full_redis(redis_server: str) -> Iterator[redis.Redis]:
    """The hub's Redis with 8 MB, all of them taken."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        before = client.config_get("maxmemory")["maxmemory"]
        client.config_set("maxmemory", "8mb")
        yield client
        client.config_set("maxmemory", before)
        client.flushall()


def fill(client: redis.Redis) -> None:
    """Big pieces, then smaller ones, until not even ten bytes find room."""
    for size in (100_000, 1_000, 10):
        with pytest.raises(redis.ResponseError, match="maxmemory"):
            _fill_by(client, size)


def _fill_by(client: redis.Redis, size: int) -> None:
    for number in range(100_000):
        client.set(f"filling:{size}:{number}", b"x" * size)


def test_a_full_broker_is_an_alarm_and_trading_goes_on(
    driver: TradeDriver, alice: User, bob: User, full_redis: redis.Redis
) -> None:
    """Q09."""
    client = Client()
    client.force_login(bob)
    offer = driver.offer(alice)
    fill(full_redis)

    trade = driver.sign(driver.take(bob, offer))
    assert client.get(f"/trade/{trade.ref}/").status_code == 200
    driver.fund(trade)
    assert driver.settle_down(trade).status == "FUNDED"
    assert not TradeEvent.objects.filter(trade=trade, delivered_at=None).exists()

    # What the pages took away left a little room.
    fill(full_redis)
    said = client.get("/healthz")
    assert said.status_code == 503
    assert "redis: takes nothing more: " in said.text
