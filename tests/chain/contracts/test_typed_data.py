"""What is signed for Parley hashes the same in our code, in eth_account, in viem, in cast and in the contract."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from random import Random
from typing import Any

import pytest
from eth_abi import encode
from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_typed_data

from escrow.chain.codec import encode_call
from escrow.chain.types import Deployment, TradeTerms
from stack import node, services
from stack.folders import ROOT
from tests.clients.documents import KINDS, PERMIT2, document_of

SEED = 712
OF_EACH = 40
KEY = "0x" + encode(["uint256"], [SEED]).hex()

Case = tuple[dict[str, Any], bytes, str]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    random = Random(SEED)
    return [document_of(kind, random) for kind in KINDS for _ in range(OF_EACH)]


def test_there_are_enough_of_every_kind(cases: list[Case]) -> None:
    counted = Counter(document["primaryType"] for document, _, _ in cases)
    assert set(counted) == set(KINDS)
    assert len({digest for _, digest, _ in cases}) > 500


def test_eth_account_hashes_as_we_do(cases: list[Case]) -> None:
    """S04, S05."""
    for document, digest, _ in cases:
        # For Permit2 our code is eth_account's; there viem and cast are the other opinions.
        message = encode_typed_data(full_message=document)
        assert bytes(_hash_eip191_message(message)) == digest, document


def test_viem_hashes_as_we_do(cases: list[Case]) -> None:
    """S04, S05."""
    done = subprocess.run(
        [node.program(), str(ROOT / "tests/clients/hash_typed_data.mjs")],
        input=json.dumps([document for document, _, _ in cases]),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for (document, digest, _), found in zip(cases, json.loads(done.stdout), strict=True):
        assert found == "0x" + digest.hex(), document


def test_cast_signs_what_we_hash(cases: list[Case], tmp_path: Any) -> None:
    """S04, S05. It tells no digest, but its signatures are deterministic: the same digest, the same bytes."""
    account = Account.from_key(KEY)
    file = tmp_path / "document.json"
    command = [str(node.native_program("cast")), "wallet", "sign", "--private-key", KEY]
    for document, digest, _ in cases:
        file.write_text(json.dumps(document), encoding="utf-8")
        done = subprocess.run(
            [*command, "--data", "--from-file", str(file)],
            capture_output=True,
            text=True,
            check=True,
        )
        expected = "0x" + bytes(account.unsafe_sign_hash(digest).signature).hex()
        assert done.stdout.strip() == expected, document


def test_contract_gives_every_trade_the_same_id(
    cases: list[Case], devnet: Deployment, anvil: str
) -> None:
    """S05."""
    asked = 0
    for document, _, trade_id in cases:
        if not trade_id:
            continue
        message = document["message"]
        inner = "witness" if document["primaryType"] == PERMIT2 else "trade"
        trade = TradeTerms.from_typed(message.get(inner, message))
        call = {"to": devnet.contract, "data": encode_call("idOf", trade.as_tuple())}
        assert services.rpc(anvil, "eth_call", call, "latest") == trade_id
        asked += 1
    assert asked == OF_EACH * 11
