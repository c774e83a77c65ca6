"""The contract of each chain, read from deployments.json. A chain that is not in the file is not served."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from escrow.chain.types import DeployedAsset, Deployment

DEPLOYMENTS_PATH = Path(__file__).with_name("deployments.json")


class NoDeployment(Exception):
    """The file records no contract for a chain; the text names the chain and the file."""


def recorded_deployment(chain_id: int) -> Deployment:
    """What the file says of a chain; genesis and code hash are empty until read from a node.

    Raises: NoDeployment.
    """
    entry = recorded_entry(chain_id)
    return Deployment(
        chain_id=chain_id,
        name=entry["name"],
        contract=entry["contract"],
        deploy_block=entry["deployBlock"],
        fee_recipient=entry["feeRecipient"],
        assets=tuple(_asset(asset) for asset in entry["assets"]),
        feeds={feed["pair"]: feed["address"] for feed in entry["feeds"]},
    )


def recorded_entry(chain_id: int) -> dict[str, Any]:
    """The file's own entry for a chain, with what only a deployer needs.

    Raises: NoDeployment.
    """
    entry: dict[str, Any] | None = _recorded().get(str(chain_id))
    if entry is None:
        raise NoDeployment(
            f"Chain {chain_id} is not in {DEPLOYMENTS_PATH.name}: add its contract there."
        )
    return entry


@cache
def _recorded() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DEPLOYMENTS_PATH.read_text(encoding="utf-8"))
    return loaded


def _asset(entry: dict[str, Any]) -> DeployedAsset:
    return DeployedAsset(
        token=entry["token"],
        symbol=entry["symbol"],
        name=entry["name"],
        decimals=entry["decimals"],
        has_permit=bool(entry["permitVersion"]),
        permit_version=entry["permitVersion"],
    )
