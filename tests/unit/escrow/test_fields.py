"""Chain values have one canonical form, and no digit of an amount is lost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from escrow.fields import AddressField, HashField, Uint256Field

ADDRESS = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


def test_address_of_any_case_is_stored_checksummed() -> None:
    """W06: one canonical form."""
    assert AddressField().get_prep_value(ADDRESS.lower()) == ADDRESS
    assert AddressField().to_python(ADDRESS) == ADDRESS


@pytest.mark.parametrize(
    "value", [ADDRESS[2:], ADDRESS[:-1], ADDRESS.swapcase().replace("0X", "0x"), "x", 5]
)
def test_text_that_is_no_address_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        AddressField().get_prep_value(value)


def test_hash_is_stored_in_lower_case_from_text_or_bytes() -> None:
    assert HashField().get_prep_value("0x" + "AB" * 32) == "0x" + "ab" * 32
    assert HashField().get_prep_value(b"\xab" * 32) == "0x" + "ab" * 32


@pytest.mark.parametrize(
    "value", ["0x12", "ab" * 32, "0x" + "zz" * 32, b"\1", "0x" + "ab" * 32 + "\n"]
)
def test_text_that_is_no_hash_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        HashField().get_prep_value(value)


@given(st.integers(0, 2**256 - 1))
def test_amount_comes_back_as_it_went_in(amount: int) -> None:
    field = Uint256Field()
    for form in (amount, str(amount), Decimal(amount)):
        assert field.get_prep_value(form) == amount
    assert field.from_db_value(Decimal(amount), None, None) == amount


@pytest.mark.parametrize(
    "value", [-1, 2**256, 1.0, True, Decimal("1.5"), Decimal("NaN"), "1.5", "-1", "½", "٣"]
)
def test_value_that_is_no_whole_amount_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        Uint256Field().get_prep_value(value)


def test_empty_values_pass_through() -> None:
    for field in (AddressField(), HashField(), Uint256Field()):
        assert field.get_prep_value(None) is None


@pytest.mark.parametrize("field", [AddressField(), HashField(blank=True), Uint256Field(default=0)])
def test_field_can_be_rebuilt_from_its_description(field: Any) -> None:
    _, _, args, kwargs = field.deconstruct()
    again = type(field)(*args, **kwargs)
    assert again.deconstruct()[2:] == (args, kwargs)
    assert not {"max_length", "max_digits", "decimal_places"} & set(kwargs)
