"""The devnet's node as practice uses it: a same-origin door for the practice wallet, and coins from the tap."""

from __future__ import annotations

import json
from typing import Any

import requests
from django.conf import settings

TIMEOUT_SECONDS = 10
# What a wallet needs to read, price and send; nothing that could steer the node itself.
ALLOWED = frozenset(
    {
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_estimateGas",
        "eth_feeHistory",
        "eth_gasPrice",
        "eth_getBalance",
        "eth_getBlockByNumber",
        "eth_getCode",
        "eth_getLogs",
        "eth_getTransactionByHash",
        "eth_getTransactionCount",
        "eth_getTransactionReceipt",
        "eth_maxPriorityFeePerGas",
        "eth_sendRawTransaction",
        "net_version",
    }
)


class MethodRefused(Exception):
    """The practice wallet asked the node for something that is not on the list."""


class NodeUnreachable(Exception):
    """The devnet's node did not answer. Nothing was sent; try again when it is back."""


def ask(method: str, params: list[Any]) -> Any:
    """The node's whole answer to one JSON-RPC call, errors included.

    Raises:
        NodeUnreachable: no answer within ten seconds.
    """
    try:
        answer = requests.post(
            settings.CHAIN_RPC_URL,
            data=json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}),
            headers={"content-type": "application/json"},
            timeout=TIMEOUT_SECONDS,
        )
        return answer.json()
    except (requests.RequestException, ValueError) as error:
        raise NodeUnreachable(
            "The practice network does not answer. Nothing was sent; try again."
        ) from error


def relay_for_wallet(method: str, params: list[Any]) -> Any:
    """As `ask`, but only for what a wallet may ask.

    Raises:
        MethodRefused: the method is not on the list.
    """
    if method not in ALLOWED:
        raise MethodRefused(f"The practice network does not offer {method}.")
    return ask(method, params)


def result_of(method: str, params: list[Any]) -> Any:
    """The result of one call to our own devnet.

    Raises:
        NodeUnreachable: no answer, or the node refused.
    """
    answer = ask(method, params)
    if "error" in answer:
        raise NodeUnreachable(
            f"The practice network refused {method}: {answer['error'].get('message')}"
        )
    return answer["result"]
