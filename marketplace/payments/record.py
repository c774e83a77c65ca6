"""What the catalogue keeps of each payment method, and how its clocks are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from marketplace.payments.fields import Field

# The contract's window is this much longer than the time a payer is told, so that a payment in the last minute still
# leaves time to sign "paid".
PAY_MARGIN_SECONDS = 600

HOUR = 3600
DAY = 24 * HOUR

# Risk of the payer's bank or app taking the money back after it arrived.
RISKS: Mapping[str, str] = {
    "R0": "Final once it is there",
    "R1": "Instant and hard to call back",
    "R2": "The payer's bank can recall it when fraud is claimed",
    "R3": "The platform may reverse it",
    "R4": "Reversals are usual: trade only with people you know",
}


@dataclass(frozen=True, slots=True)
class Method:
    """One payment method. Seconds are the contract's windows; `pay_minutes` is what a payer is told."""

    code: str
    name: str
    category: str
    currencies: tuple[str, ...]
    payee_fields: tuple[Field, ...]
    payer_fields: tuple[Field, ...]
    pay_seconds: int
    release_seconds: int
    arrives: str
    risk: str
    risk_reason: str
    warnings: tuple[str, ...]
    proof: str
    reference_advice: str
    owner: str
    reviewed_on: date
    retires_on: date | None = None

    @property
    def risk_text(self) -> str:
        """The class in words."""
        return RISKS[self.risk]

    @property
    def pay_text(self) -> str:
        """The time a payer is told: "30 min" or "24 h"."""
        return pay_text(self.pay_seconds)

    def is_offered_on(self, day: date) -> bool:
        """Whether new offers may still name it."""
        return self.retires_on is None or day < self.retires_on

    def fields_of(self, role: str) -> tuple[Field, ...]:
        """The fields of "payee" or "payer"."""
        return self.payee_fields if role == "payee" else self.payer_fields


def pay_text(pay_seconds: int) -> str:
    """The advertised time to pay of a contract window: "30 min", "24 h", "5 days"."""
    seconds = pay_seconds - PAY_MARGIN_SECONDS
    if seconds >= 2 * DAY:
        return f"{seconds // DAY} days"
    return f"{seconds // HOUR} h" if seconds >= 2 * HOUR else f"{seconds // 60} min"
