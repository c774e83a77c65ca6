"""The auditor finds every field of every row that is not what the contract says, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.forms.models import model_to_dict

from escrow import auditor, indexer, tasks
from escrow.chain.gateway import Gateway
from escrow.models import AuditFinding, Chain, ChainEvent, Escrow
from escrow.projection import record_of
from escrow.selectors import audit_trouble
from tests.chain.escrow.conftest import DAY, Walker, follow, locked_elsewhere

pytestmark = pytest.mark.django_db

# Each field of a row, with a value that the database would take.
CORRUPTIONS: dict[str, Any] = {
    "seller": "0x" + "21" * 20,
    "buyer": "0x" + "22" * 20,
    "token": "0x" + "23" * 20,
    "amount": 7,
    "arbitrator": "0x" + "24" * 20,
    "fee_bps": 51,
    "pay_window": 1_801,
    "release_window": 3 * DAY + 1,
    "ruling_window": 14 * DAY + 1,
    "terms": "0x" + "25" * 32,
    "status": "DISPUTED",
    "since": 8,
    "funded_at": 9,
    "pay_by": 10,
}


@pytest.fixture
def trades(chain: Chain, walker: Walker) -> dict[str, Escrow]:
    """A trade in every state, followed to the tip, by the name of its state."""
    ids = {name: walker.funded(name).trade_id for name in ("FUNDED", "PAID", "DISPUTED")}
    closed = walker.funded("PAID")
    walker.move("release", closed, walker.seller)
    ids["CLOSED"] = closed.trade_id
    walker.mine(3)
    follow(chain)
    return {name: Escrow.objects.get(trade_id=trade_id) for name, trade_id in ids.items()}


def found(chain: Chain) -> set[tuple[str, str]]:
    return {(one.trade_id, one.field) for one in auditor.audit_once(chain)}


def test_rows_that_are_right_give_nothing(chain: Chain, trades: dict[str, Escrow]) -> None:
    assert found(chain) == set()
    chain.refresh_from_db()
    assert chain.audited_at is not None
    assert audit_trouble() == ""


@pytest.mark.parametrize("field", sorted(CORRUPTIONS))
def test_any_field_of_a_live_row_is_found_and_left_as_it_is(
    chain: Chain, trades: dict[str, Escrow], field: str
) -> None:
    """I26."""
    row = trades["PAID"]
    Escrow.objects.filter(pk=row.pk).update(**{field: CORRUPTIONS[field]})
    before = model_to_dict(Escrow.objects.get(pk=row.pk))

    assert {trade_id for trade_id, _ in found(chain)} == {row.trade_id}

    assert model_to_dict(Escrow.objects.get(pk=row.pk)) == before
    assert AuditFinding.objects.filter(trade_id=row.trade_id, gone_at=None).exists()
    assert audit_trouble() == "1 trade shown here differs from the contract; see /ops/."


@pytest.mark.parametrize("field", ["outcome", "to_buyer", "amount", "status"])
def test_a_closed_row_is_held_against_its_events(
    chain: Chain, trades: dict[str, Escrow], field: str
) -> None:
    """I26."""
    values: dict[str, Any] = {"outcome": "CANCELLED", "to_buyer": 1, "amount": 2}
    changes = {field: values.get(field, "FUNDED")}
    if field == "status":
        changes |= {"outcome": "", "to_buyer": None}
    Escrow.objects.filter(pk=trades["CLOSED"].pk).update(**changes)

    assert {trade_id for trade_id, _ in found(chain)} == {trades["CLOSED"].trade_id}


def test_closed_rows_are_looked_at_in_turn_and_live_ones_always(
    chain: Chain, trades: dict[str, Escrow], monkeypatch: pytest.MonkeyPatch
) -> None:
    """I26: a look costs what is live, however many trades have closed; and each is reached."""
    monkeypatch.setattr(auditor, "IN_TURN", 1)
    Escrow.objects.filter(pk=trades["CLOSED"].pk).update(outcome="CANCELLED")
    Escrow.objects.filter(pk=trades["PAID"].pk).update(pay_by=1)
    looks = [found(chain) for _ in range(len(trades))]
    assert all((trades["PAID"].trade_id, "pay_by") in look for look in looks)
    assert [len(look) for look in looks].index(2) == sorted(
        row.trade_id for row in trades.values()
    ).index(trades["CLOSED"].trade_id)
    # Once found, it stays found: what has an open finding is looked at again each time.
    assert found(chain) == {
        (trades["PAID"].trade_id, "pay_by"),
        (trades["CLOSED"].trade_id, "outcome"),
    }


def test_the_questions_do_not_grow_with_the_trades_that_closed(
    chain: Chain, walker: Walker, trades: dict[str, Escrow], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(11):
        auditor.audit_once(chain)
    for _ in range(3):
        walker.move("cancel", walker.funded(), walker.buyer)
    walker.mine(3)
    follow(chain)
    with django_assert_num_queries(11):
        auditor.audit_once(chain)


def test_a_row_that_is_gone_is_found(chain: Chain, trades: dict[str, Escrow]) -> None:
    trade_id = trades["FUNDED"].trade_id
    trades["FUNDED"].delete()
    assert found(chain) == {(trade_id, "row")}


def test_a_row_that_no_event_made_is_found(chain: Chain, trades: dict[str, Escrow]) -> None:
    trade_id = trades["FUNDED"].trade_id
    ChainEvent.objects.filter(trade_id=trade_id).delete()
    assert found(chain) == {(trade_id, "row")}


def test_events_and_row_forged_together_are_found_by_the_contract(
    chain: Chain, trades: dict[str, Escrow]
) -> None:
    """The contract is asked, not only our own records."""
    row = trades["FUNDED"]
    forged = ChainEvent.objects.get(trade_id=row.trade_id)
    forged.pk, forged.name, forged.args, forged.log_index = None, "MarkedPaid", {}, 90
    forged.save()
    Escrow.objects.filter(pk=row.pk).update(status="PAID")
    assert found(chain) == {(row.trade_id, "status")}


def test_a_finding_closes_when_the_row_is_right_again_and_stays_on_record(
    chain: Chain, trades: dict[str, Escrow]
) -> None:
    row = trades["PAID"]
    Escrow.objects.filter(pk=row.pk).update(pay_by=1)
    for _ in range(3):
        auditor.audit_once(chain)
    findings = AuditFinding.objects.filter(trade_id=row.trade_id)
    assert {(one.source, one.field) for one in findings} == {
        ("CONTRACT", "pay_by"),
        ("EVENTS", "pay_by"),
    }
    assert findings.count() == 2

    Escrow.objects.filter(pk=row.pk).update(pay_by=row.pay_by)
    assert auditor.audit_once(chain) == []

    assert findings.filter(gone_at=None).count() == 0
    assert findings.count() == 2
    assert audit_trouble() == ""


@pytest.mark.parametrize("loss", ["field", "row", "event"])
def test_the_runbooks_command_puts_right_what_was_found(
    chain: Chain, trades: dict[str, Escrow], loss: str
) -> None:
    row = trades["PAID"]
    if loss == "field":
        Escrow.objects.filter(pk=row.pk).update(pay_by=1)
    elif loss == "row":
        Escrow.objects.filter(pk=row.pk).delete()
    else:
        ChainEvent.objects.filter(trade_id=row.trade_id).delete()
    assert found(chain) != set()
    call_command("chain_resume", chain.pk)
    assert found(chain) == set()
    assert record_of(Escrow.objects.get(trade_id=row.trade_id)) == record_of(row)


def test_reading_again_waits_for_the_follower_and_changes_nothing_while_it_is_busy(
    chain: Chain, trades: dict[str, Escrow], monkeypatch: pytest.MonkeyPatch
) -> None:
    """I17."""
    monkeypatch.setattr(indexer, "RESUME_TRIES", 2)
    Escrow.objects.filter(pk=trades["PAID"].pk).update(pay_by=1)
    with (
        locked_elsewhere(auditor.locks.FOLLOWER, chain),
        pytest.raises(CommandError, match="run the command again"),
    ):
        call_command("chain_resume", chain.pk)
    assert Escrow.objects.get(pk=trades["PAID"].pk).pay_by == 1


def test_trades_that_go_on_while_they_are_looked_at_are_no_difference(
    chain: Chain, walker: Walker
) -> None:
    """The contract is ahead of the rows by the depth, and of the follower by what it has not read yet."""
    terms = walker.funded()
    walker.mine(2)
    follow(chain)
    walker.move("markPaid", terms, walker.buyer)
    assert found(chain) == set()
    follow(chain)
    assert found(chain) == set()
    walker.mine(2)
    assert found(chain) == set()
    follow(chain)
    assert found(chain) == set()


def test_a_node_that_is_away_is_no_verdict(
    chain: Chain, trades: dict[str, Escrow], monkeypatch: pytest.MonkeyPatch
) -> None:
    Escrow.objects.filter(pk=trades["PAID"].pk).update(pay_by=1)
    away = Gateway("http://127.0.0.1:1", chain.contract_address)
    monkeypatch.setattr(auditor, "gateway", lambda: away)
    assert auditor.audit_once(chain) == []
    chain.refresh_from_db()
    assert chain.audited_at is None
    assert AuditFinding.objects.count() == 0
    assert audit_trouble() == (
        "The trades could not be compared with the contract: The node did not answer eth_call."
    )
    monkeypatch.undo()
    assert auditor.audit_once(chain) != []
    chain.refresh_from_db()
    assert chain.audit_problem == ""


def test_only_one_process_looks_at_a_time(chain: Chain, trades: dict[str, Escrow]) -> None:
    Escrow.objects.filter(pk=trades["PAID"].pk).update(pay_by=1)
    with locked_elsewhere(auditor.locks.AUDITOR, chain):
        assert auditor.audit_once(chain) == []
    assert AuditFinding.objects.count() == 0


def test_the_task_looks_at_every_chain_and_says_how_many_trades_differ(
    chain: Chain, trades: dict[str, Escrow]
) -> None:
    Escrow.objects.filter(pk__in=[trades["DISPUTED"].pk, trades["PAID"].pk]).update(since=1)
    tasks.audit()
    assert audit_trouble().startswith("2 trades shown here differ from the contract")
