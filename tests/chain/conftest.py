"""A node of its own for each file: these tests make, undo and skip more of a chain than one node keeps well."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from escrow.chain.deploy import Deployment, deploy_devnet
from stack import services
from tests.plugin.services import CHAIN_PORT, FOLDER, serve


@pytest.fixture(scope="module")
def anvil_node() -> Iterator[str]:
    """The URL of a fresh devnet node that mines each transaction at once."""
    yield from serve(
        "CHAIN_RPC_URL", lambda: services.anvil(port=CHAIN_PORT, log=FOLDER / "anvil.log")
    )


@pytest.fixture(scope="module")
def deployment(anvil_node: str) -> Deployment:
    """The contract, the test coins and the price feeds on it."""
    return deploy_devnet(anvil_node)
