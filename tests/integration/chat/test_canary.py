"""E16: no word of a conversation is in the database, in Redis, in a dump or in a log, whatever is done with it."""

from __future__ import annotations

import base64
import logging
import os
import subprocess
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import Client

from chat import devices, services
from chat.devices import observe
from chat.errors import BadSeal
from chat.models import Entry
from chat.sealed.messages import Content
from stack import services as servers
from tests.drivers.sealing import Talk, voice_of
from tests.integration.chat.test_disclosure import open_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

CANARY = "kestrel-over-the-harbour"
MESSAGES = 1_000


def forms_of(word: str) -> list[bytes]:
    """The word as stores and logs may hold it: plain, hex, and base64 at each of its three phases."""
    raw = word.encode()
    phases = [base64.b64encode(b"\0" * n + raw)[4 * bool(n) : -4] for n in range(3)]
    return [raw, raw.hex().encode(), raw.hex().upper().encode(), *phases]


def dump_of_database() -> bytes:
    host = urllib.parse.unquote(urllib.parse.urlsplit(os.environ["DATABASE_URL"]).netloc)
    user, _, folder = host.partition("@")
    where = ["-h", folder, "-U", user, "-d", connection.settings_dict["NAME"]]
    done = subprocess.run(
        [str(servers._binary("pg_dump")), *where], capture_output=True, check=True
    )
    return done.stdout


def all_of_redis() -> bytes:
    store = redis.Redis.from_url(settings.REDIS_URL)
    # A compressed dump would hide words.
    store.config_set("rdbcompression", "no")
    return b"\n".join(part for key in store.scan_iter() for part in (key, store.dump(key) or b""))


def hits(where: bytes) -> list[bytes]:
    return [form for form in forms_of(CANARY) if form in where]


def test_none_of_a_thousand_canaries_is_found(
    alice: Any, bob: Any, dana: Any, monkeypatch: Any, caplog: Any, tmp_path: Path
) -> None:
    for module, limit in (
        (services, "PER_PERSON"),
        (services, "PER_PERSON_AND_ROOM"),
        (devices, "PER_PERSON"),
    ):
        monkeypatch.setattr(module, limit, "1000000/1 second")
    caplog.set_level(logging.DEBUG)
    room = services.open_room("trade-7F3K-22", members=[(alice, "seller"), (bob, "buyer")])
    talk = Talk(room)
    for person in (alice, bob):
        talk.voice(person)
    for number in range(MESSAGES):
        talk.say((alice, bob)[number % 2], f"{number}: the {CANARY} at dawn")
    observe(room, dana, "arbitrator")
    judge = voice_of(dana)
    judge.join(room)
    open_for(talk, alice, judge, [entry.seq for entry in talk.messages()[:20]])

    client = Client()
    client.force_login(bob)
    for after in range(0, MESSAGES, 200):
        page = client.get(f"/rooms/{room.key}/entries/?after={after}&limit=200").content
        assert not hits(page)
    # What is refused is in no log either.
    broken = bytearray(
        talk.voice(alice).sealed(room, Content(1, CANARY.encode()), "ab" * 16).packed
    )
    broken[-1] ^= 1
    with pytest.raises(BadSeal, match="Nothing was stored"):
        services.post_message(room=room, sender=alice, client_id="ab" * 16, body=bytes(broken))

    stores = {"database": dump_of_database(), "redis": all_of_redis()}
    assert b"trade-7F3K-22" in stores["database"]
    assert {name: hits(store) for name, store in stores.items()} == {"database": [], "redis": []}
    assert not hits(caplog.text.encode())
    # The test can fail: both of them read every word.
    for person in (alice, bob):
        heard = [one for one in talk.voice(person).heard(room) if CANARY in one]
        assert len(heard) == MESSAGES
    Entry.objects.filter(room=room, seq=1).update(params={"word": CANARY})
    redis.Redis.from_url(settings.REDIS_URL).set("canary", CANARY * 20, ex=60)
    assert hits(dump_of_database())
    assert hits(all_of_redis())
