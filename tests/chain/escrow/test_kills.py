"""The process may end anywhere: what is stored is what it would have been, and each effect happens once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection

from escrow import indexer, killpoints, relayer
from escrow.models import Chain, ChainEvent, Reorg, SignedCall
from escrow.services import accept_signed_call, unapplied_events
from stack.folders import ROOT
from stack.services import database_url
from tests.chain.escrow.conftest import FAR, Walker, follow
from tests.chain.escrow.nodes import long_memory
from tests.chain.escrow.test_reorgs import Ground
from tests.faultmachine import market as trading
from tests.faultmachine.seeds import IS_DEEP

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(7_200)]

EVENTS = 300 if IS_DEEP else 12
PLACES = [place for place in killpoints.ALL if not place.startswith("projection.")]


class Killed(BaseException):
    """The process ended here; nothing in the product catches it."""


@contextmanager
def killed_at(place: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """End what runs in here at a place, once; the places that were passed."""
    passed: list[str] = []

    def end(name: str) -> None:
        passed.append(name)
        if name == place:
            raise Killed(name)

    with monkeypatch.context() as patched:
        patched.setattr(killpoints, "on_reach", end)
        yield passed


def ends_at(place: str, monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """The work really came to the place and ended there."""
    with killed_at(place, monkeypatch), pytest.raises(Killed, match=place):
        work()


@pytest.fixture
def ground(tmp_path: Path, settings: Any, db: None) -> Iterator[Ground]:
    with long_memory(tmp_path) as url:
        settings.CHAIN_RPC_URL = url
        yield Ground(url)


def test_there_are_enough_places(db: None) -> None:
    assert len(set(killpoints.ALL)) == len(killpoints.ALL) >= 12


def test_end_at_every_place_at_every_event_gives_the_same_rows(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I16: each event boundary with each place of a step; 300 events in deep mode."""
    market = ground.market(1, 2)
    runs = 0
    while ChainEvent.objects.filter(canonical=True).count() < EVENTS:
        market.act()
        market.mine()
        for place in killpoints.FOLLOWER:
            chain = Chain.objects.get()
            ends_at(place, monkeypatch, lambda chain=chain: indexer.advance(chain))
            runs += 1
        ground.follow_and_check()
    assert runs >= EVENTS * len(killpoints.FOLLOWER) // 2
    market.mine(3)
    ground.follow_and_check()
    assert len(unapplied_events(1_000)) == ChainEvent.objects.filter(canonical=True).count()


def test_end_at_every_place_of_a_repair_gives_the_same_rows(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I16, I01: while undone blocks are replaced."""
    market = ground.market(2, 20)
    for _ in range(100 if IS_DEEP else 3):
        for _ in range(4):
            market.act()
            market.mine()
        follow(ground.chain)
        before = Reorg.objects.count()
        market.reorg(market.dice.randint(2, 6))
        market.mine()
        for place in killpoints.REORG:
            chain = Chain.objects.get()
            if indexer_sees_fork(chain):
                ends_at(place, monkeypatch, lambda chain=chain: indexer.advance(chain))
        ground.follow_and_check()
        assert Reorg.objects.count() <= before + 1
    assert Reorg.objects.exists()


def indexer_sees_fork(chain: Chain) -> bool:
    """Whether the next step will be a repair."""
    from escrow.chain.gateway import gateway
    from escrow.models import Block

    tip = Block.objects.filter(chain=chain).order_by("-number")[0]
    there = gateway().block(tip.number)
    return there is None or there.hash != tip.hash


@pytest.mark.parametrize("place", killpoints.RELAYER)
def test_end_around_sending_sends_a_signed_move_once(
    place: str, chain: Chain, walker: Walker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I16: the row with the nonce is there before the transaction leaves."""
    terms = walker.funded()
    accept_signed_call(
        trade=terms,
        funded_at=walker.node.escrow_state(terms.trade_id).funded_at,
        move="markPaid",
        arguments={},
        signer=walker.buyer.address,
        deadline=FAR,
        signature=walker.signature("markPaid", terms, walker.buyer),
    )
    ends_at(place, monkeypatch, relayer.run_once)
    for _ in range(3):
        relayer.run_once()
        walker.mine(2)
        follow(chain)
    assert SignedCall.objects.get().status == "DONE"
    events = ChainEvent.objects.filter(trade_id=terms.trade_id, name="MarkedPaid")
    assert events.count() == 1
    trading.check(chain, walker.node)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("place", killpoints.FOLLOWER if IS_DEEP else killpoints.FOLLOWER[5:7])
def test_process_that_is_killed_for_real_is_followed_by_one_that_goes_on(
    place: str, chain: Chain, walker: Walker
) -> None:
    """I16: SIGKILL, by the variable that the product reads on a devnet."""
    walker.funded("PAID")
    walker.mine(2)
    assert _follow_once(place) == -signal.SIGKILL
    assert _follow_once("") == 0
    trading.check(chain, walker.node)
    assert ChainEvent.objects.count() == 2


def _follow_once(place: str) -> int:
    options = connection.settings_dict
    address = database_url(Path(options["HOST"]).parent, options["NAME"])
    if "/" not in options["HOST"]:
        pytest.skip("The database was given from outside.")
    given = {"DATABASE_URL": _same_folder(address), killpoints.VARIABLE: place}
    command = [sys.executable, "manage.py", "follow", "--once"]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **given}, check=False).returncode


def _same_folder(address: str) -> str:
    return os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + address.rpartition("/")[2]


@pytest.mark.django_db(transaction=True)
def test_database_that_goes_away_in_the_middle_of_a_batch_is_met_again_whole(
    chain: Chain, walker: Walker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I19: the connection is cut after the events were written; the next poll stores the batch whole."""
    walker.funded("PAID")
    walker.mine(2)

    def cut(name: str) -> None:
        if name == "follower.events_stored":
            options = connection.settings_dict
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (pid,) = cursor.fetchone()
            address = {"host": options["HOST"], "port": options["PORT"] or 5432}
            names = {"user": options["USER"], "dbname": options["NAME"]}
            with psycopg.connect(**address, **names) as other:
                other.execute("SELECT pg_terminate_backend(%s)", [pid])

    with monkeypatch.context() as patched:
        patched.setattr(killpoints, "on_reach", cut)
        with pytest.raises(DatabaseError):
            indexer.advance(chain)
    connection.close()
    assert ChainEvent.objects.count() == 0
    follow(Chain.objects.get())
    trading.check(chain, walker.node)
    assert ChainEvent.objects.count() == 2


def test_nothing_is_armed_off_a_devnet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable alone ends no process that serves people."""
    monkeypatch.setenv("DEVNET", "0")
    assert killpoints._armed("follower.committed") is None
