"""The catalogue of payment methods: what each asks of payee and payer, how fast it is, what can go wrong with it.

A method is never deleted, because old trades name it: it gets a `retires_on` and leaves the lists of new offers.
Figures and warnings are reviewed by `owner`; `reviewed_on` says when they last were.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.utils import timezone

from marketplace.payments.fields import FieldRefused
from marketplace.payments.methods import ALL_METHODS
from marketplace.payments.record import PAY_MARGIN_SECONDS, Method, pay_text

__all__ = [
    "METHODS",
    "PAY_MARGIN_SECONDS",
    "DetailsRefused",
    "Method",
    "UnknownMethod",
    "account_label",
    "clean_details",
    "currencies",
    "method",
    "methods_for",
    "pay_text",
]

METHODS: Mapping[str, Method] = {found.code: found for found in ALL_METHODS}


class UnknownMethod(KeyError):
    """No method of the catalogue has this code."""

    code = "method_unknown"

    def __init__(self, code: str) -> None:
        super().__init__(code)

    def __str__(self) -> str:
        return "We do not know this payment method."


class DetailsRefused(ValueError):
    """Account details that cannot be used; `errors` maps each field to its sentence."""

    code = "details_invalid"

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


def method(code: str) -> Method:
    """The method of that code, retired ones included.

    Raises: UnknownMethod.
    """
    try:
        return METHODS[code]
    except KeyError:
        raise UnknownMethod(code) from None


def methods_for(currency: str, *, on: date | None = None) -> list[Method]:
    """The methods a new offer in `currency` may name, in the catalogue's order."""
    day = on or timezone.now().date()
    return [
        found
        for found in METHODS.values()
        if currency in found.currencies and found.is_offered_on(day)
    ]


def currencies() -> list[str]:
    """Every currency that some current method can move, sorted."""
    today = timezone.now().date()
    return sorted(
        {
            code
            for found in METHODS.values()
            if found.is_offered_on(today)
            for code in found.currencies
        }
    )


def clean_details(code: str, role: str, data: Mapping[str, object]) -> dict[str, str]:
    """The details of `role` ("payee" or "payer") as they are committed to; fields the method does not have are dropped.

    Raises: UnknownMethod, DetailsRefused with a sentence per field.
    """
    cleaned: dict[str, str] = {}
    errors: dict[str, str] = {}
    for field in method(code).fields_of(role):
        value = data.get(field.name, "")
        if not isinstance(value, str) or len(value) > 400:
            errors[field.name] = "Write this as one line of text."
        elif not value.strip():
            if field.required:
                errors[field.name] = f"{field.label} is needed."
        else:
            try:
                cleaned[field.name] = field.check(value)
            except FieldRefused as refusal:
                errors[field.name] = str(refusal)
    if errors:
        raise DetailsRefused(errors)
    return cleaned


def account_label(code: str, details: Mapping[str, str]) -> str:
    """How a kept account is called in its owner's own lists: "SEPA · LT60 … 4417"."""
    values = [value for name, value in details.items() if name != "name"] or list(details.values())
    main = max(values, key=len, default="")
    short = main if len(main) <= 14 else f"{main[:4]} … {main[-4:]}"
    return f"{method(code).name} · {short}"
