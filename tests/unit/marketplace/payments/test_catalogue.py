"""The catalogue keeps its own promises, and its fields refuse what a bank would refuse."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.money import is_currency
from marketplace.payments import catalogue
from marketplace.payments.fields import FieldRefused
from marketplace.payments.record import DAY, RISKS

METHODS = list(catalogue.METHODS.values())
FEED_CURRENCIES = ["USD", "EUR", "GBP", "MXN", "NGN", "INR", "PLN", "BRL", "CHF", "JPY"]


def test_there_are_at_least_fifteen_methods_with_distinct_codes() -> None:
    assert len(METHODS) >= 15
    assert len({found.code for found in METHODS}) == len(METHODS)


@pytest.mark.parametrize("found", METHODS, ids=lambda found: found.code)
def test_every_entry_is_complete(found: catalogue.Method) -> None:
    assert found.currencies
    assert all(is_currency(code) for code in found.currencies)
    assert found.payee_fields
    assert [field.name for field in found.payer_fields] == ["name"]
    assert found.risk in RISKS
    assert all(
        [
            found.risk_reason,
            found.warnings,
            found.proof,
            found.reference_advice,
            found.owner,
            found.arrives,
        ]
    )
    assert found.reviewed_on <= date(2026, 12, 31)


@pytest.mark.parametrize("found", METHODS, ids=lambda found: found.code)
def test_clocks_fit_the_rail(found: catalogue.Method) -> None:
    """Rule 11: instant rails 30 minutes and three days, banks a day and a week, mail longer; within the contract's limits."""
    assert 20 * 60 <= found.pay_seconds <= 14 * DAY
    assert 3 * DAY <= found.release_seconds <= 30 * DAY
    if found.category == "instant bank":
        assert (found.pay_text, found.release_seconds) == ("30 min", 3 * DAY)
    if found.category == "bank":
        assert found.pay_seconds >= DAY
        assert found.release_seconds >= 7 * DAY


@pytest.mark.parametrize("currency", FEED_CURRENCIES)
def test_every_priced_currency_has_a_method(currency: str) -> None:
    assert catalogue.methods_for(currency)


def test_a_retired_method_leaves_new_offers_but_is_still_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rule 9: never deleted."""
    from dataclasses import replace

    retired = replace(catalogue.method("twint"), retires_on=date(2026, 1, 1))
    monkeypatch.setattr(catalogue, "METHODS", {**catalogue.METHODS, "twint": retired})
    assert "twint" not in [found.code for found in catalogue.methods_for("CHF")]
    assert catalogue.method("twint").name == "TWINT"


def test_an_unknown_method_is_named_as_such() -> None:
    with pytest.raises(catalogue.UnknownMethod, match="do not know this payment method"):
        catalogue.method("western-union")


def test_details_come_out_as_they_are_committed_to() -> None:
    given_details = {
        "name": "  Marta  Kalnin\u0327a ",
        "iban": "de89 3704 0044 0532 0130 00",
        "surplus": "x",
    }
    cleaned = catalogue.clean_details("sepa-instant", "payee", given_details)
    assert cleaned == {"name": "Marta Kalni\u0146a", "iban": "DE89370400440532013000"}


def test_every_wrong_field_gets_its_own_sentence() -> None:
    with pytest.raises(catalogue.DetailsRefused) as caught:
        catalogue.clean_details(
            "sepa", "payee", {"name": "", "iban": "DE89 3704 0044 0532 0130 01"}
        )
    assert set(caught.value.errors) == {"name", "iban"}
    assert "check digits" in caught.value.errors["iban"]


def test_wrong_types_are_refused_not_converted() -> None:
    """N13."""
    with pytest.raises(catalogue.DetailsRefused):
        catalogue.clean_details("sepa", "payer", {"name": ["Jonas"]})


@pytest.mark.parametrize(
    ("code", "field", "good", "stored"),
    [
        ("spei", "clabe", "0321 8000 0118 3597 19", "032180000118359719"),
        ("pix", "key", "390.533.447-05", "39053344705"),
        ("pix", "key", "+55 11 91234-5678", "+5511912345678"),
        (
            "pix",
            "key",
            "123e4567-e89b-12d3-a456-426614174000",
            "123e4567-e89b-12d3-a456-426614174000",
        ),
        ("upi", "upi", "Asha.Rao@okbank", "asha.rao@okbank"),
        ("imps", "ifsc", "hdfc0001234", "HDFC0001234"),
        ("ng-bank", "account", "0123456789", "0123456789"),
        ("faster-payments", "sort_code", "204553", "20-45-53"),
        ("m-pesa", "phone", "00254 712 345678", "+254712345678"),
        ("zelle", "contact", "jonas@example.com", "jonas@example.com"),
        ("revolut", "handle", "@martak", "@martak"),
    ],
)
def test_good_account_numbers_are_taken(code: str, field: str, good: str, stored: str) -> None:
    check = next(
        found.check for found in catalogue.method(code).payee_fields if found.name == field
    )
    assert check(good) == stored


@pytest.mark.parametrize(
    ("code", "field", "bad"),
    [
        ("sepa", "iban", "GB00WEST12345698765432"),
        ("sepa", "iban", "BR1500000000000010932840814P2"),
        ("spei", "clabe", "032180000118359718"),
        ("spei", "clabe", "1234"),
        ("pix", "key", "390.533.447-06"),
        ("pix", "key", "marta"),
        ("upi", "upi", "asha"),
        ("imps", "ifsc", "HDFC1001234"),
        ("ng-bank", "account", "123"),
        ("faster-payments", "sort_code", "20-45"),
        ("faster-payments", "account", "1234567x"),
        ("m-pesa", "phone", "0712345678"),
        ("zelle", "contact", "jonas@"),
        ("revolut", "handle", "marta k"),
        ("sepa", "name", "A"),
        ("sepa", "name", "Mar\u200bta"),
        ("sepa", "name", "Marta\u202ekcaL"),
        ("sepa", "name", "\ud800Marta"),
        ("sepa", "name", "M" * 81),
    ],
)
def test_bad_account_numbers_are_refused(code: str, field: str, bad: str) -> None:
    """N10 for names: hidden characters, directions and lone surrogates."""
    check = next(
        found.check for found in catalogue.method(code).payee_fields if found.name == field
    )
    with pytest.raises(FieldRefused):
        check(bad)


@given(
    st.text(max_size=100),
    st.sampled_from([(m.code, f.name) for m in METHODS for f in m.payee_fields]),
)
def test_cleaning_twice_changes_nothing(text: str, where: tuple[str, str]) -> None:
    """What is committed to is a fixed point, or a refusal; never a crash."""
    check = next(
        found.check for found in catalogue.method(where[0]).payee_fields if found.name == where[1]
    )
    try:
        cleaned = check(text)
    except FieldRefused:
        return
    assert check(cleaned) == cleaned


def test_the_time_told_is_ten_minutes_less_than_the_contract_gives() -> None:
    assert catalogue.pay_text(2400) == "30 min"
    assert catalogue.pay_text(DAY + 600) == "24 h"
    assert catalogue.pay_text(3 * DAY + 600) == "3 days"
