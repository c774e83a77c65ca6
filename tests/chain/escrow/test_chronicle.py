"""Reorgs and the node's failures are counted where the metrics find them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from escrow import indexer
from escrow.chain import failures
from escrow.chain.errors import EscrowReverted
from escrow.chain.moves import direct_calldata
from escrow.chain.rpc import NodeRefused, NodeUnavailable, Rpc
from escrow.chronicle import DEEPEST, ReorgCount, reorg_counts
from escrow.models import Chain, Reorg
from realtime.store import client_of
from stack import services
from tests.chain.escrow.conftest import Walker, follow

pytestmark = pytest.mark.django_db


def test_a_reorg_is_counted_under_its_depth_with_the_events_it_took(
    chain: Chain, walker: Walker
) -> None:
    follow(chain)
    walker.fund(walker.terms())
    follow(chain)

    walker.reorg(1)
    walker.mine()
    assert indexer.advance(chain).rebuilt

    assert reorg_counts(chain) == {1: ReorgCount(times=1, lost_events=1)}


def test_reorgs_are_summed_by_depth_and_the_deepest_together(chain: Chain) -> None:
    for depth in (2, 2, 64, DEEPEST, DEEPEST + 1, 10_000):
        Reorg.objects.create(
            chain=chain,
            found_at=timezone.now(),
            head_number=20_000,
            depth=depth,
            lost_events=3,
        )

    assert reorg_counts(chain) == {
        2: ReorgCount(2, 6),
        64: ReorgCount(1, 3),
        DEEPEST: ReorgCount(3, 9),
    }


def test_a_node_that_is_away_and_one_that_refuses_are_counted_apart(anvil: str) -> None:
    away = Rpc(f"http://127.0.0.1:{services.free_port()}", timeout_seconds=1)
    with pytest.raises(NodeUnavailable):
        away.ask("eth_blockNumber")
    with pytest.raises(NodeRefused):
        Rpc(anvil).ask("eth_nothing")
    with pytest.raises(NodeRefused):
        Rpc(anvil).ask("eth_nothing")

    assert failures.counted() == {("eth_blockNumber", "away"): 1, ("eth_nothing", "refused"): 2}


def test_the_contracts_own_no_is_no_failure_of_the_node(walker: Walker) -> None:
    release = walker.node.call_of(direct_calldata("release", walker.terms()))
    with pytest.raises(EscrowReverted):
        walker.node.simulate(release)

    assert failures.counted() == {}


def test_a_redis_that_is_away_costs_a_count_and_nothing_else(settings, anvil: str) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{services.free_port()}/0"
    try:
        with pytest.raises(NodeRefused):
            Rpc(anvil).ask("eth_nothing")
    finally:
        client_of.cache_clear()
