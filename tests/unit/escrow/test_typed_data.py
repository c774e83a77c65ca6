"""Golden vectors, strictness and commitments of the typed data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from escrow.chain import typed_data
from escrow.chain.types import TradeTerms
from tests.vectors import make_typed_data

VECTORS = json.loads(
    (Path(make_typed_data.__file__).with_name("typed_data.json")).read_text(encoding="utf-8")
)
TRADE = next(v["message"] for v in VECTORS["vectors"] if v["primaryType"] == "Trade")


def test_vectors_are_what_the_code_makes_now() -> None:
    assert make_typed_data.document() == VECTORS


def test_every_type_has_a_vector() -> None:
    named = {vector["primaryType"] for vector in VECTORS["vectors"]}
    assert named == set(typed_data.types()) - {"EIP712Domain", "OfferMethod"}


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_vector_agrees_with_another_library(vector: dict[str, Any]) -> None:
    """S04, S05: eth_account hashes the same document to the same struct hash and domain."""
    document = typed_data.typed_message(
        vector["primaryType"], vector["message"], VECTORS["chainId"], VECTORS["verifyingContract"]
    )
    signable = encode_typed_data(full_message=document)
    assert "0x" + signable.body.hex() == vector["structHash"]
    assert "0x" + signable.header.hex() == VECTORS["domainSeparator"]


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_both_forms_of_a_signature_recover_the_signer(vector: dict[str, Any]) -> None:
    digest = bytes.fromhex(vector["digest"][2:])
    for form in ("signature", "compact"):
        assert typed_data.recover(digest, vector[form]) == vector["signer"]
        assert typed_data.is_signed_by(vector["signer"], digest, vector[form])


@given(
    amount=st.integers(0, 2**128 - 1),
    windows=st.tuples(*[st.integers(0, 2**32 - 1)] * 3),
    fee=st.integers(0, 2**16 - 1),
    terms=st.binary(min_size=32, max_size=32),
    parties=st.tuples(*[st.binary(min_size=20, max_size=20)] * 4),
)
def test_trades_hash_as_another_library_hashes_them(
    amount: int, windows: tuple[int, int, int], fee: int, terms: bytes, parties: tuple[bytes, ...]
) -> None:
    """S05: a differential run over random trades."""
    seller, buyer, token, arbitrator = ("0x" + party.hex() for party in parties)
    trade = TradeTerms(
        seller=seller,
        buyer=buyer,
        token=token,
        amount=amount,
        arbitrator=arbitrator,
        fee_bps=fee,
        pay_window=windows[0],
        release_window=windows[1],
        ruling_window=windows[2],
        terms="0x" + terms.hex(),
    )
    document = typed_data.typed_message("Trade", trade.as_typed(), 1, token)
    assert trade.trade_id == "0x" + encode_typed_data(full_message=document).body.hex()
    assert TradeTerms.from_typed(trade.as_json()) == trade


@pytest.mark.parametrize(
    "change",
    [
        {"surplus": 1},
        {"amount": 2**128},
        {"amount": -1},
        {"amount": "1.0"},
        {"amount": "01"},
        {"amount": True},
        {"amount": 1.0},
        {"feeBps": 2**16},
        {"terms": "0x12"},
        {"terms": "12" * 32},
        {"seller": "0x12"},
        {"seller": "0x5fbdb2315678AFECB367f032d93f642f64180aa3"},
        {"seller": None},
    ],
    ids=str,
)
def test_message_that_does_not_fit_its_type_is_refused(change: dict[str, Any]) -> None:
    """S04: no coercion, no missing and no surplus field."""
    with pytest.raises(typed_data.MessageRefused):
        typed_data.hash_struct("Trade", {**TRADE, **change})


def test_missing_field_and_unknown_type_are_refused() -> None:
    with pytest.raises(typed_data.MessageRefused, match="terms"):
        typed_data.hash_struct(
            "Trade", {name: value for name, value in TRADE.items() if name != "terms"}
        )
    with pytest.raises(typed_data.MessageRefused, match="no message type"):
        typed_data.hash_struct("Order", {})


def test_digest_differs_by_chain_and_contract() -> None:
    """S02, S03: the same message on another chain or contract is another digest."""
    contract, other = VECTORS["verifyingContract"], TRADE["seller"]
    digests = {
        typed_data.digest("Trade", TRADE, chain_id=chain_id, contract=address)
        for chain_id in (1, 72731)
        for address in (contract, other)
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    "signature",
    [
        "0x",
        "no hex",
        "0x" + "00" * 64,
        "0x" + "00" * 65,
        "0x" + "11" * 66,
        "0x" + "11" * 64 + "1d",
        "0x" + "ff" * 65,
    ],
)
def test_malformed_signature_is_refused(signature: str) -> None:
    """S06, S07: wrong lengths, zero values, odd v and points off the curve belong to nobody."""
    with pytest.raises(typed_data.SignatureRefused):
        typed_data.recover(b"\1" * 32, signature)


def test_canonical_details_are_one_text_however_they_were_typed() -> None:
    composed, decomposed = (
        {"name": "Zoë", "iban": "DE1"},
        {"iban": "DE1 ", "name": " Zoe\u0308\u00a0\ufeff"},
    )
    assert typed_data.canonical(composed) == '{"iban":"DE1","name":"Zoë"}'
    assert typed_data.canonical(decomposed) == typed_data.canonical(composed)


@pytest.mark.parametrize("details", [{"name": 5}, {"näme": "x"}, {"name": "\ud800"}, {5: "x"}])
def test_details_that_are_no_plain_texts_are_refused(details: Any) -> None:
    with pytest.raises(typed_data.MessageRefused):
        typed_data.canonical(details)


def test_signature_of_a_wallet_is_taken_for_the_document_it_was_shown() -> None:
    """S17: what eth_signTypedData_v4 signs is exactly the digest we check."""
    account = Account.from_key("0x" + "11" * 32)
    document = typed_data.typed_message("Trade", TRADE, 72731, VECTORS["verifyingContract"])
    signed = Account.sign_typed_data(account.key, full_message=document)
    digest = typed_data.digest(
        "Trade", TRADE, chain_id=72731, contract=VECTORS["verifyingContract"]
    )
    assert typed_data.recover(digest, bytes(signed.signature)) == account.address
