"""The contract of each chain, read from deployments.json. A chain that is not in the file is not served."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from escrow.chain.types import ZERO_ADDRESS, DeployedAsset, Deployment

DEPLOYMENTS_PATH = Path(__file__).with_name("deployments.json")


class NoDeployment(Exception):
    """The file records no contract for a chain; the text names the chain and the file."""


class EntryRefused(Exception):
    """The file cannot take the entry; the text says why. Nothing was written."""


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


def deployment_entry(
    *, name: str, contract: str, deploy_block: int, fee_recipient: str, proof: dict[str, str]
) -> dict[str, Any]:
    """A new entry, with the chain's own coin as its only asset; tokens and feeds are added by hand. `proof` is for readers."""
    coin = {"token": ZERO_ADDRESS, "artifact": "", "symbol": "ETH", "name": "Ether"}
    return {
        "name": name,
        "contract": contract,
        "deployBlock": deploy_block,
        "feeRecipient": fee_recipient,
        **proof,
        "assets": [{**coin, "decimals": 18, "permitVersion": ""}],
        "feeds": [],
    }


def check_entry_fits(path: Path, chain_id: int, contract: str) -> None:
    """Refuse a file that cannot take the entry.

    Raises: EntryRefused.
    """
    recorded = _file(path).get(str(chain_id))
    if recorded is not None and recorded["contract"] != contract:
        raise EntryRefused(
            f"{path.name} records another contract for chain {chain_id}, {recorded['contract']}. Take that entry out first."
        )


def write_entry(path: Path, chain_id: int, entry: dict[str, Any]) -> None:
    """Put the entry into the file, new or not; assets and feeds that were added by hand to the same contract stay.

    Raises: EntryRefused.
    """
    check_entry_fits(path, chain_id, entry["contract"])
    document = _file(path)
    before = document.get(str(chain_id), {})
    kept = {key: before[key] for key in ("name", "assets", "feeds") if key in before}
    document[str(chain_id)] = {**entry, **kept}
    path.write_text(text_of(document), encoding="utf-8")


def text_of(document: dict[str, Any]) -> str:
    """The file's text: two spaces, one line for each asset and feed."""
    lines = [
        f"  {json.dumps(chain_id)}: {{\n{_entry_text(entry)}\n  }}"
        for chain_id, entry in document.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


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


def _file(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise EntryRefused(f"{path} is not a file of deployments.") from error
    if not isinstance(found, dict):
        raise EntryRefused(f"{path} is not a file of deployments.")
    return found


def _entry_text(entry: dict[str, Any]) -> str:
    return ",\n".join(
        f"    {json.dumps(key)}: {_value_text(value)}" for key, value in entry.items()
    )


def _value_text(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value, ensure_ascii=False)
    items = ",\n".join(f"      {{ {_item_text(item)} }}" for item in value)
    return f"[\n{items}\n    ]"


def _item_text(item: dict[str, Any]) -> str:
    return ", ".join(
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in item.items()
    )
