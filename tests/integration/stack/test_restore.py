"""The drill: last night's copy comes back; the chain's part is read again, the talk's gap is named, no number comes twice."""

from __future__ import annotations

import os
import subprocess
import urllib.parse
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections

from chat.models import Entry, Room
from chat.selectors import entry_json
from escrow.models import Chain, Escrow
from escrow.projection import rebuild_rows
from marketplace.accounts.models import User
from marketplace.notifications.models import Notice
from marketplace.trades.models import Trade, TradeEvent
from stack import services
from stack.management.commands.after_restore import SKIPPED
from tests.drivers.sealing import Talk
from tests.drivers.trade import TradeDriver
from tests.integration.trades.conftest import driver

__all__ = ["driver"]

pytestmark = pytest.mark.django_db(transaction=True)


def copied(program: str, *arguments: str) -> None:
    """Run PostgreSQL's own tool on the test's database."""
    host = urllib.parse.unquote(urllib.parse.urlsplit(os.environ["DATABASE_URL"]).netloc)
    user, _, folder = host.partition("@")
    where = ["-h", folder, "-U", user, "-d", connection.settings_dict["NAME"]]
    subprocess.run([str(services._binary(program)), *where, *arguments], check=True)


def rows_of_chain() -> list[Any]:
    columns = [field.name for field in Escrow._meta.fields if not field.primary_key]
    return list(Escrow.objects.order_by("trade_id").values_list(*columns))


def test_last_nights_copy_comes_back(
    driver: TradeDriver, alice: User, bob: User, tmp_path: Path
) -> None:
    """Q17: the chain's part equals a rebuild, the gap is stated exactly, no number is ever given twice."""
    trade = driver.funded(alice, bob)
    room = Room.objects.get(key=trade.room_key)
    talk = Talk(room)
    for person in (alice, bob):
        talk.voice(person)
    kept = talk.say(alice)
    copy = tmp_path / "last-night"
    copied("pg_dump", "-Fc", "-f", str(copy))

    lost = [talk.say(bob) for _ in range(2)]
    driver.sign_move(trade, bob, "markPaid")
    assert driver.settle_down(trade).status == "PAID"
    today = rows_of_chain()
    given = {
        model: model.objects.order_by("-pk")[0].pk for model in (Entry, TradeEvent, Notice, Trade)
    }

    connections.close_all()
    copied("pg_restore", "--clean", "--if-exists", "--single-transaction", str(copy))
    said = StringIO()
    call_command("after_restore", stdout=said)
    assert f"{room.key}: {kept.seq + 1} to {kept.seq + SKIPPED} skipped" in said.getvalue()

    driver.chain = Chain.objects.get(pk=driver.chain.pk)
    assert driver.fresh(trade).status == "FUNDED"
    assert driver.settle_down(trade).status == "PAID"
    assert rows_of_chain() == today
    rebuild_rows(driver.chain)
    assert rows_of_chain() == today

    gap = Entry.objects.get(room=room, code="restored")
    assert (gap.params["first"], gap.params["last"]) == (kept.seq + 1, kept.seq + SKIPPED)
    assert f"Messages {kept.seq + 1} to {kept.seq + SKIPPED} were lost" in entry_json(gap)["text"]
    assert entry_json(gap)["after"] == kept.seq
    new = talk.say(bob)
    assert new.seq > max(entry.seq for entry in lost)
    for model, highest in given.items():
        if model is not Trade:
            assert model.objects.order_by("-pk")[0].pk > highest, model
    assert TradeEvent.objects.get(trade=trade, cause="MarkedPaid").seq > SKIPPED
