"""Puts the contracts on a devnet: the deployer's first nonces, so that every devnet has the same addresses.

What is there already is left alone and read back. Nothing is funded and no other chain is ever written to.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from eth_account import Account

from escrow.chain.codec import artifact, constructor_data
from escrow.chain.deployments import recorded_deployment, recorded_entry
from escrow.chain.gateway import Gateway
from escrow.chain.keys import DEPLOYER, DEVNET_CHAIN_ID, cast_account
from escrow.chain.permit2 import PERMIT2
from escrow.chain.rpc import Rpc, number
from escrow.chain.types import Deployment

RECEIPT_WAIT_SECONDS = 20.0
RECEIPT_POLL_SECONDS = 0.02
DEPLOY_GAS = {
    "Escrow": 4_500_000,
    "TestUSDC": 2_500_000,
    "TestDAI": 2_000_000,
    "PriceFeed": 1_000_000,
}
GAS_PRICE_WEI = 10**10


class WrongChain(Exception):
    """The node serves another chain than the devnet; nothing was deployed."""


class DeploymentBroken(Exception):
    """The devnet carries something else at our addresses. `python manage.py devnet reset` makes a new one."""


@dataclass(frozen=True, slots=True)
class _Step:
    nonce: int
    contract: str
    arguments: tuple[object, ...]
    address: str


def deploy_devnet(rpc_url: str) -> Deployment:
    """Deploy what is missing on the devnet, then read back and return what is there.

    Raises: WrongChain, DeploymentBroken, NodeUnavailable.
    """
    rpc = Rpc(rpc_url)
    found = number(rpc.ask_always("eth_chainId"))
    if found != DEVNET_CHAIN_ID:
        raise WrongChain(
            f"The node at {rpc_url} serves chain {found}, not the devnet {DEVNET_CHAIN_ID}."
        )
    if rpc.ask_always("eth_getCode", PERMIT2, "latest") == "0x":
        rpc.ask("anvil_setCode", PERMIT2, artifact("Permit2")["deployedBytecode"])
    sent = [_deploy(rpc, step) for step in _steps() if not _is_there(rpc, step)]
    for tx_hash in sent:
        _await(rpc, tx_hash)
    return _read_back(rpc_url, rpc)


def _steps() -> list[_Step]:
    entry = recorded_entry(DEVNET_CHAIN_ID)
    tokens = [asset for asset in entry["assets"] if asset["artifact"]]
    plan: list[tuple[str, tuple[object, ...], str]] = [
        ("Escrow", (entry["feeRecipient"],), entry["contract"])
    ]
    plan += [(token["artifact"], (), token["token"]) for token in tokens]
    for feed in entry["feeds"]:
        plan.append(
            (
                "PriceFeed",
                (feed["pair"].replace("/", " / "), int(feed["firstAnswer"])),
                feed["address"],
            )
        )
    return [
        _Step(nonce, contract, arguments, address)
        for nonce, (contract, arguments, address) in enumerate(plan)
    ]


def _is_there(rpc: Rpc, step: _Step) -> bool:
    code = bytes.fromhex(rpc.ask_always("eth_getCode", step.address, "latest")[2:])
    if code and not _is_build_of(code, step.contract):
        raise DeploymentBroken(
            f"The devnet carries an older or foreign contract at {step.address}. Run `python manage.py devnet reset`."
        )
    return bool(code)


def _is_build_of(code: bytes, contract: str) -> bool:
    # Immutables are zero in the artifact and filled in on chain; every other byte must be the same.
    built = bytes.fromhex(artifact(contract)["deployedBytecode"][2:])
    return len(code) == len(built) and all(
        b == 0 or b == c for b, c in zip(built, code, strict=True)
    )


def _deploy(rpc: Rpc, step: _Step) -> str:
    deployer = cast_account(DEPLOYER)
    used = number(rpc.ask_always("eth_getTransactionCount", deployer.address, "pending"))
    if used != step.nonce:
        raise DeploymentBroken(
            f"The devnet's deployer was used before ({used} transactions). Run `python manage.py devnet reset`."
        )
    fields = {
        "chainId": DEVNET_CHAIN_ID,
        "nonce": step.nonce,
        "data": constructor_data(step.contract, *step.arguments),
        "value": 0,
        "gas": DEPLOY_GAS[step.contract],
        "gasPrice": GAS_PRICE_WEI,
    }
    signed = Account.sign_transaction(fields, deployer.key)
    return str(rpc.ask_always("eth_sendRawTransaction", "0x" + bytes(signed.raw_transaction).hex()))


def _await(rpc: Rpc, tx_hash: str) -> None:
    end = time.monotonic() + RECEIPT_WAIT_SECONDS
    while (receipt := rpc.ask("eth_getTransactionReceipt", tx_hash)) is None:
        if time.monotonic() > end:
            raise DeploymentBroken(
                "A deployment was not mined in time. Is the devnet producing blocks?"
            )
        time.sleep(RECEIPT_POLL_SECONDS)
    if number(receipt["status"]) != 1:
        raise DeploymentBroken(
            "A deployment failed on the devnet. Run `python manage.py devnet reset`."
        )


def _read_back(rpc_url: str, rpc: Rpc) -> Deployment:
    recorded = recorded_deployment(DEVNET_CHAIN_ID)
    for step in _steps():
        if not _is_there(rpc, step):
            raise DeploymentBroken(
                f"{step.contract} did not arrive at {step.address}. Run `python manage.py devnet reset`."
            )
    node = Gateway(rpc_url, recorded.contract)
    expected = ("Parley", "1", recorded.chain_id, recorded.contract)
    if node.fee_recipient() != recorded.fee_recipient or node.domain() != expected:
        raise DeploymentBroken(
            "The devnet's contract has other settings than recorded. Run `python manage.py devnet reset`."
        )
    return replace(recorded, genesis_hash=node.genesis_hash(), code_hash=node.code_hash())
