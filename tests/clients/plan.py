"""One good trade in native coin and one disputed trade in a token, as a plan that any client can follow.

All in plain JSON: numbers as decimal text, bytes as "0x" text. The times are set, so that every client gets the same blocks.
"""

from __future__ import annotations

from typing import Any

from escrow.chain import typed_data
from escrow.chain.codec import artifact
from escrow.chain.types import ZERO_ADDRESS, Deployment, TradeTerms

DAY = 86_400
STARTS_AT = 4_100_000_000
DEADLINE = STARTS_AT + DAY
EVIDENCE, REASONS = f"0x{0xE1:064x}", f"0x{0xE2:064x}"
GAS = 600_000


def plan(url: str, deployment: Deployment, cast: Any) -> dict[str, Any]:
    """What a client needs to know, and the steps that it must make in order."""
    good = _terms(cast, ZERO_ADDRESS, 10**18 + 1, 1)
    disputed = _terms(cast, deployment.assets[0].token, 250_750_001, 2)
    return {
        "url": url,
        "contract": deployment.contract,
        "abi": artifact("Escrow")["abi"],
        "types": typed_data.types(),
        "gas": GAS,
        "keys": {
            "seller": _key(cast.alice),
            "buyer": _key(cast.bob),
            "arbitrator": _key(cast.dana),
            "stranger": _key(cast.carol),
        },
        "trades": [good.as_json(), disputed.as_json()],
        "steps": [*_good(good), *_disputed(disputed)],
    }


def _terms(cast: Any, token: str, amount: int, number: int) -> TradeTerms:
    return TradeTerms(
        seller=cast.alice.address,
        buyer=cast.bob.address,
        token=token,
        amount=amount,
        arbitrator=cast.dana.address,
        fee_bps=50,
        pay_window=1_800,
        release_window=3 * DAY,
        ruling_window=14 * DAY,
        terms=f"0x{number:064x}",
    )


def _good(terms: TradeTerms) -> list[dict[str, Any]]:
    start = STARTS_AT
    message = {"trade": terms.as_json(), "fundedAt": str(start), "deadline": str(DEADLINE)}
    return [
        _step("fund", "seller", terms, start, value=terms.amount),
        _step(
            "markPaidBySig",
            "stranger",
            terms,
            start + 10,
            str(DEADLINE),
            "signature",
            signed=("buyer", "MarkPaid", message),
        ),
        _step("release", "seller", terms, start + 20),
    ]


def _disputed(terms: TradeTerms) -> list[dict[str, Any]]:
    start = STARTS_AT + 100
    message = {
        "trade": terms.as_json(),
        "fundedAt": str(start),
        "evidence": EVIDENCE,
        "deadline": str(DEADLINE),
    }
    arguments = (EVIDENCE, terms.seller, str(DEADLINE), "signature")
    return [
        _step("fund", "seller", terms, start),
        _step("markPaid", "buyer", terms, start + 10),
        _step(
            "disputeBySig",
            "stranger",
            terms,
            start + 20,
            *arguments,
            signed=("seller", "Dispute", message),
        ),
        _step("rule", "arbitrator", terms, start + 30, "100000000", REASONS),
    ]


def _step(
    function: str,
    sender: str,
    terms: TradeTerms,
    time: int,
    *arguments: str,
    value: int = 0,
    signed: tuple[str, str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    return {
        "function": function,
        "sender": sender,
        "arguments": [terms.as_json(), *arguments],
        "value": str(value),
        "time": time,
        "signed": signed,
    }


def _key(account: Any) -> str:
    return "0x" + bytes(account.key).hex()
