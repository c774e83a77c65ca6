"""Writes tests/vectors/typed_data.json: run `python tests/vectors/make_typed_data.py` after a change of the types.

The figures come from escrow.chain.typed_data; a unit test compares them with eth_account, the forge tests with the
contract and the frontend's tests with its own code, so that an error would have to be made four times.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from eth_account.messages import encode_typed_data  # noqa: E402
from eth_utils import keccak  # noqa: E402

from escrow.chain import permit2, typed_data  # noqa: E402
from escrow.chain.keys import ALICE, AMINA, BOB, DANA, cast_account  # noqa: E402
from escrow.chain.types import TradeTerms  # noqa: E402

TARGET = Path(__file__).with_name("typed_data.json")
CHAIN_ID = 72731
CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
USDC = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
NATIVE = "0x" + "00" * 20
NO_HASH = "0x" + "00" * 32
FUNDED_AT = 1_770_000_000
# Spelled out again: what Permit2 puts together from its own part and the contract's witness type, but for the Trade.
PERMIT2_TYPE = (
    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
    "Trade witness)TokenPermissions(address token,uint256 amount)"
)

ABOUT = [
    "Golden vectors of Parley's EIP-712 messages; made by tests/vectors/make_typed_data.py, never edited by hand.",
    "chainId, verifyingContract and domainSeparator belong to every digest here.",
    "typeHashes: type name -> keccak256 of its encodeType text (encodedTypes).",
    "vectors[]: name, primaryType, message (every integer as decimal text, bytes32 and addresses as 0x text),",
    "structHash = hashStruct(message), digest = keccak256(0x1901 || domainSeparator || structHash), signer, signature",
    "(65 bytes, v 27 or 28, deterministic) and compact (the same in 64 bytes, EIP-2098).",
    "The structHash of a Trade is its id; the structHash of an Agreement is the terms of a Trade; that of an Offer is",
    "the offer of an Agreement.",
    "commitments[]: details, canonical (JSON, sorted keys, no spaces, NFC, trimmed, non-ASCII raw), salt, commitment.",
    "permit2[]: the same of the seller's Permit2 signature with the Trade as its witness, under Permit2's own domain:",
    "name, document (whole, as a wallet gets it), encodedType, domainSeparator, structHash, digest, signer, signature.",
    "methodSalts[]: offerSalt, code, salt.  devices[]: signing, agreement (64 hex digits each), hash.",
]


def main() -> None:
    """Write the file."""
    TARGET.write_text(json.dumps(document(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def document() -> dict[str, Any]:
    """The whole content of the vectors file."""
    encoded = {name: typed_data.encode_type(name) for name in typed_data.types()}
    separator = typed_data.domain_separator(chain_id=CHAIN_ID, contract=CONTRACT)
    return {
        "about": ABOUT,
        "chainId": CHAIN_ID,
        "verifyingContract": CONTRACT,
        "domainSeparator": "0x" + separator.hex(),
        "encodedTypes": encoded,
        "typeHashes": {name: "0x" + keccak(text=text).hex() for name, text in encoded.items()},
        "vectors": [_vector(*case) for case in _cases()],
        "permit2": [_permit2(*case) for case in _permit2_cases()],
        "commitments": [_commitment(*case) for case in _commitments()],
        "methodSalts": [
            _method_salt(_filled(9), code) for code in ("sepa_instant", "revolut", "pix", "оплата")
        ],
        "devices": [
            _device(bytes(range(32)), bytes(range(32, 64))),
            _device(b"\xff" * 32, b"\x00" * 32),
        ],
    }


def _vector(name: str, primary: str, message: dict[str, Any], signer: int) -> dict[str, Any]:
    plain = typed_data.typed_message(primary, message, CHAIN_ID, CONTRACT)["message"]
    digest = typed_data.digest(primary, plain, chain_id=CHAIN_ID, contract=CONTRACT)
    signed = cast_account(signer).unsafe_sign_hash(digest)
    compact = signed.s | ((signed.v - 27) << 255)
    return {
        "name": name,
        "primaryType": primary,
        "message": plain,
        "structHash": "0x" + typed_data.hash_struct(primary, plain).hex(),
        "digest": "0x" + digest.hex(),
        "signer": cast_account(signer).address,
        "signature": "0x" + bytes(signed.signature).hex(),
        "compact": "0x" + signed.r.to_bytes(32, "big").hex() + compact.to_bytes(32, "big").hex(),
    }


def _permit2(name: str, trade: dict[str, Any], nonce: int, deadline: int) -> dict[str, Any]:
    document = permit2.funding_message(
        TradeTerms.from_typed(trade),
        contract=CONTRACT,
        nonce=nonce,
        deadline=deadline,
        chain_id=CHAIN_ID,
    )
    signable = encode_typed_data(full_message=document)
    digest = permit2.funding_digest(document)
    return {
        "name": name,
        "document": document,
        "encodedType": PERMIT2_TYPE + typed_data.encode_type("Trade"),
        "domainSeparator": "0x" + signable.header.hex(),
        "structHash": "0x" + signable.body.hex(),
        "digest": "0x" + digest.hex(),
        "signer": cast_account(ALICE).address,
        "signature": "0x" + bytes(cast_account(ALICE).unsafe_sign_hash(digest).signature).hex(),
    }


def _permit2_cases() -> list[tuple[str, dict[str, Any], int, int]]:
    return [
        ("fund with Permit2", _trade(_agreement(_offer())), 1, FUNDED_AT + 900),
        ("fund with Permit2, extreme values", _extreme_trade(), 2**256 - 1, 2**256 - 1),
    ]


def _cases() -> list[tuple[str, str, dict[str, Any], int]]:
    offer, buy_offer = _offer(), _buy_offer()
    agreement = _agreement(offer)
    trade, ether, extreme = _trade(agreement), _ether_trade(), _extreme_trade()
    signed = {"trade": trade, "fundedAt": FUNDED_AT, "deadline": FUNDED_AT + 3600}
    return [
        ("trade in test USDC", "Trade", trade, BOB),
        ("trade in native coin", "Trade", ether, BOB),
        ("trade with extreme values", "Trade", extreme, BOB),
        ("mark paid", "MarkPaid", signed, BOB),
        (
            "mark paid, native coin, no practical deadline",
            "MarkPaid",
            {**signed, "trade": ether, "deadline": 2**256 - 1},
            BOB,
        ),
        ("release", "Release", signed, ALICE),
        ("cancel", "Cancel", signed, BOB),
        ("reclaim", "Reclaim", signed, ALICE),
        ("grant time", "GrantTime", {**signed, "newPayBy": FUNDED_AT + 86_400}, ALICE),
        ("dispute by the buyer", "Dispute", {**signed, "evidence": _filled(0xD1)}, BOB),
        (
            "dispute by the seller without evidence",
            "Dispute",
            {**signed, "evidence": NO_HASH},
            ALICE,
        ),
        ("settle on a split, seller", "Settle", {**signed, "toBuyer": 100_000_000}, ALICE),
        ("settle on a split, buyer", "Settle", {**signed, "toBuyer": 100_000_000}, BOB),
        ("settle on nothing for the buyer", "Settle", {**signed, "toBuyer": 0}, BOB),
        ("rule", "Rule", {**signed, "toBuyer": 125_000_000, "evidence": _filled(0xE1)}, DANA),
        ("withdraw", "Withdraw", _withdrawal(), BOB),
        ("agreement", "Agreement", agreement, BOB),
        ("agreement in another script", "Agreement", _foreign_agreement(), BOB),
        ("take", "Take", _take(trade, agreement), BOB),
        ("offer to sell with two methods", "Offer", offer, ALICE),
        ("offer to buy on a margin", "Offer", buy_offer, AMINA),
        ("offer without methods", "Offer", {**offer, "methods": []}, ALICE),
    ]


def _trade(agreement: dict[str, Any]) -> dict[str, Any]:
    return {
        "seller": cast_account(ALICE).address,
        "buyer": cast_account(BOB).address,
        "token": USDC,
        "amount": 250_000_000,
        "arbitrator": cast_account(DANA).address,
        "feeBps": 50,
        "payWindow": 1_800,
        "releaseWindow": 604_800,
        "rulingWindow": 1_209_600,
        "terms": "0x" + typed_data.hash_struct("Agreement", agreement).hex(),
    }


def _ether_trade() -> dict[str, Any]:
    agreement = _foreign_agreement()
    return {
        **_trade(agreement),
        "token": NATIVE,
        "amount": 50_000_000_000_000_001,
        "feeBps": 0,
        "payWindow": 86_400,
    }


def _extreme_trade() -> dict[str, Any]:
    return {
        "seller": "0x" + "ff" * 20,
        "buyer": "0x" + "00" * 19 + "01",
        "token": NATIVE,
        "amount": 2**128 - 1,
        "arbitrator": cast_account(DANA).address,
        "feeBps": 2**16 - 1,
        "payWindow": 2**32 - 1,
        "releaseWindow": 0,
        "rulingWindow": 1,
        "terms": NO_HASH,
    }


def _agreement(offer: dict[str, Any]) -> dict[str, Any]:
    return {
        "fiatAmount": "231.40",
        "fiatCurrency": "EUR",
        "paymentMethod": "sepa_instant",
        "price": "0.9256",
        "priceSource": "fixed",
        "priceAt": FUNDED_AT - 120,
        "payerCommitment": typed_data.commitment({"name": "Jonas Weber"}, _filled(1)),
        "payeeCommitment": offer["methods"][0]["payeeCommitment"],
        "paymentReference": "7F3K22",
        "buyerDevice": typed_data.device_hash(bytes(range(32)), bytes(range(32, 64))),
        "sellerDevice": typed_data.device_hash(b"\xff" * 32, b"\x00" * 32),
        "fundBy": FUNDED_AT + 600,
        "offer": "0x" + typed_data.hash_struct("Offer", offer).hex(),
        "salt": _filled(7),
    }


def _foreign_agreement() -> dict[str, Any]:
    changes = {
        "fiatAmount": "4500000",
        "fiatCurrency": "NGN",
        "paymentMethod": "banküberweisung → 銀行",
        "paymentReference": "",
    }
    return {
        **_agreement(_offer()),
        **changes,
        "price": "",
        "priceSource": "Chainlink ETH/USD × NGN/USD",
        "salt": _filled(8),
    }


def _offer() -> dict[str, Any]:
    def method(code: str, details: dict[str, str], pay: int, release: int) -> dict[str, Any]:
        commitment = typed_data.commitment(details, typed_data.method_salt(_filled(9), code))
        return {
            "method": code,
            "payeeCommitment": commitment,
            "payWindow": pay,
            "releaseWindow": release,
        }

    iban = {"name": "Alice Ängström", "iban": "DE89370400440532013000"}
    return {
        "maker": cast_account(ALICE).address,
        "side": "sell",
        "asset": USDC,
        "currency": "EUR",
        "priceKind": "fixed",
        "price": "0.9256",
        "minFiat": "20.00",
        "maxFiat": "500.00",
        "stock": 1_000_000_000,
        "methods": [
            method("sepa_instant", iban, 1_800, 259_200),
            method("revolut", {"tag": "@alice"}, 1_500, 259_200),
        ],
        "arbitrator": cast_account(DANA).address,
        "feeBps": 50,
        "rulingWindow": 1_209_600,
        "expiry": FUNDED_AT + 30 * 86_400,
        "nonce": 2**255 + 1,
        "version": 1,
    }


def _buy_offer() -> dict[str, Any]:
    methods = [
        {"method": "pix", "payeeCommitment": NO_HASH, "payWindow": 1_500, "releaseWindow": 259_200}
    ]
    changes = {
        "maker": cast_account(AMINA).address,
        "side": "buy",
        "asset": NATIVE,
        "currency": "BRL",
        "priceKind": "margin",
    }
    return {
        **_offer(),
        **changes,
        "price": "+1.50",
        "stock": 2 * 10**18,
        "methods": methods,
        "nonce": 2,
        "version": 3,
    }


def _take(trade: dict[str, Any], agreement: dict[str, Any]) -> dict[str, Any]:
    return {
        "youPay": "231.40 EUR by SEPA Instant",
        "youGet": "248.75 USDC",
        "trade": trade,
        "agreement": agreement,
        "deadline": FUNDED_AT + 600,
    }


def _withdrawal() -> dict[str, Any]:
    return {
        "account": cast_account(BOB).address,
        "token": USDC,
        "amount": 248_750_000,
        "to": cast_account(DANA).address,
        "deadline": FUNDED_AT + 3600,
    }


def _commitments() -> list[tuple[dict[str, str], str]]:
    return [
        ({"name": "Jonas Weber"}, _filled(1)),
        ({"name": "  Jonas Weber\u00a0\ufeff"}, _filled(1)),
        ({"name": "Zoe\u0308 Nu\u0301n\u0303ez"}, _filled(2)),
        ({"name": "Zoë Núñez"}, _filled(2)),
        (
            {"iban": "DE89370400440532013000", "bic": "COBADEFFXXX", "name": "Ærøskøbing A/S"},
            _filled(3),
        ),
        (
            {"name": "李 小龍", "bank": "中国银行 🏦", "number": '6222 0000 "quoted" \\ / \t end'},
            _filled(4),
        ),
        ({"name": "محمد علي\u2028line", "note": ""}, _filled(5)),
        ({}, NO_HASH),
    ]


def _commitment(details: dict[str, str], salt: str) -> dict[str, Any]:
    return {
        "details": details,
        "canonical": typed_data.canonical(details),
        "salt": salt,
        "commitment": typed_data.commitment(details, salt),
    }


def _method_salt(offer_salt: str, code: str) -> dict[str, str]:
    return {"offerSalt": offer_salt, "code": code, "salt": typed_data.method_salt(offer_salt, code)}


def _device(signing: bytes, agreement: bytes) -> dict[str, str]:
    hashed = typed_data.device_hash(signing, agreement)
    return {"signing": signing.hex(), "agreement": agreement.hex(), "hash": hashed}


def _filled(byte: int) -> str:
    return "0x" + bytes([byte] * 32).hex()


if __name__ == "__main__":
    main()
