"""/healthz: one line per part; 200 only when all work."""

import pytest
from django.core.cache import cache

from stack import health, services

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker_seen():
    health.beat()


def lines(client):
    response = client.get("/healthz")
    return response.status_code, dict(line.split(": ", 1) for line in response.text.splitlines())


def test_parts_are_named_in_their_order(client):
    _, parts = lines(client)
    assert list(parts) == ["database", "redis", "worker", "chain", "relayer", "auditor"]


def test_absent_worker_is_said_and_makes_it_unwell(client):
    status, parts = lines(client)
    assert status == 503
    assert parts["redis"] == "ok"
    assert parts["worker"] == "no worker was seen"


def test_worker_that_stopped_beating_is_said(client):
    cache.set(health.HEARTBEAT_KEY, 1_000_000_000.0)
    _, parts = lines(client)
    assert parts["worker"].startswith("the worker was last seen ")


def test_worker_that_beats_is_well(client, worker_seen):
    _, parts = lines(client)
    assert parts["worker"] == "ok"


def test_redis_that_is_away_is_said_and_hides_nothing_else(client, settings):
    nobody = f"redis://127.0.0.1:{services.free_port()}/0"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": nobody}}
    status, parts = lines(client)
    assert status == 503
    assert parts["redis"].startswith("ConnectionError")
    assert list(parts) == ["database", "redis", "worker", "chain", "relayer", "auditor"]


def test_answer_is_never_kept(client):
    assert "no-store" in client.get("/healthz")["Cache-Control"]


def test_only_reading_is_offered(client):
    assert client.post("/healthz").status_code == 405
