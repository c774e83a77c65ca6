"""Each alarm about the chain, the relayer and the auditor, with the fault that fires it and the repair that ends it (O10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db.models import F

from escrow import auditor, indexer, relayer
from escrow.chain.deploy import deploy_devnet
from escrow.chain.keys import relayer_account
from escrow.identity import ChainChanged
from escrow.models import Chain, Escrow
from escrow.services import accept_signed_call, mark_applied, register_deployment, unapplied_events
from escrow.states import ProblemKind
from stack import services
from stack.children import Child
from tests.chain.escrow.conftest import ETHER, FAR, Walker, follow
from tests.drivers.alarms import has_begun, has_ended, look

pytestmark = pytest.mark.django_db

PAY_WINDOW = 1_800


@pytest.fixture
def well(chain: Chain, walker: Walker) -> Chain:
    """A hub whose chain side is well: read, compared, with a relayer that made a round."""
    walker.rpc("anvil_setBalance", relayer_account().address, hex(ETHER))
    work(chain)
    assert not {name for name in look() if name.startswith(("chain", "relayer", "auditor"))}
    return chain


def work(chain: Chain) -> None:
    """One round of everybody."""
    follow(chain)
    relayer.run_once()
    auditor.audit_once(chain)


def sign_paid(walker: Walker) -> str:
    """A locked trade whose buyer handed in his "paid"; the trade's id."""
    terms = walker.funded(pay_window=PAY_WINDOW)
    accept_signed_call(
        trade=terms,
        funded_at=walker.node.escrow_state(terms.trade_id).funded_at,
        move="markPaid",
        arguments={},
        signer=walker.buyer.address,
        deadline=FAR,
        signature=walker.signature("markPaid", terms, walker.buyer),
    )
    return terms.trade_id


@pytest.fixture
def own_node(tmp_path: Path, settings: Any, db: None) -> Iterator[OwnNode]:
    """A node that the test may kill, with the contract on it and registered."""
    node = OwnNode(tmp_path)
    node.start()
    settings.CHAIN_RPC_URL = node.url
    register_deployment(deploy_devnet(node.url))
    yield node
    node.kill()


class OwnNode:
    """A devnet node that keeps its chain while it is down."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, services.free_port()
        self.url = services.chain_rpc_url(self._port)
        self._child: Child | None = None

    def start(self) -> None:
        self._child = Child(
            services.anvil(
                port=self._port, state=self._folder / "chain", log=self._folder / "anvil.log"
            )
        )
        self._child.wait_until_ready()

    def kill(self) -> None:
        if self._child:
            self._child.stop()
        self._child = None


def test_chain_unread_begins_when_the_node_is_gone_and_ends_when_it_is_back(
    own_node: OwnNode,
) -> None:
    """I10."""
    chain = Chain.objects.get()
    follow(chain)
    assert "chain-unread" not in look()

    own_node.kill()
    assert indexer.advance(chain).problem
    assert "chain-unread" not in look(in_seconds=30), "a short breath is no alarm"
    assert has_begun("chain-unread", in_seconds=61)

    own_node.start()
    follow(chain)
    assert has_ended("chain-unread")


def test_chain_head_old_begins_when_no_block_comes(well: Chain, walker: Walker) -> None:
    Chain.objects.update(head_seen_at=F("head_seen_at") - timedelta(seconds=61))
    follow(well)
    assert has_begun("chain-head-old")

    walker.mine()
    follow(well)
    assert has_ended("chain-head-old")


def test_chain_halted_begins_past_finality_and_ends_with_the_command(
    well: Chain, walker: Walker
) -> None:
    """I05: an event that was acted upon is gone."""
    walker.fund(walker.terms())
    walker.mine(2)
    follow(well)
    for event in unapplied_events(10):
        mark_applied(event)
    walker.reorg(4)
    walker.mine()
    with pytest.raises(indexer.ChainHalted):
        follow(well)
    assert has_begun("chain-halted")

    indexer.resume(well)
    assert has_ended("chain-halted")


def test_chain_changed_begins_with_another_chain_behind_the_address(
    well: Chain, walker: Walker
) -> None:
    """I08."""
    walker.rpc("anvil_setChainId", 31337)
    try:
        with pytest.raises(ChainChanged):
            indexer.advance(well)
        assert has_begun("chain-changed")
    finally:
        walker.rpc("anvil_setChainId", services.CHAIN_ID)
    follow(well)
    assert has_ended("chain-changed")


def test_chain_nodes_disagree_follows_what_the_follower_noted(well: Chain) -> None:
    """The alarm's own half; two nodes that disagree are the follower's tests."""
    Chain.objects.update(
        problem="Two nodes disagree about block 7.", problem_kind=ProblemKind.DISAGREE
    )
    assert has_begun("chain-nodes-disagree")
    follow(well)
    assert has_ended("chain-nodes-disagree")


def test_relayer_low_and_unable_follow_the_balance(well: Chain, walker: Walker) -> None:
    account, least = relayer_account().address, settings.RELAYER_MIN_BALANCE_WEI
    walker.rpc("anvil_setBalance", account, hex(least - 1))
    relayer.run_once()
    assert has_begun("relayer-low")
    walker.rpc("anvil_setBalance", account, "0x0")
    relayer.run_once()
    assert has_ended("relayer-low")
    walker.rpc("anvil_setBalance", account, hex(ETHER))
    relayer.run_once()
    assert "relayer-unable" not in look()
    walker.rpc("anvil_setBalance", account, "0x0")
    relayer.run_once()
    assert has_begun("relayer-unable")
    walker.rpc("anvil_setBalance", account, hex(ETHER))
    relayer.run_once()
    assert has_ended("relayer-unable")


def test_relayer_off_begins_without_rounds(well: Chain) -> None:
    assert has_begun("relayer-off", in_seconds=61)
    relayer.run_once()
    assert has_ended("relayer-off")


def test_relayer_stuck_and_calls_waiting_begin_when_no_block_takes_the_transaction(
    well: Chain, walker: Walker
) -> None:
    sign_paid(walker)
    walker.rpc("evm_setAutomine", False)
    try:
        relayer.run_once()
        assert not {"relayer-stuck", "calls-waiting"} & look()
        assert has_begun("relayer-stuck", in_seconds=181)
        look()
        assert has_begun("calls-waiting", in_seconds=181)
    finally:
        walker.rpc("evm_setAutomine", True)
    walker.mine(3)
    relayer.run_once()
    assert has_ended("relayer-stuck")
    look(in_seconds=181)
    assert "calls-waiting" not in look()


def test_calls_waiting_ends_when_they_are_sent(well: Chain, walker: Walker) -> None:
    sign_paid(walker)
    assert has_begun("calls-waiting", in_seconds=181)
    relayer.run_once()
    walker.mine(3)
    relayer.run_once()
    assert has_ended("calls-waiting")


def test_paid_late_begins_when_the_buyers_time_ends_before_his_word_is_in_a_block(
    well: Chain, walker: Walker
) -> None:
    sign_paid(walker)
    walker.mine(2)
    follow(well)
    assert "paid-late" not in look()

    walker.skip(PAY_WINDOW - 300)
    follow(well)
    assert has_begun("paid-late")

    relayer.run_once()
    walker.mine(3)
    relayer.run_once()
    follow(well)
    assert has_ended("paid-late")


def test_auditor_differs_begins_with_a_changed_row(well: Chain, walker: Walker) -> None:
    """I26."""
    trade_id = walker.funded().trade_id
    walker.mine(2)
    follow(well)
    right = Escrow.objects.get(trade_id=trade_id).pay_by
    Escrow.objects.filter(trade_id=trade_id).update(pay_by=right + 1)
    auditor.audit_once(well)
    assert has_begun("auditor-differs")

    Escrow.objects.filter(trade_id=trade_id).update(pay_by=right)
    auditor.audit_once(well)
    assert has_ended("auditor-differs")


def test_auditor_off_begins_without_looks(well: Chain) -> None:
    assert has_begun("auditor-off", in_seconds=181)
    auditor.audit_once(well)
    assert has_ended("auditor-off")
