"""The terms of a trade as the chain and the wallets see them: Agreement, Trade struct, Take message.

Everything is rebuilt from our own row; nothing a browser sent is ever copied into a message. Pure reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from escrow.chain.typed_data import digest, hash_struct, typed_message
from escrow.chain.types import ZERO_HASH, TradeTerms
from escrow.models import Chain
from marketplace.money import amount_text, fee_base_units, fiat_text, net_of_fee, price_text
from marketplace.payments import catalogue
from marketplace.trades.models import Trade

FIELDS = (
    "terms_version",
    "amount_base_units",
    "fiat_amount",
    "price",
    "price_source",
    "price_at",
    "method",
    "payer_commitment",
    "payee_commitment",
    "fund_by",
    "pay_seconds",
    "release_seconds",
)


@dataclass(frozen=True)
class Words:
    """The amounts of a trade as people read them."""

    fiat: str
    coins: str
    fee: str
    net: str
    price: str
    method: str


def words_of(trade: Trade) -> Words:
    """ "231.40 EUR", "250 USDC", "1.25 USDC", "248.75 USDC", "0.9256 EUR", "SEPA Instant"."""
    return Words(
        fiat=f"{fiat_text(trade.fiat_amount, trade.currency)} {trade.currency}",
        coins=coins_text(trade, trade.amount_base_units),
        fee=coins_text(trade, fee_base_units(trade.amount_base_units, trade.fee_bps)),
        net=coins_text(trade, net_of_fee(trade.amount_base_units, trade.fee_bps)),
        price=f"{plain_number(trade.price)} {trade.currency}",
        method=catalogue.method(trade.method).name,
    )


def coins_text(trade: Trade, base_units: int) -> str:
    """Base units of the trade's asset with its symbol, every digit kept."""
    return f"{amount_text(base_units, trade.asset.decimals)} {trade.asset.symbol}"


def plain_number(value: Decimal) -> str:
    """A price without the zeros that the column adds."""
    text = price_text(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_complete(trade: Trade) -> bool:
    """Whether both accounts are committed, so that there is something to sign."""
    return bool(trade.payer_commitment) and bool(trade.payee_commitment)


def agreement_of(trade: Trade) -> dict[str, Any]:
    """The Agreement struct under its names in Solidity; integers are int."""
    return {
        "fiatAmount": fiat_text(trade.fiat_amount, trade.currency),
        "fiatCurrency": trade.currency,
        "paymentMethod": trade.method,
        "price": plain_number(trade.price),
        "priceSource": trade.price_source,
        "priceAt": trade.price_at,
        "payerCommitment": trade.payer_commitment or ZERO_HASH,
        "payeeCommitment": trade.payee_commitment or ZERO_HASH,
        "paymentReference": trade.payment_reference,
        "buyerDevice": trade.buyer_device or ZERO_HASH,
        "sellerDevice": trade.seller_device or ZERO_HASH,
        "fundBy": trade.fund_by,
        "offer": trade.offer_hash,
        "salt": trade.salt,
    }


def terms_of(trade: Trade) -> TradeTerms:
    """The Trade struct that the contract holds for this trade's current terms."""
    return TradeTerms(
        seller=trade.seller.address,
        buyer=trade.buyer.address,
        token=trade.asset.token,
        amount=trade.amount_base_units,
        arbitrator=trade.arbitrator,
        fee_bps=trade.fee_bps,
        pay_window=trade.pay_seconds,
        release_window=trade.release_seconds,
        ruling_window=trade.ruling_seconds,
        terms="0x" + hash_struct("Agreement", agreement_of(trade)).hex(),
    )


def take_message(trade: Trade, deadline: int) -> dict[str, Any]:
    """The Take message: both structs, and what the buyer pays and gets in words."""
    words = words_of(trade)
    return {
        "youPay": you_pay(words),
        "youGet": words.net,
        "trade": terms_of(trade).as_typed(),
        "agreement": agreement_of(trade),
        "deadline": deadline,
    }


def you_pay(words: Words) -> str:
    """ "231.40 EUR by SEPA Instant"."""
    return f"{words.fiat} by {words.method}"


def take_digest(trade: Trade, deadline: int) -> bytes:
    """The 32 bytes the buyer signs."""
    chain = chain_of(trade)
    return digest(
        "Take",
        take_message(trade, deadline),
        chain_id=chain.chain_id,
        contract=chain.contract_address,
    )


def take_document(trade: Trade, deadline: int) -> dict[str, Any]:
    """The complete eth_signTypedData_v4 document of the Take."""
    chain = chain_of(trade)
    return typed_message(
        "Take", take_message(trade, deadline), chain.chain_id, chain.contract_address
    )


def chain_of(trade: Trade) -> Chain:
    """The chain its asset lives on."""
    chain: Chain = trade.asset.chain
    return chain


def document_of(trade: Trade) -> dict[str, Any]:
    """A version's record: both structs as JSON, and our own columns to restore it from."""
    agreement = {
        name: str(value) if isinstance(value, int) else value
        for name, value in agreement_of(trade).items()
    }
    return {
        "trade": terms_of(trade).as_json(),
        "agreement": agreement,
        "fields": {name: str(getattr(trade, name)) for name in FIELDS},
    }


def left_text(seconds: int) -> str:
    """ "2 d 3 h", "5 h 20 min", "12 min", "40 s"."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{rest} s"
