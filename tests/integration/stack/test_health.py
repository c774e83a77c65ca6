"""/healthz says what works, /readyz whether this web process may get people."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connection
from django.test import Client

from marketplace.accounts.models import User
from realtime.store import client_of
from stack import services
from stack.folders import ROOT
from stack.watch import signs

pytestmark = pytest.mark.django_db

PARTS = ["database", "redis", "schedule", "worker", "chain", "relayer", "auditor"]


@pytest.fixture
def redis_away(settings: Any) -> Iterator[None]:
    """Nobody listens where Redis should be."""
    nobody = f"redis://127.0.0.1:{services.free_port()}/0"
    settings.REDIS_URL = nobody
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": nobody}}
    yield
    client_of.cache_clear()


@pytest.fixture
def all_seen() -> None:
    for who in signs.LATE_AFTER_SECONDS:
        signs.note_seen(who)


def lines(client: Client, path: str = "/healthz", **headers: str) -> tuple[int, dict[str, str]]:
    response = client.get(path, headers=headers)
    return response.status_code, dict(line.split(": ", 1) for line in response.text.splitlines())


def test_parts_are_named_in_their_order(client: Client) -> None:
    _, parts = lines(client)
    assert list(parts) == PARTS


def test_absent_worker_is_said_and_makes_it_unwell(client: Client) -> None:
    status, parts = lines(client)
    assert status == 503
    assert parts["redis"] == "ok"
    assert parts["schedule"] == "the schedule was not seen"
    assert parts["worker"].startswith("the worker of chain was not seen; ")


def test_schedule_that_stopped_is_said_and_the_workers_are_not_blamed(
    client: Client, all_seen: None
) -> None:
    """Q06: nobody asks the workers any more, which is not their fault."""
    cache.set("stack:seen:schedule", time.time() - 2 * signs.BEAT_SECONDS - 1)
    _, parts = lines(client)
    assert parts["schedule"].startswith("the schedule was last seen ")
    assert parts["worker"] == "ok"


@pytest.mark.parametrize("queue", signs.QUEUES)
def test_a_queue_nobody_works_on_is_said(client: Client, all_seen: None, queue: str) -> None:
    cache.set(f"stack:seen:{queue}", time.time() - signs.LATE_AFTER_SECONDS[queue] - 10)
    _, parts = lines(client)
    assert parts["worker"].startswith(f"the worker of {queue} was last seen ")
    assert parts["schedule"] == "ok"


def test_workers_that_beat_are_well(client: Client, all_seen: None) -> None:
    _, parts = lines(client)
    assert parts["worker"] == parts["schedule"] == "ok"


def test_redis_that_is_away_is_said_and_hides_nothing_else(
    client: Client, redis_away: None
) -> None:
    status, parts = lines(client)
    assert status == 503
    assert parts["redis"].startswith("ConnectionError")
    assert list(parts) == PARTS


def test_a_stranger_reads_no_address_and_no_reason(
    client: Client, redis_away: None, settings: Any
) -> None:
    """W20: what is wrong inside is for operators."""
    settings.METRICS_TOKEN = "a-long-token"
    for path in ("/healthz", "/readyz"):
        _, parts = lines(client, path)
        assert parts["redis"] == "not well"
        assert not [words for words in parts.values() if words not in {"ok", "not well"}]
        _, parts = lines(client, path, authorization="Bearer a-long-token")
        assert parts["redis"].startswith("ConnectionError")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/status/"])
def test_answer_is_never_kept_and_only_reading_is_offered(
    client: Client, path: str, page_bundle: None
) -> None:
    assert "no-store" in client.get(path)["Cache-Control"]
    assert client.post(path).status_code == 405


def test_ready_means_database_migrations_and_redis(client: Client) -> None:
    assert lines(client, "/readyz") == (
        200,
        {"database": "ok", "migrations": "ok", "redis": "ok"},
    )


def test_not_ready_without_redis(client: Client, redis_away: None) -> None:
    status, parts = lines(client, "/readyz")
    assert (status, parts["database"]) == (503, "ok")


def test_a_signed_in_page_is_served_without_redis(
    client: Client, alice: User, redis_away: None, page_bundle: None
) -> None:
    """Q09: the copy of a session is worth a query, not the page."""
    client.force_login(alice)
    response = client.get("/settings/profile/")
    assert response.status_code == 200
    assert response.context["viewer"] == alice
    assert not isinstance(response.wsgi_request.user, AnonymousUser)


def test_not_ready_until_the_tables_are_those_of_the_code(tmp_path: Any) -> None:
    """Q15: a new web process gets nobody before the migrations ran."""
    with EmptyDatabase() as url:
        assert _readyz(url) == (
            "503 database: ok migrations: not well redis: ok",
            "200 database: ok migrations: ok redis: ok",
        )


class EmptyDatabase:
    """A database of its own on the tests' server."""

    name = "parley_unmigrated"

    def __enter__(self) -> str:
        self._run(f"CREATE DATABASE {self.name}")
        parts = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
        return parts._replace(path=f"/{self.name}").geturl()

    def __exit__(self, *_: object) -> None:
        self._run(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        options = connection.settings_dict
        with psycopg.connect(
            host=options["HOST"],
            port=options["PORT"] or 5432,
            user=options["USER"],
            password=options["PASSWORD"] or None,
            dbname="postgres",
            autocommit=True,
        ) as other:
            other.execute(statement)


_ASK = """
import django, sys
django.setup()
from django.core.management import call_command
from django.test import Client
from django.conf import settings
settings.METRICS_TOKEN = "kept"
host = {"HTTP_HOST": settings.ALLOWED_HOSTS[0]}
def ask():
    answer = Client().get("/readyz", **host)
    print(answer.status_code, *answer.text.split("\\n"))
ask()
# What the tables look like is not asked here, and making them takes half a minute.
call_command("migrate", fake=True, verbosity=0, interactive=False)
ask()
"""


def _readyz(database_url: str) -> tuple[str, ...]:
    told = subprocess.run(
        [sys.executable, "-c", _ASK],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url,
            "DJANGO_SETTINGS_MODULE": "config.settings",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return tuple(line.strip() for line in told.stdout.splitlines() if line[:1].isdigit())
