"""Whoever comes with other software than ours gets the same trade: same ids, same signatures, same events."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from escrow.chain import codec, typed_data
from escrow.chain.gateway import Gateway
from escrow.chain.types import Call, Deployment, RawLog, TradeTerms
from stack import node, services
from stack.folders import ROOT
from tests.clients import by_cast, by_web3
from tests.clients.plan import STARTS_AT, plan

NAMES = [
    ["Funded"],
    ["MarkedPaid"],
    ["Released"],
    ["Funded"],
    ["MarkedPaid"],
    ["Disputed"],
    ["Ruled"],
]


@pytest.fixture
def made(devnet: Deployment, anvil: str, cast: Any) -> dict[str, Any]:
    """The plan, with the tokens of its second trade minted and allowed."""
    made = plan(anvil, devnet, cast)
    token, amount = devnet.assets[0].token, int(made["trades"][1]["amount"])
    for function, arguments in (
        ("mint", (cast.alice.address, amount)),
        ("approve", (devnet.contract, amount)),
    ):
        data = codec.encode_call(function, *arguments, contract="TestUSDC")
        Gateway(anvil, devnet.contract).send(made["keys"]["seller"], Call(to=token, data=data))
    return made


def test_web3_viem_and_cast_drive_the_same_two_trades(
    made: dict[str, Any], devnet: Deployment, anvil: str, cast: Any
) -> None:
    """S04, S05: a good trade and a disputed one, three times over from the same block, compared field by field."""
    reports = []
    for follow in (by_web3.follow, _by_viem, by_cast.follow):
        snapshot = services.rpc(anvil, "evm_snapshot")
        reports.append(follow(made))
        _both_are_closed_and_paid(made, devnet, anvil, cast)
        services.rpc(anvil, "evm_revert", snapshot)
    web3, viem, foundry = reports
    assert viem == web3
    assert foundry == _as_cast_tells(web3)

    _is_ours(web3, made, devnet)
    assert [[event["name"] for event in events] for events in web3["events"]] == NAMES


def _by_viem(made: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [node.program(), str(ROOT / "tests/clients/by_viem.mjs")],
        input=json.dumps(made),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _as_cast_tells(report: dict[str, Any]) -> dict[str, Any]:
    """Without digests and decoded arguments: it shows neither."""
    events = [
        [{key: value for key, value in event.items() if key != "args"} for event in found]
        for found in report["events"]
    ]
    rest = {key: value for key, value in report.items() if key != "digests"}
    return {**rest, "events": events}


def _both_are_closed_and_paid(
    made: dict[str, Any], devnet: Deployment, anvil: str, cast: Any
) -> None:
    gateway = Gateway(anvil, devnet.contract)
    good, disputed = (TradeTerms.from_typed(trade) for trade in made["trades"])
    assert [gateway.escrow_state(terms.trade_id).status for terms in (good, disputed)] == [0, 0]
    assert gateway.fees(good.token) == good.amount * 50 // 10_000
    assert gateway.token_balance(disputed.token, cast.bob.address) == 100_000_000
    assert (
        gateway.token_balance(disputed.token, cast.alice.address) == disputed.amount - 100_000_000
    )
    assert gateway.head().time == STARTS_AT + 130


def _is_ours(report: dict[str, Any], made: dict[str, Any], devnet: Deployment) -> None:
    """What our own code says to the same: the domain, the ids, the digests and the events."""
    ours = {"chain_id": devnet.chain_id, "contract": devnet.contract}
    assert report["domain"] == {
        "name": "Parley",
        "version": "1",
        "chainId": str(devnet.chain_id),
        "verifyingContract": devnet.contract,
    }
    assert report["ids"] == [TradeTerms.from_typed(trade).trade_id for trade in made["trades"]]
    signed = [step["signed"] for step in made["steps"] if step["signed"]]
    assert report["digests"] == [
        "0x" + typed_data.digest(primary, message, **ours).hex() for _, primary, message in signed
    ]
    for event in (event for events in report["events"] for event in events):
        decoded = codec.decode_event(_raw(event, devnet))
        assert decoded is not None
        assert decoded.name == event["name"]
        assert {"id": decoded.trade_id, **decoded.args} == event["args"]


def _raw(event: dict[str, Any], devnet: Deployment) -> RawLog:
    return RawLog(
        address=devnet.contract,
        topics=tuple(event["topics"]),
        data=event["data"],
        block_number=0,
        block_hash="",
        tx_hash="",
        tx_index=0,
        log_index=0,
    )
