"""Rows of the chain side: what the database itself keeps from being false, and how chains come and go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.admin import site
from django.db import IntegrityError, transaction
from django.test import RequestFactory
from django.utils import timezone

from escrow.admin import ReadOnlyAdmin
from escrow.chain.deployments import NoDeployment, recorded_deployment
from escrow.chain.keys import BOB, RELAYER, NoRelayerKey, cast_account, relayer_account
from escrow.models import Asset, AuditFinding, Block, Chain, ChainEvent, Escrow, Relayer, SignedCall
from escrow.selectors import (
    ChainUnknown,
    active_assets,
    audit_trouble,
    chain_health,
    current_chain,
)
from escrow.services import ChainMismatch, register_deployment, reset_chain

pytestmark = pytest.mark.django_db
DEPLOYMENT = replace(
    recorded_deployment(72731), genesis_hash="0x" + "01" * 32, code_hash="0x" + "02" * 32
)


@pytest.fixture
def registered() -> Chain:
    return register_deployment(DEPLOYMENT)


def escrow_values(**changes: Any) -> dict[str, Any]:
    values = {
        "trade_id": "0x" + "05" * 32,
        "seller": cast_account(BOB).address.lower(),
        "buyer": "0x" + "11" * 20,
        "token": "0x" + "00" * 20,
        "amount": 2**128 - 1,
        "arbitrator": "0x" + "12" * 20,
        "fee_bps": 50,
        "pay_window": 1_800,
        "release_window": 259_200,
        "ruling_window": 86_400,
        "terms": "0x" + "06" * 32,
        "status": "FUNDED",
        "since": 1,
        "funded_at": 1,
        "pay_by": 2**40 - 1,
    }
    return {**values, **changes}


def event(chain: Chain, **changes: Any) -> ChainEvent:
    values = {
        "block_number": 1,
        "block_hash": "0x" + "03" * 32,
        "block_time": 1,
        "log_index": 0,
        "tx_hash": "0x" + "04" * 32,
        "name": "Released",
    }
    return ChainEvent.objects.create(chain=chain, **{**values, **changes})


def test_registering_makes_the_chain_its_assets_and_its_relayer(registered: Chain) -> None:
    assert (registered.chain_id, registered.depth) == (72731, 2)
    assert [asset.symbol for asset in active_assets()] == ["USDC", "ETH", "DAI"]
    assert Asset.objects.get(symbol="USDC").has_permit
    assert not Asset.objects.get(symbol="DAI").has_permit
    assert Relayer.objects.get().address == cast_account(RELAYER).address
    assert current_chain() == registered


def test_registering_again_changes_nothing(registered: Chain) -> None:
    assert register_deployment(DEPLOYMENT) == registered
    assert (Chain.objects.count(), Asset.objects.count(), Relayer.objects.count()) == (1, 3, 1)


@pytest.mark.parametrize("part", ["genesis_hash", "code_hash"])
def test_other_chain_under_the_same_id_is_refused_until_the_reset(
    registered: Chain, part: str
) -> None:
    """I07: off-chain data stays, chain rows go, and only on request."""
    other = replace(DEPLOYMENT, **{part: "0x" + "09" * 32})
    event(registered)
    AuditFinding.objects.create(
        chain=registered, trade_id="0x" + "05" * 32, field="since", found_at=timezone.now()
    )
    Chain.objects.update(audit_cursor="0x" + "05" * 32, audit_problem="The node is away.")
    with pytest.raises(ChainMismatch, match="devnet reset"):
        register_deployment(other)
    assert ChainEvent.objects.count() == 1
    reset_chain(registered.pk)
    assert ChainEvent.objects.count() == 0
    assert audit_trouble() == ""
    assert Chain.objects.get().audit_cursor == ""
    assert Asset.objects.count() == 3
    assert getattr(register_deployment(other), part) == "0x" + "09" * 32


def test_log_is_one_row_however_often_it_is_delivered(registered: Chain) -> None:
    """I14."""
    event(registered)
    with pytest.raises(IntegrityError), transaction.atomic():
        event(registered)
    assert event(registered, log_index=1).pk
    assert event(registered, block_hash="0x" + "07" * 32).pk


def test_event_cannot_be_applied_before_it_is_confirmed(registered: Chain) -> None:
    """I27, in the database itself."""
    with pytest.raises(IntegrityError), transaction.atomic():
        event(registered, applied_at=timezone.now())
    assert event(registered, applied_at=timezone.now(), confirmed=True).pk


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "CLOSED"},
        {"status": "CLOSED", "outcome": "RELEASED"},
        {"status": "CLOSED", "to_buyer": 5},
        {"outcome": "RELEASED"},
        {"to_buyer": 5},
    ],
    ids=str,
)
def test_outcome_and_share_belong_to_closed_escrows_only(
    registered: Chain, changes: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Escrow.objects.create(chain=registered, **escrow_values(**changes))


def test_values_come_back_exactly_and_are_found_in_any_spelling(registered: Chain) -> None:
    Escrow.objects.create(
        chain=registered, **escrow_values(status="CLOSED", outcome="RELEASED", to_buyer=2**256 - 1)
    )
    row = Escrow.objects.get(seller=cast_account(BOB).address.lower(), trade_id="0x" + "05" * 32)
    assert (row.seller, row.amount, row.to_buyer) == (
        cast_account(BOB).address,
        2**128 - 1,
        2**256 - 1,
    )
    assert type(row.amount) is int
    assert Escrow.objects.filter(amount__gt=2**127).count() == 1


def test_only_one_header_per_height_and_one_call_per_digest(registered: Chain) -> None:
    header = {"chain": registered, "number": 1, "parent_hash": "0x" + "00" * 32, "time": 1}
    Block.objects.create(hash="0x" + "01" * 32, **header)
    with pytest.raises(IntegrityError), transaction.atomic():
        Block.objects.create(hash="0x" + "02" * 32, **header)
    call = {
        "chain": registered,
        "digest": "0x" + "01" * 32,
        "move": "dispute",
        "deadline": 1,
        "signature": "0x",
    }
    for signer in ("0x" + "11" * 20, "0x" + "12" * 20):
        SignedCall.objects.create(signer=signer, **call)
    with pytest.raises(IntegrityError), transaction.atomic():
        SignedCall.objects.create(signer="0x" + "11" * 20, **call)


def test_hub_without_a_chain_says_so() -> None:
    assert not chain_health().ok
    assert not chain_health().relayer_ok
    with pytest.raises(ChainUnknown):
        current_chain()
    with pytest.raises(NoDeployment):
        recorded_deployment(1)


def test_relayer_key_must_be_set_off_the_devnet(settings: Any) -> None:
    settings.RELAYER_KEY = ""
    assert relayer_account().address == cast_account(RELAYER).address
    settings.CHAIN_ID = 1
    with pytest.raises(NoRelayerKey):
        relayer_account()
    settings.RELAYER_KEY = "0x" + "11" * 32
    assert relayer_account().address != cast_account(RELAYER).address


def test_operators_can_look_at_chain_rows_but_never_edit_them() -> None:
    """M02: the desk and /ops/ have no button that changes what the chain said."""
    request = RequestFactory().get("/ops/")
    ours = [
        (model, admin)
        for model, admin in site._registry.items()
        if model._meta.app_label == "escrow"
    ]
    assert {model._meta.model_name for model, _ in ours} == {
        "chain",
        "asset",
        "chainevent",
        "auditfinding",
        "escrow",
        "submission",
        "signedcall",
        "relayer",
        "relaytransaction",
        "reorg",
    }
    for _, admin in ours:
        assert isinstance(admin, ReadOnlyAdmin)
        allowed = (
            admin.has_add_permission,
            admin.has_change_permission,
            admin.has_delete_permission,
        )
        assert not any(may(request) for may in allowed)
