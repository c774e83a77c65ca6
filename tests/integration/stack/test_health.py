"""/healthz: one line per part; 200 only when all work."""

import time

import pytest
from django.core.cache import cache

from stack import health, services

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker_seen():
    for name in health.LATE_AFTER_SECONDS:
        health.note_seen(name)


def lines(client):
    response = client.get("/healthz")
    return response.status_code, dict(line.split(": ", 1) for line in response.text.splitlines())


def test_parts_are_named_in_their_order(client):
    _, parts = lines(client)
    assert list(parts) == ["database", "redis", "schedule", "worker", "chain", "relayer", "auditor"]


def test_absent_worker_is_said_and_makes_it_unwell(client):
    status, parts = lines(client)
    assert status == 503
    assert parts["redis"] == "ok"
    assert parts["schedule"] == "the schedule was not seen"
    assert parts["worker"].startswith("the worker of chain was not seen; ")


def test_schedule_that_stopped_is_said_after_two_periods_and_the_workers_are_not_blamed(
    client, worker_seen
):
    """Q06: nobody asks the workers any more, which is not their fault."""
    cache.set("stack:seen:schedule", time.time() - 2 * health.BEAT_SECONDS - 1)
    _, parts = lines(client)
    assert parts["schedule"] == "the schedule was last seen 11 s ago"
    assert parts["worker"] == "ok"


@pytest.mark.parametrize("queue", ["chain", "notify", "bulk"])
def test_a_queue_nobody_works_on_is_said(client, worker_seen, queue):
    late = health.LATE_AFTER_SECONDS[queue] + 10
    cache.set(f"stack:seen:{queue}", time.time() - late)
    _, parts = lines(client)
    assert parts["worker"] == f"the worker of {queue} was last seen {late} s ago"
    assert parts["schedule"] == "ok"


def test_worker_that_beats_is_well(client, worker_seen):
    _, parts = lines(client)
    assert parts["worker"] == "ok"


def test_redis_that_is_away_is_said_and_hides_nothing_else(client, settings):
    nobody = f"redis://127.0.0.1:{services.free_port()}/0"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": nobody}}
    status, parts = lines(client)
    assert status == 503
    assert parts["redis"].startswith("ConnectionError")
    assert list(parts) == ["database", "redis", "schedule", "worker", "chain", "relayer", "auditor"]


def test_answer_is_never_kept(client):
    assert "no-store" in client.get("/healthz")["Cache-Control"]


def test_only_reading_is_offered(client):
    assert client.post("/healthz").status_code == 405
