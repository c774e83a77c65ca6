"""Contract wallets on the devnet: compiled from contracts/test/mocks, put there, and signed for by their owners."""

from __future__ import annotations

import json
import subprocess
import time
from functools import cache
from typing import Any

from eth_abi.abi import encode
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from escrow.chain.build import FACTORY
from escrow.chain.contract_wallets import ERC6492_SUFFIX
from stack import node, services
from stack.folders import ROOT

MOCKS = ROOT / "contracts" / "test" / "mocks"
PATIENCE_SECONDS = 5.0
SALT = bytes(31) + b"\x07"


@cache
def bytecode(name: str) -> str:
    """The creation code of a wallet of contracts/test/mocks, without 0x."""
    return str(_compiled()[name])


def init_code(name: str, types: list[str], *arguments: Any) -> bytes:
    return bytes.fromhex(bytecode(name)) + encode(types, arguments)


def put(rpc_url: str, code: bytes) -> str:
    """Create a contract; its address."""
    sender = services.rpc(rpc_url, "eth_accounts")[0]  # type: ignore[index]
    call = {"from": sender, "data": "0x" + code.hex(), "gas": hex(3_000_000)}
    tx_hash = services.rpc(rpc_url, "eth_sendTransaction", call)
    # The node mines it by itself, a moment later on a busy machine.
    patience = time.monotonic() + PATIENCE_SECONDS
    receipt: Any = None
    while receipt is None and time.monotonic() < patience:
        time.sleep(0.02)
        receipt = services.rpc(rpc_url, "eth_getTransactionReceipt", tx_hash)
    assert receipt is not None
    assert receipt["status"] == "0x1"
    return str(to_checksum_address(receipt["contractAddress"]))


def shared_wallet(rpc_url: str, first: LocalAccount, second: LocalAccount) -> str:
    return put(rpc_url, shared_code(first, second))


def shared_code(first: LocalAccount, second: LocalAccount) -> bytes:
    return init_code("SharedWallet", ["address", "address"], first.address, second.address)


def odd_wallet(rpc_url: str, answer: bytes) -> str:
    """One that answers this, whatever it is asked."""
    return put(rpc_url, init_code("OddWallet", ["bytes"], answer))


def future_address(code: bytes, factory: str = FACTORY) -> str:
    """Where a factory that creates with SALT will put the code."""
    made_of = b"\xff" + bytes.fromhex(factory[2:]) + SALT + keccak(code)
    return str(to_checksum_address(keccak(made_of)[12:]))


def wrapped(signature: bytes, call: bytes, factory: str = FACTORY) -> bytes:
    """A signature of a wallet that is not there yet (ERC-6492)."""
    return encode(["address", "bytes", "bytes"], [factory, call, signature]) + ERC6492_SUFFIX


def signed_by(digest: bytes, *owners: LocalAccount) -> bytes:
    """The owners' signatures one after the other."""
    return b"".join(bytes(owner.unsafe_sign_hash(digest).signature) for owner in owners)


@cache
def _compiled() -> dict[str, str]:
    sources = {
        path.name: {"content": path.read_text()}
        for path in (MOCKS / "Wallets.sol", MOCKS / "SharedWallet.sol")
    }
    settings = {"evmVersion": "cancun", "outputSelection": {"*": {"*": ["evm.bytecode.object"]}}}
    asked = {"language": "Solidity", "sources": sources, "settings": settings}
    done = subprocess.run(
        [node.program(), str(ROOT / "contracts" / "solc-wrap.mjs"), "--standard-json"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    made = json.loads(done.stdout)["contracts"]
    return {
        name: contract["evm"]["bytecode"]["object"]
        for contracts in made.values()
        for name, contract in contracts.items()
    }
