"""A node that answers late, wrongly, in part or not at all: nothing is taken from it that the chain does not say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from escrow import indexer
from escrow.chain.deploy import deploy_devnet
from escrow.chain.gateway import Gateway, NodeUnavailable, gateway
from escrow.chain.types import ZERO_ADDRESS, Deployment
from escrow.identity import ChainChanged
from escrow.models import Block, Chain, ChainEvent
from escrow.reading import Stride, read_logs
from escrow.selectors import chain_health
from stack import services
from stack.children import Child
from tests.chain.escrow.conftest import Walker, follow
from tests.chain.escrow.nodes import long_memory
from tests.faultmachine import market as trading
from tests.faultmachine.market import Market
from tests.faultmachine.proxy import ALL_KINDS, RANGE_ERRORS, Proxy, Storm
from tests.faultmachine.seeds import IS_DEEP, seeds

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3_600)]


@pytest.fixture
def proxy(anvil: str, settings: Any) -> Iterator[Proxy]:
    """The node as the follower meets it; the test itself asks the node directly."""
    with Proxy(anvil) as between:
        settings.CHAIN_RPC_URL = between.url
        yield between


@pytest.fixture
def crowded(walker: Walker, devnet: Deployment) -> Iterator[Market]:
    """Three locks of different coins in one block, not yet followed."""
    market = Market(walker.node, devnet, 1)
    market.open()
    market.tokens = [ZERO_ADDRESS]
    market.act()
    market.act()
    market.tokens = [devnet.assets[0].token]
    market.act()
    market.mine()
    yield market
    market.close()


def settle(market: Market) -> None:
    """Let the block lie so deep that it is read by range."""
    market.mine(30)


def stored() -> int:
    return ChainEvent.objects.count()


@pytest.mark.parametrize("kind", ["null", "missing", "500", "429", "rate", "close"])
@pytest.mark.parametrize(
    "method", ["eth_chainId", "eth_getBlockByNumber", "eth_getLogs", "eth_getCode"]
)
def test_no_answer_is_never_taken_for_nothing_there(
    kind: str, method: str, chain: Chain, crowded: Market, proxy: Proxy
) -> None:
    """I10: each method, near the tip and by range; told as a problem, asked again, nothing skipped."""
    for _ in range(2):
        cursor = Chain.objects.get().scanned_block
        fault = proxy.spoil(kind, method)
        assert indexer.advance(chain).problem
        assert not chain_health().ok
        assert Chain.objects.get().scanned_block == cursor
        proxy.heal()
        assert fault not in proxy.faults
        follow(chain)
        trading.check(chain, crowded.node)
        assert stored() == 3
        crowded.mine(3)


@pytest.mark.parametrize("kept", [0, 1, 2])
@pytest.mark.parametrize("deep", [False, True])
def test_short_answer_is_found_out(
    kept: int, deep: bool, chain: Chain, crowded: Market, proxy: Proxy
) -> None:
    """I11: k of n logs, by hash and by range; the header's bloom knows of the others."""
    if deep:
        settle(crowded)
    fault = proxy.spoil("truncate", "eth_getLogs", value=kept)
    while not (done := indexer.advance(chain)).problem:
        assert done.behind
    assert "left out logs" in done.problem
    assert stored() == 0
    proxy.heal()
    assert proxy.spoiled[fault.kind] > 0
    follow(chain)
    assert stored() == 3
    trading.check(chain, crowded.node)


def test_answer_that_is_short_once_is_asked_again_in_another_way(
    chain: Chain, crowded: Market, proxy: Proxy
) -> None:
    """I11: a range without its logs is not believed when the blocks themselves have them."""
    settle(crowded)
    fault = proxy.spoil("truncate", "eth_getLogs", times=1, value=0)
    assert "left out logs" in follow(chain).problem
    assert fault.times == 0
    follow(chain)
    assert stored() == 3


def test_header_that_denies_its_logs_is_refused(
    chain: Chain, crowded: Market, proxy: Proxy
) -> None:
    """I11: an empty bloom over a block with logs."""
    proxy.spoil("bloom", "eth_getBlockByNumber")
    while not (done := indexer.advance(chain)).problem:
        assert done.behind
    assert "knows nothing of" in done.problem
    assert stored() == 0


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize(
    ("method", "field"),
    [
        ("eth_getLogs", "blockHash"),
        ("eth_getLogs", "blockNumber"),
        ("eth_getLogs", "logIndex"),
        ("eth_getLogs", "transactionHash"),
        ("eth_getLogs", "transactionIndex"),
        ("eth_getBlockByNumber", "number"),
        ("eth_getBlockByNumber", "parentHash"),
        ("eth_getBlockByNumber", "hash"),
    ],
)
def test_fields_that_do_not_fit_together_refuse_the_batch(
    method: str, field: str, deep: bool, chain: Chain, crowded: Market, proxy: Proxy
) -> None:
    """I12."""
    if deep:
        settle(crowded)
    proxy.spoil("edit", method, value=field)
    problem = ""
    for _ in range(3):
        try:
            problem = indexer.advance(chain).problem or problem
        except ChainChanged as error:
            problem = str(error)
    assert problem
    assert stored() == 0
    proxy.heal()
    follow(chain)
    assert stored() == 3
    trading.check(chain, crowded.node)


@pytest.mark.parametrize("wording", range(len(RANGE_ERRORS)))
def test_range_is_halved_in_every_vendors_words_and_grows_back_slowly(
    wording: int, walker: Walker, crowded: Market, proxy: Proxy
) -> None:
    """I13: never below one block, and nothing is lost on the way."""
    settle(crowded)
    node, stride, last = gateway(), Stride(blocks=32), crowded.node.head().number
    proxy.spoil("range", "eth_getLogs", times=5, value=wording)
    found, at, widths = [], 0, []
    while at <= last:
        logs, end = read_logs(node, stride, at, last)
        widths.append(end - at + 1)
        found, at = found + logs, end + 1
    assert widths[0] == 1
    assert widths[:4] == [1, 2, 3, 4]
    assert found == crowded.node.logs(from_block=0, to_block=last)


def test_single_block_that_is_too_large_is_a_problem_and_no_crash(
    chain: Chain, crowded: Market, proxy: Proxy
) -> None:
    """I13: the floor."""
    settle(crowded)
    proxy.spoil("range", "eth_getLogs")
    assert indexer.advance(chain).problem
    proxy.heal()
    follow(chain)
    assert stored() == 3


@pytest.mark.parametrize("kind", ["double", "shuffle", "repeat"])
@pytest.mark.parametrize("deep", [False, True])
def test_events_are_kept_once_and_in_order_however_they_arrive(
    kind: str, deep: bool, chain: Chain, crowded: Market, proxy: Proxy
) -> None:
    """I14, I15: given twice, in any order, or as an answer to an earlier question."""
    if deep:
        settle(crowded)
    proxy.spoil(kind, "eth_getLogs")
    follow(chain)
    follow(chain)
    assert stored() == 3
    trading.check(chain, crowded.node)


def test_polling_alone_is_enough(chain: Chain, crowded: Market, proxy: Proxy) -> None:
    """I18: nothing is subscribed to, so no lost push can be missed."""
    follow(chain)
    assert stored() == 3
    assert "eth_subscribe" not in proxy.counted
    assert not {name for name in proxy.counted if "filter" in name.lower()}


def test_head_that_stands_still_is_only_old(chain: Chain, crowded: Market, proxy: Proxy) -> None:
    """I06: a frozen head undoes nothing, and what came meanwhile is found afterwards."""
    follow(chain)
    proxy.spoil("freeze", "eth_getBlockByNumber")
    indexer.advance(chain)
    crowded.act()
    crowded.mine(3)
    assert not indexer.advance(chain).rebuilt
    proxy.heal()
    follow(chain)
    trading.check(chain, crowded.node)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """Another real chain of the same id with the same contract at the same address."""
    port = services.free_port()
    node = Child(services.anvil(port=port, log=tmp_path / "anvil.log"))
    try:
        node.wait_until_ready()
        deploy_devnet(services.chain_rpc_url(port))
        services.rpc(services.chain_rpc_url(port), "anvil_mine", hex(80))
        yield services.chain_rpc_url(port)
    finally:
        node.stop()


@pytest.mark.parametrize("after", range(2, 8))
@pytest.mark.parametrize("deep", [False, True])
def test_node_that_changes_in_the_middle_of_a_batch_is_not_believed(
    after: int, deep: bool, chain: Chain, crowded: Market, proxy: Proxy, elsewhere: str
) -> None:
    """I04: from the so-manieth answer on another chain speaks; no mixed batch is stored, and none halts for good."""
    if deep:
        settle(crowded)
    proxy.other_upstream = elsewhere
    proxy.spoil("delay", times=after, value=0)
    proxy.spoil("swap")
    with suppress(ChainChanged):
        indexer.advance(chain)
    assert set(Block.objects.values_list("hash", flat=True)) <= {
        crowded.node.block_always(number).hash for number in range(crowded.node.head().number + 1)
    }
    proxy.heal()
    follow(chain)
    trading.check(chain, crowded.node)


def test_two_nodes_that_differ_about_a_settled_block_stop_the_follower(
    chain: Chain, crowded: Market, anvil: str, elsewhere: str, settings: Any
) -> None:
    """I24: it neither advances nor picks one; the sentence names both hosts and no key."""
    crowded.mine(90)
    with Proxy(anvil) as ours:
        settings.CHAIN_RPC_URL = f"{ours.url}/v3/secretkey, {elsewhere}"
        for _ in range(2):
            problem = indexer.advance(chain).problem
            assert "disagree about block" in problem
            assert ours.url.removeprefix("http://") in problem
            assert elsewhere.removeprefix("http://") in problem
            assert "secretkey" not in problem
    assert chain_health().reason == problem
    assert Chain.objects.get().scanned_block is None
    assert stored() == 0
    settings.CHAIN_RPC_URL = anvil
    follow(chain)
    assert chain_health().ok


def test_node_that_is_down_or_behind_is_passed_over(
    chain: Chain, crowded: Market, anvil: str, settings: Any
) -> None:
    """I06, I24: lag is only lag; the page's own questions go to the node that works, too."""
    with Proxy(anvil) as first, Proxy(anvil) as second:
        settings.CHAIN_RPC_URL = f"{first.url},{second.url}"
        follow(chain)
        first.spoil("freeze", "eth_getBlockByNumber")
        indexer.advance(chain)
        crowded.act()
        crowded.mine(3)
        assert follow(chain).problem == ""
        follow(chain)
        trading.check(chain, crowded.node)
        first.heal()
        first.spoil("500")
        crowded.mine(3)
        assert follow(chain).problem == ""
        assert gateway().head() == crowded.node.head()
        second.spoil("close")
        assert indexer.advance(chain).problem
        with pytest.raises(NodeUnavailable):
            gateway().head()
        first.heal()
        second.heal()
        follow(chain)
        trading.check(chain, crowded.node)


def test_other_chain_on_any_of_the_nodes_is_refused_within_one_poll(
    chain: Chain, crowded: Market, anvil: str, tmp_path: Path, settings: Any
) -> None:
    """I08: also when it is only the second one."""
    follow(chain)
    with Proxy(anvil) as second:
        settings.CHAIN_RPC_URL = f"{anvil},{second.url}"
        follow(chain)
        port = services.free_port()
        program = services.anvil(port=port, log=tmp_path / "other.log")
        other = Child(program)
        try:
            other.wait_until_ready()
            services.rpc(services.chain_rpc_url(port), "anvil_setChainId", 1)
            second.upstream = services.chain_rpc_url(port)
            with pytest.raises(ChainChanged, match="serves chain 1,"):
                indexer.advance(chain)
        finally:
            other.stop()


@pytest.mark.parametrize("seed", seeds("storms", 200 if IS_DEEP else 20))
def test_rows_are_right_soon_after_a_storm_of_faults(
    seed: int, tmp_path: Path, settings: Any, db: None
) -> None:
    """I04, I10-I15: people trade through faults, reorgs and restarts; when the faults stop the rows equal a rebuild."""
    with long_memory(tmp_path) as url, Proxy(url) as between:
        deployment = deploy_devnet(url)
        chain = trading.registered(deployment, depth=6)
        settings.CHAIN_RPC_URL = between.url
        market = Market(Gateway(url, deployment.contract), deployment, seed)
        market.open()
        market.mine(8)
        between.storm = Storm(seed, 0.15, ALL_KINDS)
        for _ in range(25):
            for _ in range(market.dice.randint(0, 3)):
                market.act()
            market.mine(market.dice.randint(1, 4))
            if market.dice.random() < 0.25:
                market.reorg(market.dice.randint(1, 5))
                market.mine()
            trading.poll(Chain.objects.get(pk=chain.pk))
        between.heal()
        trading.poll_until_read(chain, market.node, within_seconds=60)
        market.mine(6)
        trading.poll_until_read(chain, market.node, within_seconds=60)
        assert trading.check(chain, market.node) > 3
        assert sum(between.spoiled.values()) > 20
