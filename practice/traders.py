"""The scripted traders of the practice world: who they are, where they bank, what they offer.

Their keys are the devnet's public test keys; none of this exists off a devnet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PracticeOffer:
    """One standing offer. `side` is the trader's own; `margin_bps` is added to the reference price."""

    side: str
    asset: str
    currency: str
    methods: tuple[str, ...]
    margin_bps: int
    min_fiat: str
    max_fiat: str
    stock: str


@dataclass(frozen=True)
class Trader:
    """One scripted person. `index` is the place in the devnet's list of accounts."""

    index: int
    name: str
    bank_name: str
    accounts: dict[str, dict[str, str]]
    offers: tuple[PracticeOffer, ...] = field(default=())
    greeting: str = ""

    def details(self, method: str) -> dict[str, Any]:
        """The account to be paid on by `method`."""
        return self.accounts[method]


MARTA = Trader(
    4,
    "Marta",
    "Marta Kowalska",
    {
        "sepa-instant": {"name": "Marta Kowalska", "iban": "LT121000011101001000"},
        "sepa": {"name": "Marta Kowalska", "iban": "LT121000011101001000"},
        "wise": {"name": "Marta Kowalska", "email": "marta@example.org"},
    },
    (
        PracticeOffer(
            "sell", "USDC", "EUR", ("sepa-instant", "wise"), 40, "20.00", "900.00", "5000"
        ),
        PracticeOffer("buy", "ETH", "EUR", ("sepa-instant",), -60, "20.00", "1500.00", "3"),
    ),
    "Hi. Instant transfer please, with the reference only.",
)
JONAS = Trader(
    5,
    "Jonas",
    "Jonas Weber",
    {
        "sepa-instant": {"name": "Jonas Weber", "iban": "DE89370400440532013000"},
        "sepa": {"name": "Jonas Weber", "iban": "DE89370400440532013000"},
    },
    (
        PracticeOffer(
            "buy", "USDC", "EUR", ("sepa-instant", "sepa"), -50, "20.00", "800.00", "4000"
        ),
        PracticeOffer("sell", "ETH", "EUR", ("sepa-instant",), 80, "20.00", "2000.00", "4"),
    ),
    "Hello. I pay within a few minutes after the lock.",
)
LUCIA = Trader(
    6,
    "Lucia",
    "Lucia Hernandez",
    {"spei": {"name": "Lucia Hernandez", "clabe": "032180000118359719"}},
    (PracticeOffer("sell", "USDC", "MXN", ("spei",), 90, "300.00", "15000.00", "3000"),),
    "Hola. SPEI arrives in seconds, thank you.",
)
KOFI = Trader(
    7,
    "Kofi",
    "Kofi Adeyemi",
    {"faster-payments": {"name": "Kofi Adeyemi", "sort_code": "309634", "account": "11223344"}},
    (
        PracticeOffer("sell", "USDC", "GBP", ("faster-payments",), 70, "20.00", "700.00", "3000"),
        PracticeOffer("sell", "DAI", "GBP", ("faster-payments",), 60, "20.00", "700.00", "3000"),
    ),
    "Hi there. Faster Payments only, your own name.",
)

AMINA = Trader(
    8,
    "Amina",
    "Amina Diallo",
    {"revolut": {"name": "Amina Diallo", "handle": "@aminad"}},
    (PracticeOffer("sell", "USDC", "EUR", ("revolut",), 110, "10.00", "500.00", "2000"),),
    "Hello. Revolut to Revolut, from your own name please.",
)

TRADERS = (MARTA, JONAS, LUCIA, KOFI, AMINA)
BY_INDEX = {trader.index: trader for trader in TRADERS}
