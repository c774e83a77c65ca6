"""Permit2 as a way to fund: the seller signs a transfer whose witness is the Trade, and anybody submits it.

Permit2 (Uniswap) stands at one address on every chain and is nobody's; a token is allowed to it once, for all its uses.
"""

from __future__ import annotations

from typing import Any

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from escrow.chain import typed_data
from escrow.chain.codec import encode_call
from escrow.chain.types import TradeTerms

PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"

_PRIMARY = "PermitWitnessTransferFrom"
_TYPES = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    "TokenPermissions": [
        {"name": "token", "type": "address"},
        {"name": "amount", "type": "uint256"},
    ],
    _PRIMARY: [
        {"name": "permitted", "type": "TokenPermissions"},
        {"name": "spender", "type": "address"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
        {"name": "witness", "type": "Trade"},
    ],
}


def funding_message(
    terms: TradeTerms, *, contract: str, nonce: int, deadline: int, chain_id: int
) -> dict[str, Any]:
    """The eth_signTypedData_v4 document with which the seller lets anybody fund this Trade, and nothing else."""
    return {
        "types": {**_TYPES, "Trade": typed_data.types()["Trade"]},
        "primaryType": _PRIMARY,
        "domain": {"name": "Permit2", "chainId": chain_id, "verifyingContract": PERMIT2},
        "message": {
            "permitted": {"token": terms.token, "amount": str(terms.amount)},
            "spender": contract,
            "nonce": str(nonce),
            "deadline": str(deadline),
            "witness": terms.as_json(),
        },
    }


def funding_digest(document: dict[str, Any]) -> bytes:
    """The 32 bytes that a wallet signs for a document of funding_message."""
    message = encode_typed_data(full_message=document)
    return keccak(b"\x19" + message.version + message.header + message.body)


def funding_calldata(terms: TradeTerms, *, nonce: int, deadline: int, signature: str) -> str:
    """The calldata with which anybody funds the seller's Trade."""
    return encode_call(
        "fundWithPermit2", terms.as_tuple(), nonce, deadline, bytes.fromhex(signature[2:])
    )
