"""Follows a plan with Foundry's cast, one program run for each question."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from stack import node


def follow(plan: dict[str, Any]) -> dict[str, Any]:
    """The ids and signatures that it makes, and the events that come of it; it tells no digest."""
    return _Cast(plan).follow()


class _Cast:
    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._program = str(node.native_program("cast"))
        self._signatures = {
            entry["name"]: _signature(entry)
            for entry in plan["abi"]
            if entry["type"] in ("function", "event")
        }
        events = [entry["name"] for entry in plan["abi"] if entry["type"] == "event"]
        self._topics = {self._run("sig-event", self._signatures[name]): name for name in events}

    def follow(self) -> dict[str, Any]:
        domain = self._domain()
        ids = [self._ask("idOf", "bytes32", _tuple(trade)) for trade in self._plan["trades"]]
        report: dict[str, Any] = {"domain": domain, "ids": ids, "signatures": [], "events": []}
        for step in self._plan["steps"]:
            signature = ""
            if step["signed"]:
                signature = self._sign(domain, *step["signed"])
                report["signatures"].append(signature)
            report["events"].append(self._send(step, signature))
        return report

    def _domain(self) -> dict[str, Any]:
        types = "bytes1,string,string,uint256,address,bytes32,uint256[]"
        _, name, version, chain_id, contract, *_ = self._ask("eip712Domain", types).splitlines()
        return {
            "name": json.loads(name),
            "version": json.loads(version),
            "chainId": chain_id.split()[0],
            "verifyingContract": contract,
        }

    def _ask(self, function: str, returns: str, *arguments: str) -> str:
        signature = f"{self._signatures[function]}({returns})"
        return self._on_chain("call", self._plan["contract"], signature, *arguments)

    def _sign(self, domain: dict[str, Any], by: str, primary: str, message: dict[str, Any]) -> str:
        types = self._plan["types"]
        document = {
            "types": {name: types[name] for name in ("EIP712Domain", primary, "Trade")},
            "primaryType": primary,
            "domain": domain,
            "message": message,
        }
        key = self._plan["keys"][by]
        return self._run("wallet", "sign", "--private-key", key, "--data", json.dumps(document))

    def _send(self, step: dict[str, Any], signature: str) -> list[dict[str, Any]]:
        self._on_chain("rpc", "evm_setNextBlockTimestamp", str(step["time"]))
        arguments = [_value(argument, signature) for argument in step["arguments"]]
        receipt = json.loads(
            self._on_chain(
                *("send", "--json", "--private-key", self._plan["keys"][step["sender"]]),
                *("--value", step["value"], "--gas-limit", str(self._plan["gas"])),
                *(self._plan["contract"], self._signatures[step["function"]], *arguments),
            )
        )
        block = str(int(receipt["blockNumber"], 16))
        span = ("--from-block", block, "--to-block", block, "--address", self._plan["contract"])
        logs = json.loads(self._on_chain("logs", "--json", *span))
        return [
            {"name": self._topics[log["topics"][0]], "topics": log["topics"], "data": log["data"]}
            for log in logs
        ]

    def _on_chain(self, command: str, *arguments: str) -> str:
        return self._run(command, "--rpc-url", self._plan["url"], *arguments)

    def _run(self, *arguments: str) -> str:
        command = [self._program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.strip()


def _signature(entry: dict[str, Any]) -> str:
    return f"{entry['name']}({','.join(map(_type, entry['inputs']))})"


def _type(entry: dict[str, Any]) -> str:
    if not entry["type"].startswith("tuple"):
        return str(entry["type"])
    return f"({','.join(map(_type, entry['components']))}){entry['type'].removeprefix('tuple')}"


def _value(argument: Any, signature: str) -> str:
    if isinstance(argument, dict):
        return _tuple(argument)
    return signature if argument == "signature" else str(argument)


def _tuple(trade: dict[str, str]) -> str:
    return f"({','.join(trade.values())})"
