"""The practice world's doors: what they let through, and what a stranger gets."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from escrow.models import Chain
from marketplace.accounts.models import User
from practice import node

pytestmark = pytest.mark.django_db

ALICE_WEI = 10_000 * 10**18


def post(client: Client, path: str, body: object) -> tuple[int, dict[str, object]]:
    response = client.post(path, json.dumps(body), content_type="application/json")
    return response.status_code, response.json()


def test_a_wallet_reads_the_chain_through_the_door(client: Client, chain: Chain) -> None:
    status, answer = post(
        client, "/practice/rpc/", {"id": 7, "method": "eth_chainId", "params": []}
    )

    assert (status, answer["id"], answer["result"]) == (200, 7, hex(72731))


def test_nothing_that_steers_the_node_passes(client: Client, chain: Chain) -> None:
    before = node.result_of("eth_blockNumber", [])

    for method in (
        "anvil_setBalance",
        "evm_increaseTime",
        "eth_sendTransaction",
        "anvil_mine",
        "eth_sign",
    ):
        _, answer = post(client, "/practice/rpc/", {"id": 1, "method": method, "params": []})
        assert answer["error"] == {
            "code": -32601,
            "message": f"The practice network does not offer {method}.",
        }

    assert node.result_of("eth_blockNumber", []) == before


def test_the_tap_gives_coins_to_an_address(client: Client, chain: Chain, carol: User) -> None:
    status, answer = post(client, "/practice/faucet/", {"address": carol.address})

    assert (status, answer) == (200, {"given": {"ETH": "1", "USDC": "1000", "DAI": "1000"}})
    assert (
        int(node.result_of("eth_getBalance", [carol.address, "latest"]), 16) == ALICE_WEI + 10**18
    )


@pytest.mark.parametrize("address", ["", "0x12", "Carol", "0x" + "g" * 40, None])
def test_the_tap_refuses_what_is_no_address(client: Client, chain: Chain, address: object) -> None:
    status, answer = post(client, "/practice/faucet/", {"address": address})

    assert status == 400
    assert answer["error"]["text"] == "That is not an address of this network. Nothing was sent."  # type: ignore[index]


def test_a_body_that_is_no_object_changes_nothing(client: Client, chain: Chain) -> None:
    for body in ("[]", "nonsense", '{"address": ', "7"):
        response = client.post("/practice/faucet/", body, content_type="application/json")
        assert response.status_code == 400
