"""Follows a plan with web3.py and eth_account, and none of our code."""

from __future__ import annotations

from typing import Any

from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_typed_data
from web3 import HTTPProvider, Web3


def follow(plan: dict[str, Any]) -> dict[str, Any]:
    """The ids, digests and signatures that it makes, and the events that come of it."""
    web3 = Web3(HTTPProvider(plan["url"]))
    contract = web3.eth.contract(address=plan["contract"], abi=plan["abi"])
    _, name, version, chain_id, place, _, _ = contract.functions.eip712Domain().call()
    domain = {"name": name, "version": version, "chainId": chain_id, "verifyingContract": place}
    report: dict[str, Any] = {
        "domain": {**domain, "chainId": str(chain_id)},
        "ids": [
            Web3.to_hex(contract.functions.idOf(_tuple(trade)).call()) for trade in plan["trades"]
        ],
        "digests": [],
        "signatures": [],
        "events": [],
    }
    for step in plan["steps"]:
        signature = _signature(plan, step, domain, report)
        receipt = _send(web3, contract, plan, step, signature)
        report["events"].append(_events(contract, receipt))
    return report


def _signature(
    plan: dict[str, Any], step: dict[str, Any], domain: dict[str, Any], report: dict[str, Any]
) -> str:
    if not step["signed"]:
        return ""
    by, primary, message = step["signed"]
    types = {primary: plan["types"][primary], "Trade": plan["types"]["Trade"]}
    signable = encode_typed_data(domain, types, message)
    signed = Account.sign_message(signable, plan["keys"][by])
    report["digests"].append(Web3.to_hex(_hash_eip191_message(signable)))
    report["signatures"].append(Web3.to_hex(signed.signature))
    return str(report["signatures"][-1])


def _send(
    web3: Web3, contract: Any, plan: dict[str, Any], step: dict[str, Any], signature: str
) -> Any:
    sender = Account.from_key(plan["keys"][step["sender"]])
    web3.provider.make_request("evm_setNextBlockTimestamp", [step["time"]])  # type: ignore[arg-type]
    arguments = [_value(argument, signature) for argument in step["arguments"]]
    transaction = contract.functions[step["function"]](*arguments).build_transaction(
        {
            "from": sender.address,
            "nonce": web3.eth.get_transaction_count(sender.address),
            "value": int(step["value"]),
            "gas": plan["gas"],
        }
    )
    tx_hash = web3.eth.send_raw_transaction(sender.sign_transaction(transaction).raw_transaction)
    return web3.eth.wait_for_transaction_receipt(tx_hash, timeout=20, poll_latency=0.05)


def _events(contract: Any, receipt: Any) -> list[dict[str, Any]]:
    found = []
    for log in receipt["logs"]:
        if log["address"] != contract.address:
            continue
        topics = [Web3.to_hex(topic) for topic in log["topics"]]
        event = contract.get_event_by_topic(topics[0]).process_log(log)
        arguments = {name: _plain(value) for name, value in event["args"].items()}
        data = Web3.to_hex(log["data"])
        found.append({"name": event["event"], "args": arguments, "topics": topics, "data": data})
    return found


def _value(argument: Any, signature: str) -> Any:
    if isinstance(argument, dict):
        return _tuple(argument)
    if argument == "signature":
        return signature
    return argument if argument.startswith("0x") else int(argument)


def _tuple(trade: dict[str, str]) -> tuple[Any, ...]:
    return tuple(value if value.startswith("0x") else int(value) for value in trade.values())


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return Web3.to_hex(value)
    if isinstance(value, str | int):
        return str(value)
    return {name: _plain(part) for name, part in value.items()}
