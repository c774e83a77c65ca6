"""New rows by COPY: the same rows as by INSERT, the same refusals."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, transaction

from escrow import copying
from escrow.chain.keys import BOB, cast_account
from escrow.models import Chain, ChainEvent, Escrow
from escrow.services import register_deployment
from tests.integration.escrow.test_rows import DEPLOYMENT, escrow_values

pytestmark = pytest.mark.django_db
# What COPY's text form has a meaning for.
ODD_TEXT = 'a\tb\nc\\d\\N "e" \u2028 €'


@pytest.fixture
def chain() -> Chain:
    return register_deployment(DEPLOYMENT)


def event(chain: Chain, log_index: int, **changes: Any) -> ChainEvent:
    values = {
        "block_number": 1,
        "block_hash": "0x" + "0A" * 32,
        "block_time": 1,
        "tx_hash": "0x" + "04" * 32,
        "name": "Released",
    }
    return ChainEvent(chain=chain, log_index=log_index, **{**values, **changes})


def stored_values(model: type[Any]) -> list[dict[str, Any]]:
    names = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
    return list(model.objects.order_by("pk").values(*names))


def test_copied_rows_are_those_that_would_have_been_inserted(chain: Chain) -> None:
    args = {"amount": str(2**256 - 1), "note": ODD_TEXT, "none": None}
    events = [event(chain, 0, args=args, set_aside_reason=ODD_TEXT), event(chain, 1)]
    escrows = [
        Escrow(chain=chain, **escrow_values()),
        Escrow(
            chain=chain,
            **escrow_values(
                trade_id="0x" + "0B" * 32, status="CLOSED", outcome="RELEASED", to_buyer=2**256 - 1
            ),
        ),
    ]
    rows: list[Any]
    for rows in (events, escrows):
        model = type(rows[0])
        copying.insert(rows)
        copied = stored_values(model)
        model.objects.all().delete()
        model.objects.bulk_create(rows)
        assert copied == stored_values(model)
    first = Escrow.objects.order_by("pk")[0]
    assert (first.seller, first.amount) == (cast_account(BOB).address, 2**128 - 1)
    assert ChainEvent.objects.order_by("pk")[0].args == args


def test_nothing_to_copy_asks_the_database_nothing(
    chain: Chain, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        copying.insert([])


def test_row_that_is_stored_already_refuses_them_all(chain: Chain) -> None:
    """I14: the same log twice is an error of Django's own kind, which the follower waits out."""
    copying.insert([event(chain, 0)])
    with pytest.raises(IntegrityError), transaction.atomic():
        copying.insert([event(chain, 1), event(chain, 0)])
    assert [row["log_index"] for row in stored_values(ChainEvent)] == [0]


def test_value_that_its_field_refuses_stores_nothing(chain: Chain) -> None:
    mistyped = Escrow(chain=chain, **escrow_values(buyer="0x" + "1" * 39))
    with pytest.raises(ValidationError), transaction.atomic():
        copying.insert([Escrow(chain=chain, **escrow_values(terms="0x" + "07" * 32)), mistyped])
    assert not Escrow.objects.exists()


def copy_over_a_cut_connection(rows: list[ChainEvent]) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (backend,) = cursor.fetchone()
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
        other.close()
        copying.insert(rows)


@pytest.mark.django_db(transaction=True)
def test_connection_that_is_cut_is_named_by_django(chain: Chain) -> None:
    """The follower waits out Django's errors, and no others."""
    with pytest.raises(OperationalError):
        copy_over_a_cut_connection([event(chain, 0)])
    connection.close()
    assert not ChainEvent.objects.exists()
