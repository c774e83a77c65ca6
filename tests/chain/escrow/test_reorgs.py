"""Undone blocks of every depth: the rows are always what a rebuild from block 0 and the contract say."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from escrow import indexer
from escrow.chain.deploy import deploy_devnet
from escrow.chain.gateway import Gateway
from escrow.models import Block, Chain, ChainEvent, Escrow, Reorg
from escrow.selectors import chain_health
from escrow.services import mark_applied, register_deployment, unapplied_events
from tests.chain.escrow.conftest import follow
from tests.chain.escrow.nodes import long_memory
from tests.faultmachine import market as trading
from tests.faultmachine.market import Market
from tests.faultmachine.seeds import IS_DEEP, seeds

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3_600)]

DEPTHS = range(1, 65)
FINALITY = 70


class Ground:
    """A chain of its own with its rows, and people who trade on it."""

    def __init__(self, url: str) -> None:
        self.deployment = deploy_devnet(url)
        self.node = Gateway(url, self.deployment.contract)
        self.chain = register_deployment(self.deployment)

    def market(self, seed: int, depth: int) -> Market:
        """Traders by a seed, on a chain whose events count at this depth."""
        Chain.objects.update(depth=depth)
        market = Market(self.node, self.deployment, seed)
        market.open()
        market.mine(max(DEPTHS) + 2)
        follow(self.chain)
        return market

    def follow_and_check(self) -> int:
        follow(self.chain)
        return trading.check(self.chain, self.node)


@pytest.fixture
def ground(tmp_path: Path, settings: Any, db: None) -> Iterator[Ground]:
    with long_memory(tmp_path) as url:
        settings.CHAIN_RPC_URL = url
        yield Ground(url)


def trade_for(market: Market, blocks: int) -> None:
    """Some moves in so many blocks."""
    left = blocks
    while left > 0:
        for _ in range(market.dice.randint(0, 2)):
            market.act()
        some = min(left, market.dice.randint(1, 1 + blocks // 2))
        market.mine(some)
        left -= some


@pytest.mark.parametrize("seed", seeds("reorgs", 100 if IS_DEEP else 5))
def test_rows_equal_a_rebuild_after_a_reorg_of_every_depth(seed: int, ground: Ground) -> None:
    """I01-I03: events that come back elsewhere, are gone for ever, or appear in a block that had none."""
    market = ground.market(seed, FINALITY)
    for depth in market.dice.sample(DEPTHS, len(DEPTHS)):
        trade_for(market, depth)
        follow(ground.chain)
        market.reorg(depth)
        market.mine()
        ground.follow_and_check()
    depths = set(Reorg.objects.values_list("depth", flat=True))
    assert len(depths) > len(DEPTHS) // 2
    assert max(depths) <= max(DEPTHS)
    assert ChainEvent.objects.filter(canonical=False).exists()
    market.mine(FINALITY)
    assert ground.follow_and_check() > 20


def test_repair_reads_what_was_undone_and_not_the_whole_chain(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I01: the cost of a reorg is its own depth."""
    market = ground.market(1, 20)
    trade_for(market, 300)
    follow(ground.chain)
    market.reorg(9)
    market.mine()
    asked: list[int] = []
    headers = Gateway.headers

    def counted(node: Gateway, first: int, last: int) -> Any:
        asked.append(last - first + 1)
        return headers(node, first, last)

    monkeypatch.setattr(Gateway, "headers", counted)
    ground.follow_and_check()
    assert Reorg.objects.get().depth <= 9
    assert sum(asked) < 30


def test_past_finality_halts_within_one_poll_deletes_nothing_and_one_command_goes_on(
    ground: Ground,
) -> None:
    """I05: the text names the blocks and the command; the pages keep the last state; the rebuild is from block 0."""
    market = ground.market(5, 4)
    trade_for(market, 60)
    follow(ground.chain)
    for event in unapplied_events(1_000):
        mark_applied(event)
    kept = {model: model.objects.count() for model in (Block, ChainEvent, Escrow)}
    before = trading.rows(ground.chain)
    market.sent.clear()
    market.reorg(40)
    market.mine()
    with pytest.raises(indexer.ChainHalted, match=r"blocks \d+ to \d+ .* chain_resume 72731"):
        indexer.advance(ground.chain)
    with pytest.raises(indexer.ChainHalted):
        indexer.advance(ground.chain)
    assert {model: model.objects.count() for model in kept} == kept
    assert not ChainEvent.objects.filter(canonical=False).exists()
    assert trading.rows(ground.chain) == before
    assert "chain_resume 72731" in chain_health().reason
    said = StringIO()
    call_command("chain_resume", "72731", stdout=said)
    assert f"up to block {ground.node.head().number}" in said.getvalue()
    assert ground.follow_and_check() < len(before)
    assert chain_health().ok
    assert ChainEvent.objects.count() >= kept[ChainEvent]


def test_fork_below_finality_that_took_no_event_goes_on(ground: Ground) -> None:
    """I05: a devnet's node that was killed forgets its last blocks; while no event of ours was in them nothing is lost."""
    market = ground.market(3, 4)
    trade_for(market, 10)
    market.mine(30)
    follow(ground.chain)
    market.sent.clear()
    market.reorg(25)
    market.mine()
    ground.follow_and_check()
    assert Reorg.objects.get().lost_events == 0
    trade_for(market, 10)
    market.mine(4)
    ground.follow_and_check()


def test_fork_below_finality_that_brought_an_event_halts(ground: Ground) -> None:
    """I05: a new event where everything had counted as final changes the truth as much as a lost one."""
    market = ground.market(4, 4)
    trade_for(market, 10)
    market.mine(30)
    follow(ground.chain)
    market.rpc("anvil_rollback", 20)
    market.rpc("evm_increaseTime", 7)
    while not ground.node.logs(from_block=ground.node.head().number - 1):
        market.act()
        market.mine(2)
    with pytest.raises(indexer.ChainHalted):
        indexer.advance(ground.chain)
    indexer.resume(ground.chain)
    market.mine(40)
    ground.follow_and_check()
