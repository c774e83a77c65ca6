"""A devnet that was started over in each of three ways: recognised, told clearly, answered by one command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from escrow import indexer
from escrow.chain.deploy import deploy_devnet
from escrow.chain.gateway import Gateway
from escrow.identity import ChainChanged
from escrow.models import Chain, ChainEvent
from escrow.selectors import chain_health
from escrow.services import register_deployment, reset_chain
from stack import services
from stack.children import Child
from tests.chain.escrow.conftest import follow
from tests.faultmachine import market as trading
from tests.faultmachine.market import Market

pytestmark = pytest.mark.django_db


@pytest.fixture
def start(tmp_path: Path, settings: Any) -> Iterator[Callable[..., str]]:
    """Start the node over, with the same first block unless it is to be another one; its URL."""
    port, running = services.free_port(), []
    settings.CHAIN_RPC_URL = services.chain_rpc_url(port)

    def started(*, same_genesis: bool = True) -> str:
        while running:
            running.pop().stop()
        folder = tmp_path / "chain"
        (folder / "state.json").unlink(missing_ok=True)
        if not same_genesis:
            (folder / "born").write_text("1700000000\n")
        program = services.anvil(port=port, log=tmp_path / "log", state=folder / "state.json")
        running.append(Child(program))
        running[-1].wait_until_ready()
        return services.chain_rpc_url(port)

    yield started
    while running:
        running.pop().stop()


@pytest.fixture
def followed(start: Callable[..., str], db: None) -> Chain:
    """A chain with settled trades that was read to its head."""
    url = start()
    deployment = deploy_devnet(url)
    chain = register_deployment(deployment)
    market = Market(Gateway(url, deployment.contract), deployment, 1)
    market.open()
    for _ in range(4):
        market.act()
        market.mine()
    market.mine(4)
    follow(chain)
    assert ChainEvent.objects.filter(confirmed=True).exists()
    return chain


@pytest.mark.parametrize("same_genesis", [False, True])
def test_new_chain_with_or_without_the_old_first_block_is_refused(
    same_genesis: bool, followed: Chain, start: Callable[..., str]
) -> None:
    """I07: another first block, or the same one and no contract; nothing is written before the one command."""
    kept = ChainEvent.objects.count()
    url = start(same_genesis=same_genesis)
    for _ in range(2):
        with pytest.raises(ChainChanged, match="devnet reset"):
            indexer.advance(followed)
    assert ("no contract" if same_genesis else "began anew") in chain_health().reason
    assert ChainEvent.objects.filter(canonical=True).count() == kept
    # What `devnet reset` does once it has the stack to itself.
    reset_chain(followed.pk)
    chain = register_deployment(deploy_devnet(url))
    follow(chain)
    assert trading.check(chain, Gateway(url, chain.contract_address)) == 0


def test_same_height_with_other_blocks_halts_and_one_command_goes_on(
    followed: Chain, start: Callable[..., str]
) -> None:
    """I07: same first block, same contract at the same address, and as high as before; only the trades are not there."""
    kept = ChainEvent.objects.count()
    url = start()
    deployment = deploy_devnet(url)
    node = Gateway(url, deployment.contract)
    missing = (followed.scanned_block or 0) - node.head().number
    services.rpc(url, "anvil_mine", hex(max(missing, 0) + 2))
    with pytest.raises(indexer.ChainHalted, match="chain_resume 72731"):
        indexer.advance(followed)
    assert ChainEvent.objects.filter(canonical=True).count() == kept
    call_command("chain_resume", "72731", stdout=StringIO())
    assert trading.check(followed, node) == 0
    assert ChainEvent.objects.filter(canonical=False).count() == kept
