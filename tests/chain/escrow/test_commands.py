"""The operator's commands and the worker's tasks around the chain side."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from escrow import tasks
from escrow.models import Chain, SignedCall, Submission
from escrow.services import accept_signed_call, record_submission
from tests.chain.escrow.conftest import FAR, Walker, follow

pytestmark = pytest.mark.django_db


def output(*arguments: str) -> str:
    written = StringIO()
    call_command(*arguments, stdout=written)
    return written.getvalue()


def test_state_of_a_trade_is_printed_from_the_contract_and_from_our_rows(
    chain: Chain, walker: Walker
) -> None:
    terms = walker.funded("PAID")
    word = walker.node.escrow_state(terms.trade_id)
    printed = output("escrow_state", terms.trade_id)
    assert "status     PAID" in printed
    assert f"payBy      {word.pay_by}" in printed
    assert "this hub   nothing" in printed
    walker.mine(2)
    follow(chain)
    assert f"this hub   PAID  since {word.since}, pay by {word.pay_by}" in output(
        "escrow_state", terms.trade_id
    )


def test_state_needs_a_node(chain: Chain, walker: Walker, settings: Any) -> None:
    settings.CHAIN_RPC_URL = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="did not answer"):
        output("escrow_state", f"0x{1:064x}")


def test_resume_reads_the_chain_anew(chain: Chain, walker: Walker) -> None:
    Chain.objects.update(halt_reason="An operator must look.")
    assert f"up to block {walker.node.head().number}" in output("chain_resume", str(chain.pk))
    assert Chain.objects.get().halt_reason == ""
    with pytest.raises(CommandError, match="knows no chain 5"):
        output("chain_resume", "5")


def test_worker_tasks_do_one_round_each(chain: Chain, walker: Walker) -> None:
    """Q01, Q05: running a task once more does nothing twice."""
    terms = walker.funded()
    accept_signed_call(
        trade=terms,
        funded_at=walker.node.escrow_state(terms.trade_id).funded_at,
        move="markPaid",
        arguments={},
        signer=walker.buyer.address,
        deadline=FAR,
        signature=walker.signature("markPaid", terms, walker.buyer),
    )
    for _ in range(2):
        tasks.relay()
    assert SignedCall.objects.get().relay_transactions.count() == 1
    other = walker.funded()
    receipt = walker.move("markPaid", other, walker.buyer)
    record_submission(
        account=walker.buyer.address,
        trade_id=other.trade_id,
        move="markPaid",
        tx_hash=receipt.tx_hash,
    )
    follow(chain)
    for _ in range(2):
        tasks.watch_submissions()
    assert Submission.objects.get().status == "MINED"


def test_tasks_of_a_hub_without_a_chain_do_nothing(db: None) -> None:
    tasks.relay()
    tasks.watch_submissions()
