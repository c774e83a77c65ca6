"""The fields that payment methods ask for, and how each is read and checked. Pure; it knows no method.

A cleaned value is what the browser commits to and what the payer copies: NFC, trimmed, in the form the payer's bank takes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from stdnum import iban
from stdnum.br import cpf
from stdnum.exceptions import ValidationError as NumberError

SEPA_COUNTRIES = frozenset(
    [
        "AD",
        "AL",
        "AT",
        "BE",
        "BG",
        "CH",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GB",
        "GI",
        "GR",
        "HR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LI",
        "LT",
        "LU",
        "LV",
        "MC",
        "MD",
        "ME",
        "MK",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "RS",
        "SE",
        "SI",
        "SK",
        "SM",
        "VA",
    ]
)
_CLABE_WEIGHTS = (3, 7, 1) * 5 + (3, 7)
_EMAIL = re.compile(
    r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}"
)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HIDDEN = re.compile(
    r"[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


class FieldRefused(ValueError):
    """A value that its field cannot take; the text is fit for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One line of an account: what it is called, how it is checked, what helps to fill it in."""

    name: str
    label: str
    check: Callable[[str], str]
    hint: str = ""
    required: bool = True
    autocomplete: str = "off"
    inputmode: str = "text"


def clean_text(value: str, *, longest: int = 80) -> str:
    """One line of visible text, NFC and trimmed.

    Raises: FieldRefused for hidden, control or direction characters, lone surrogates, or too much of it.
    """
    text = re.sub(r" {2,}", " ", unicodedata.normalize("NFC", value).strip())
    if _HIDDEN.search(text) or any("\ud800" <= char <= "\udfff" for char in text):
        raise FieldRefused("There is a hidden character in here. Type it again by hand.")
    if len(text) > longest:
        raise FieldRefused(f"That is too long: at most {longest} characters.")
    return text


def person_name(value: str) -> str:
    """A name as the bank writes it."""
    text = clean_text(value)
    if len(text) < 2 or not any(char.isalpha() for char in text):
        raise FieldRefused("Write the name as it stands on the account.")
    return text


def line(value: str) -> str:
    """Any one line."""
    return clean_text(value)


def sepa_iban(value: str) -> str:
    """An IBAN of a country that SEPA reaches, without spaces."""
    number = _iban(value)
    if number[:2] not in SEPA_COUNTRIES:
        raise FieldRefused("This IBAN is from a country that SEPA does not reach.")
    return number


def any_iban(value: str) -> str:
    """An IBAN of any country, without spaces."""
    return _iban(value)


def phone(value: str) -> str:
    """A phone number with its country code: "+254712345678"."""
    number = re.sub(r"[ ()./-]", "", clean_text(value))
    if number.startswith("00"):
        number = "+" + number[2:]
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        raise FieldRefused("Write the number with its country code, like +254 712 345 678.")
    return number


def email(value: str) -> str:
    """An e-mail address."""
    text = clean_text(value, longest=120)
    if not _EMAIL.fullmatch(text):
        raise FieldRefused("That does not look like an e-mail address.")
    return text


def email_or_phone(value: str) -> str:
    """Whichever of the two the account is known by."""
    return email(value) if "@" in value else phone(value)


def sort_code(value: str) -> str:
    """A UK sort code as "12-34-56"."""
    number = _digits(value)
    if len(number) != 6:
        raise FieldRefused("A sort code has six digits, like 20-45-53.")
    return f"{number[:2]}-{number[2:4]}-{number[4:]}"


def digits_of(*lengths: int) -> Callable[[str], str]:
    """A check for account numbers of one of these lengths."""

    def check(value: str) -> str:
        number = _digits(value)
        if len(number) not in lengths:
            raise FieldRefused(
                f"This number has {' or '.join(str(length) for length in lengths)} digits."
            )
        return number

    return check


def account_number(value: str) -> str:
    """A bank account number whose shape differs from bank to bank."""
    number = re.sub(r"[ ./-]", "", clean_text(value)).upper()
    if not re.fullmatch(r"[0-9A-Z]{4,34}", number):
        raise FieldRefused("Write the account number in digits and letters only.")
    return number


def clabe(value: str) -> str:
    """A Mexican CLABE of 18 digits with its check digit."""
    number = _digits(value)
    if len(number) != 18:
        raise FieldRefused("A CLABE has 18 digits.")
    total = sum(
        int(digit) * weight % 10 for digit, weight in zip(number[:17], _CLABE_WEIGHTS, strict=True)
    )
    if (10 - total % 10) % 10 != int(number[17]):
        raise FieldRefused("One digit of this CLABE is wrong; its check digit does not fit.")
    return number


def pix_key(value: str) -> str:
    """A PIX key: CPF, phone, e-mail or random key."""
    text = clean_text(value)
    if "@" in text:
        return email(text)
    if _UUID.fullmatch(text.lower()):
        return text.lower()
    if text.startswith("+"):
        return phone(text)
    try:
        return str(cpf.validate(text))
    except NumberError:
        raise FieldRefused(
            "A PIX key is a CPF, a phone number with +55, an e-mail address or a random key."
        ) from None


def upi_id(value: str) -> str:
    """A UPI address: "name@bank"."""
    text = clean_text(value).lower()
    if not re.fullmatch(r"[a-z0-9._-]{2,64}@[a-z][a-z0-9]{1,31}", text):
        raise FieldRefused("A UPI ID looks like name@bank.")
    return text


def ifsc(value: str) -> str:
    """An Indian bank branch code."""
    text = re.sub(r"\s", "", clean_text(value)).upper()
    if not re.fullmatch(r"[A-Z]{4}0[A-Z0-9]{6}", text):
        raise FieldRefused("An IFSC code has four letters, a zero and six more characters.")
    return text


def handle(value: str) -> str:
    """A user name of a payment app, with or without @."""
    text = clean_text(value)
    if not re.fullmatch(r"@?[A-Za-z0-9._-]{2,40}", text):
        raise FieldRefused("A user name has letters, digits, dots and dashes only.")
    return text


def _iban(value: str) -> str:
    try:
        return str(iban.validate(clean_text(value)))
    except NumberError:
        raise FieldRefused(
            "One character of this IBAN is wrong or missing; its check digits do not fit."
        ) from None


def _digits(value: str) -> str:
    number = re.sub(r"[ .-]", "", clean_text(value))
    if not re.fullmatch(r"[0-9]+", number):
        raise FieldRefused("Write digits only.")
    return number
