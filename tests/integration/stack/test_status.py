"""/status/ in plain words: when all is well, when something is not, and when Redis or the database is away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from escrow.models import Relayer
from marketplace.accounts.models import User
from realtime.store import client_of
from stack import services
from stack.models import Alarm
from stack.watch import signs
from tests.drivers.alarms import look
from tests.integration.disputes import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("page_bundle")]


@pytest.fixture
def well(db: None) -> rows.World:
    """A hub in which everything works."""
    world = rows.world()
    now = timezone.now()
    chain = world.chain
    chain.scanned_block, chain.polled_at, chain.audited_at = 100, now, now
    chain.save()
    Relayer.objects.create(chain=chain, balance_wei=10**18, checked_at=now)
    for who in signs.LATE_AFTER_SECONDS:
        signs.note_seen(who)
    return world


def test_a_hub_that_is_well_says_so(client: Client, well: rows.World) -> None:
    page = client.get("/status/").text
    assert "Everything works." in page
    assert page.count(">Works<") == 4
    assert "The newest block, 100, came just now." in page or "seconds ago." in page
    assert "no page differs" in page
    assert "Nothing to tell." in page


def test_what_does_not_work_is_said_with_its_begin_and_what_is_safe(
    client: Client, well: rows.World
) -> None:
    Relayer.objects.update(checked_at=timezone.now() - timedelta(minutes=5))
    look()
    page = client.get("/status/").text
    assert "Not everything works." in page
    assert "We cannot send steps for people just now. Send them from your own wallet. Since" in page
    assert page.count(">Works<") == 3
    assert "Coins in escrow are in the contract." in page
    assert "/safety/#gone" in page


def test_it_is_decided_anew_even_when_nobody_looks_for_alarms(
    client: Client, well: rows.World
) -> None:
    """O10."""
    well.chain.halt_reason = "The chain was undone: trade 0xsecret."
    well.chain.save()
    page = client.get("/status/").text
    assert Alarm.objects.count() == 0
    assert "took back blocks" in page
    assert "0xsecret" not in page, "reasons are for operators"


def test_past_troubles_are_told_in_plain_words_and_those_of_operators_are_not(
    client: Client, well: rows.World
) -> None:
    now = timezone.now()
    for name, days in (("chain-unread", 1), ("tasks-parked", 1), ("redis-down", 40)):
        began = now - timedelta(days=days)
        Alarm.objects.create(
            name=name, detail="inside", began_at=began, ended_at=began + timedelta(minutes=4)
        )
    page = client.get("/status/").text
    assert page.count("for 4 minutes") == 1
    assert "We cannot read the chain just now." in page
    assert "inside" not in page


def test_it_is_served_without_redis_to_a_signed_in_person(
    client: Client, well: rows.World, alice: User, settings: Any
) -> None:
    """Q09."""
    client.force_login(alice)
    nobody = f"redis://127.0.0.1:{services.free_port()}/0"
    settings.REDIS_URL = nobody
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": nobody}}
    try:
        response = client.get("/status/")
    finally:
        client_of.cache_clear()
    assert response.status_code == 200
    assert "Pages do not refresh by themselves" in response.text
    assert "Alice" in response.text


@pytest.mark.django_db(transaction=True)
def test_without_the_database_it_is_one_plain_sentence(client: Client) -> None:
    """Q14: nobody listens where the database should be."""
    connection = connections["default"]
    host = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"
    try:
        response = client.get("/status/")
        ready = client.get("/readyz")
    finally:
        connection.close()
        connection.settings_dict["HOST"] = host
    assert response.status_code == 503
    assert "Coins in escrow are in the contract" in response.text
    assert "<" not in response.text
    assert ready.status_code == 503
