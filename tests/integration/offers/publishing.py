"""What the page does to publish an offer: salt, commitments, signature."""

from __future__ import annotations

import secrets
from typing import Any

from eth_account.signers.local import LocalAccount

from escrow.chain.typed_data import commitment, digest, method_salt
from marketplace.accounts.models import User
from marketplace.offers import services
from marketplace.offers.models import Offer, OfferDraft

SEPA = {
    "method": "sepa-instant",
    "details": {"name": "Alice Ozola", "iban": "DE89370400440532013000"},
}


def values_for(judge: str, **changes: Any) -> dict[str, Any]:
    """The values of a draft; changes go by step, e.g. price={"price_kind": "margin", "margin_bps": -40}."""
    values: dict[str, Any] = {
        "side": {"side": "sell", "asset": "USDC", "currency": "EUR"},
        "amount": {"min_fiat": "50", "max_fiat": "800", "stock": "1240"},
        "price": {"price_kind": "fixed", "fixed_price": "0.9256"},
        "methods": {"methods": [SEPA]},
        "takers": {"min_done": 0, "min_age_days": 0},
        "terms": {
            "terms_text": "Instant transfer please.",
            "arbitrator": judge,
            "expires_days": 30,
        },
    }
    for step, change in changes.items():
        values[step] = {**values[step], **change}
    return values


def signed(draft: OfferDraft, key: LocalAccount, **tampered: Any) -> dict[str, Any]:
    """The posted document of a draft: message, salt and signature; `tampered` fields are changed before signing."""
    terms = services.terms_of(draft)
    message = services.prepared_message(draft)
    salt = "0x" + secrets.token_hex(32)
    if terms.side == "sell":
        for entry, row in zip(message["methods"], terms.methods, strict=True):
            entry["payeeCommitment"] = commitment(row.details, method_salt(salt, row.method))
    message |= tampered
    chain = terms.asset.chain
    hashed = digest("Offer", message, chain_id=chain.chain_id, contract=chain.contract_address)
    signature = "0x" + bytes(key.unsafe_sign_hash(hashed).signature).hex()
    return {"message": message, "salt": salt, "signature": signature}


def publish_offer(maker: User, key: LocalAccount, values: dict[str, Any]) -> Offer:
    """The published offer."""
    draft = services.create_draft(maker, values=values)
    return services.publish(draft, **signed(draft, key))
