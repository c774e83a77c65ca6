"""Chains of other ids than the devnet's, each with a node of its own, for what must be the same on every chain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from escrow.chain.codec import artifact
from escrow.chain.permit2 import PERMIT2
from stack import node, services
from stack.children import Child, Program


class Node:
    """One running chain and what a test asks of it directly."""

    def __init__(self, url: str, chain_id: int) -> None:
        self.url = url
        self.chain_id = chain_id

    def rpc(self, method: str, *parameters: Any) -> Any:
        return services.rpc(self.url, method, *parameters)

    @property
    def account(self) -> str:
        """The first of the accounts that the node holds and has given coins."""
        return str(self.rpc("eth_accounts")[0])

    def code(self, address: str) -> str:
        return str(self.rpc("eth_getCode", address, "latest"))

    def height(self) -> int:
        return int(self.rpc("eth_blockNumber"), 16)

    def place_permit2(self, code: str | None = None) -> None:
        """As it stands on public chains, or with other code."""
        placed = artifact("Permit2")["deployedBytecode"] if code is None else code
        self.rpc("anvil_setCode", PERMIT2, placed)


@contextmanager
def long_memory(folder: Path) -> Iterator[str]:
    """The URL of a fresh devnet node for many reorgs: it keeps the state of every block in memory.

    The usual one moves older states to disk, from where its reorg does not read them: the contract would be gone.
    """
    port = services.free_port()
    program = services.anvil(port=port, log=folder / "anvil.log")
    child = Child(replace(program, command=[*program.command, "--prune-history", "20000"]))
    try:
        child.wait_until_ready()
        yield services.chain_rpc_url(port)
    finally:
        child.stop()


@contextmanager
def running(chain_id: int, folder: Path, *, hardfork: str = "prague") -> Iterator[Node]:
    """A fresh chain with Permit2 on it."""
    port = services.free_port()
    url = services.chain_rpc_url(port)
    arguments = ["--host", services.HOST, "--port", str(port), "--silent", "--hardfork", hardfork]
    child = Child(
        Program(
            name=f"anvil {chain_id}",
            command=[
                str(node.native_program("anvil")),
                *arguments,
                "--chain-id",
                str(chain_id),
                # Accounts of its own: those of the devnet would create at the devnet's addresses.
                "--mnemonic-seed-unsafe",
                str(chain_id),
            ],
            is_ready=lambda: services.rpc(url, "eth_chainId") == hex(chain_id),
            log=folder / f"anvil-{chain_id}.log",
        )
    )
    try:
        child.wait_until_ready()
        started = Node(url, chain_id)
        started.place_permit2()
        yield started
    finally:
        child.stop()
