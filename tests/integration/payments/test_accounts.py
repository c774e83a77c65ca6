"""Kept payee accounts: cleaned, once, their owner's only."""

from __future__ import annotations

import pytest

from marketplace.accounts.models import User
from marketplace.payments.catalogue import DetailsRefused
from marketplace.payments.selectors import accounts_of
from marketplace.payments.services import archive_account, keep_account

pytestmark = pytest.mark.django_db
DETAILS = {"name": "Alice Ozola", "iban": "DE89 3704 0044 0532 0130 00"}


def test_the_same_account_is_kept_once(alice: User) -> None:
    first = keep_account(alice, method="sepa", data=DETAILS)
    again = keep_account(alice, method="sepa", data={**DETAILS, "iban": "DE89370400440532013000"})
    assert first.pk == again.pk
    assert first.label == "SEPA · DE89 … 3000"


def test_wrong_details_are_not_kept(alice: User) -> None:
    with pytest.raises(DetailsRefused):
        keep_account(alice, method="sepa", data={"name": "Alice", "iban": "DE00"})
    assert not accounts_of(alice).exists()


def test_an_account_is_its_owner_s_only(alice: User, bob: User) -> None:
    kept = keep_account(alice, method="sepa", data=DETAILS)
    assert not accounts_of(bob).exists()
    assert not archive_account(bob, account_id=kept.pk)
    assert list(accounts_of(alice, method="sepa")) == [kept]
    assert list(accounts_of(alice, method="wise")) == []


def test_an_archived_account_leaves_the_list(alice: User) -> None:
    kept = keep_account(alice, method="sepa", data=DETAILS)
    assert archive_account(alice, account_id=kept.pk)
    assert not accounts_of(alice).exists()
    assert keep_account(alice, method="sepa", data=DETAILS).pk != kept.pk
