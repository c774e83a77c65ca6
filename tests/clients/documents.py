"""Typed documents of every kind that is signed for Parley, made from a seed: plain values, and the edges of every type."""

from __future__ import annotations

from random import Random
from typing import Any

from escrow.chain import permit2, typed_data
from escrow.chain.types import TradeTerms

PERMIT2 = "PermitWitnessTransferFrom"
KINDS = [name for name in typed_data.types() if name != "EIP712Domain"] + [PERMIT2]
# JavaScript takes the chain id as a number.
_LARGEST_CHAIN_ID = 2**53 - 1
_TEXTS = (
    "",
    " ",
    "0",
    "231.40",
    "Zoe\u0308 Nu\u0301n\u0303ez",
    "Zoë Núñez",
    "banküberweisung → 銀行 🏦👩‍👩‍👧",
    "محمد علي\u2028line",
    'quoted " and \\ and \t and \n and \x7f',
    "nul \x00 inside",
    "0x" + "ab" * 32,
    "long " * 5_000,
    "\U0010ffff\ufeff",
)


def document_of(kind: str, random: Random) -> tuple[dict[str, Any], bytes, str]:
    """A complete document for a wallet, what we say its digest is, and the id of the Trade in it, if any."""
    chain_id = random.choice((1, 72731, _LARGEST_CHAIN_ID, random.randint(1, _LARGEST_CHAIN_ID)))
    contract = _value("address", random)
    if kind == PERMIT2:
        terms = TradeTerms.from_typed(_value("Trade", random))
        nonce, deadline = _value("uint256", random), _value("uint256", random)
        document = permit2.funding_message(
            terms, contract=contract, nonce=nonce, deadline=deadline, chain_id=chain_id
        )
        return document, permit2.funding_digest(document), terms.trade_id
    message = _value(kind, random)
    document = typed_data.typed_message(kind, message, chain_id, contract)
    trade = message if kind == "Trade" else message.get("trade")
    trade_id = "0x" + typed_data.hash_struct("Trade", trade).hex() if trade else ""
    return (
        document,
        typed_data.digest(kind, message, chain_id=chain_id, contract=contract),
        trade_id,
    )


def _value(kind: str, random: Random) -> Any:
    if kind.endswith("[]"):
        return [_value(kind[:-2], random) for _ in range(random.choice((0, 1, 2, 5)))]
    if kind in typed_data.types():
        return {field["name"]: _value(field["type"], random) for field in typed_data.types()[kind]}
    if kind == "string":
        return random.choice((*_TEXTS, _letters(random)))
    if kind.startswith("uint"):
        bits = int(kind.removeprefix("uint"))
        return random.choice((0, 1, 2**bits - 1, 2 ** (bits - 1), random.getrandbits(bits)))
    size = 20 if kind == "address" else 32
    raw = random.choice(
        (b"\0" * size, b"\xff" * size, b"\0" * (size - 1) + b"\1", random.randbytes(size))
    )
    return "0x" + raw.hex()


def _letters(random: Random) -> str:
    """Any text that UTF-8 can say, so no lone half of a pair."""
    points = (
        random.choice((random.randint(1, 0xD7FF), random.randint(0xE000, 0x10FFFF)))
        for _ in range(20)
    )
    return "".join(map(chr, points))
