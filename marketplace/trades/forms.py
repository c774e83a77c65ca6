"""How posted texts become amounts, accounts and numbers. Refusals name their field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from marketplace.answers import BadRequest, object_of, text_of
from marketplace.money import base_units, fiat_exponent, parse_amount
from marketplace.payments.catalogue import PAY_MARGIN_SECONDS
from marketplace.trades.errors import ProposalRefused
from marketplace.trades.models import Trade
from marketplace.trades.services import Account

PRICE_PLACES = 8
LONGEST_NUMBER = 39  # digits of 2^128
COMMITMENTS = {"payer": "payerCommitment", "payee": "payeeCommitment"}


@dataclass(frozen=True)
class ProposalInput:
    """What somebody wrote into the form of other terms; absent parts stay as they are."""

    fiat: Decimal | None
    coins: int | None
    price: Decimal | None
    method: str
    pay_seconds: int


def proposal_input(fields: Mapping[str, str], trade: Trade) -> ProposalInput:
    """The parts of a proposal: `fiat` or `coins`, `price`, `method`, `minutes` to pay as told to a payer.

    Raises: MoneyError with its sentence, ProposalRefused.
    """
    given = {
        name: fields.get(name, "").strip()
        for name in ("fiat", "coins", "price", "method", "minutes")
    }
    decimals = trade.asset.decimals
    fiat = (
        parse_amount(given["fiat"], exponent=fiat_exponent(trade.currency))
        if given["fiat"]
        else None
    )
    coins = (
        base_units(parse_amount(given["coins"], exponent=decimals), decimals)
        if given["coins"]
        else None
    )
    price = parse_amount(given["price"], exponent=PRICE_PLACES) if given["price"] else None
    minutes = given["minutes"]
    if minutes and not (minutes.isascii() and minutes.isdigit() and len(minutes) <= 6):
        raise ProposalRefused("Write the time to pay in whole minutes.", field="minutes")
    seconds = int(minutes) * 60 + PAY_MARGIN_SECONDS if minutes else 0
    return ProposalInput(fiat, coins, price, given["method"], seconds)


def account_of(body: dict[str, Any], role: str) -> Account:
    """The account in a posted take: `payerName` or `payer`, else `account` for the payee's, commitment and salt.

    Raises: BadRequest.
    """
    if role == "payer" and "payerName" in body:
        details = {"name": text_of(body, "payerName", longest=200)}
    else:
        found = object_of(body, "payer" if role == "payer" else "account")
        details = {name: text_of(found, name) for name in found}
    commitment, salt = (
        text_of(body, COMMITMENTS[role], longest=66),
        text_of(body, "salt", longest=66),
    )
    return Account(details=details, commitment=commitment, salt=salt)


def whole_number(body: dict[str, Any], field: str) -> int:
    """A non-negative whole number, as number or as decimal text.

    Raises: BadRequest.
    """
    value = body.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if (
        not isinstance(value, str)
        or len(value) > LONGEST_NUMBER
        or not (value.isascii() and value.isdigit())
    ):
        raise BadRequest(f"“{field}” is missing or not a whole number.", field=field)
    return int(value)
