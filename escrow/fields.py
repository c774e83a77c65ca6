"""Model fields for chain values: addresses, 32-byte hashes and 256-bit unsigned integers.

They hide storage only. Text is stored in one canonical form, so that equality in the database is equality on chain.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

from escrow.chain.addresses import checksum

ADDRESS_LENGTH = 42
HASH_LENGTH = 66
UINT256_MAX = 2**256 - 1
UINT256_DIGITS = 78

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_HASH = re.compile(r"0x[0-9a-f]{64}\Z")

if TYPE_CHECKING:
    _TextField = models.CharField[str, str]
    _NumericField = models.DecimalField[Any, Any]
else:
    _TextField = models.CharField
    _NumericField = models.DecimalField


def checksum_address(value: object) -> str:
    """The address in its EIP-55 form.

    Raises: ValidationError when the text is no address or its checksum is wrong.
    """
    if not isinstance(value, str) or not _ADDRESS.match(value):
        raise ValidationError(f"“{value}” is not an address.", code="invalid_address")
    checksummed, digits = checksum(value), value[2:]
    if value != checksummed and not digits.islower() and not digits.isupper():
        raise ValidationError(
            f"“{value}” is mistyped: its capital letters do not fit.", code="invalid_checksum"
        )
    return checksummed


def canonical_hash(value: object) -> str:
    """The 32-byte value as "0x" and 64 lower-case hexadecimal digits.

    Raises: ValidationError when the value has another length or other characters.
    """
    text = "0x" + bytes(value).hex() if isinstance(value, (bytes, bytearray)) else value
    if not isinstance(text, str) or not _HASH.match(text.lower()):
        raise ValidationError(f"“{text}” is not a 32-byte value.", code="invalid_hash")
    return text.lower()


class AddressField(_TextField):
    """An EIP-55 address as text of 42 characters; any letter case is accepted and stored checksummed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = ADDRESS_LENGTH
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Leave the fixed length out of migrations."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_length", None)
        return name, path, args, kwargs

    def to_python(self, value: Any) -> Any:
        """The checksummed address; empty values pass through."""
        return value if value in (None, "") else checksum_address(value)

    def get_prep_value(self, value: Any) -> Any:
        """The checksummed address, also for lookups."""
        return self.to_python(value)


class HashField(_TextField):
    """A 32-byte value as text of 66 characters: "0x" and lower-case hexadecimal; bytes are accepted."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = HASH_LENGTH
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Leave the fixed length out of migrations."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_length", None)
        return name, path, args, kwargs

    def to_python(self, value: Any) -> Any:
        """The canonical text; empty values pass through."""
        return value if value in (None, "", b"") else canonical_hash(value)

    def get_prep_value(self, value: Any) -> Any:
        """The canonical text, also for lookups."""
        return self.to_python(value)


class Uint256Field(_NumericField):
    """An integer of 0 .. 2^256-1, stored as numeric(78,0) and read as int, so that no digit is ever lost."""

    if TYPE_CHECKING:
        _pyi_private_set_type: int
        _pyi_private_get_type: int  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"] = UINT256_DIGITS
        kwargs["decimal_places"] = 0
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Leave the fixed shape out of migrations."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_digits", None)
        kwargs.pop("decimal_places", None)
        return name, path, args, kwargs

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:
        """The stored number as int."""
        return None if value is None else int(value)

    def to_python(self, value: Any) -> Any:
        """The value as int.

        Raises: ValidationError for a float, a fraction, a negative number or one above 2^256-1.
        """
        if value is None or hasattr(value, "resolve_expression"):
            return value
        number = _whole_number(value)
        if number is None or not 0 <= number <= UINT256_MAX:
            raise ValidationError(
                f"“{value}” is not a whole number of base units.", code="invalid_uint256"
            )
        return number

    def get_prep_value(self, value: Any) -> Any:
        """The value as int, also for lookups."""
        return self.to_python(value)


def _whole_number(value: object) -> int | None:
    if isinstance(value, (bool, float)):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return None
