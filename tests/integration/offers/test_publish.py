"""Publishing: the server rebuilds the signed document and believes nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from escrow.chain.typed_data import commitment, hash_struct
from escrow.models import Asset
from marketplace.accounts.access import Suspended
from marketplace.accounts.models import User
from marketplace.offers import services
from marketplace.offers.arbitrators import arbitrators
from marketplace.offers.models import Offer, OfferDraft, OfferStatus
from marketplace.offers.terms import NO_COMMITMENT, DraftIncomplete
from tests.integration.offers.publishing import signed, values_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(alice: User, usdc: Asset) -> OfferDraft:
    return services.create_draft(alice, values=values_for(arbitrators()[0].address))


def test_a_signed_draft_becomes_an_open_offer(alice: User, draft: OfferDraft, cast: Any) -> None:
    posted = signed(draft, cast.alice)
    offer = services.publish(draft, **posted)
    assert offer.status == OfferStatus.OPEN
    assert offer.stock_base_units == 1_240_000_000
    assert offer.offer_hash == "0x" + hash_struct("Offer", posted["message"]).hex()
    assert offer.signed_document == posted["message"]
    assert (offer.fee_bps, offer.ruling_seconds) == (50, 14 * 86_400)
    assert not OfferDraft.objects.filter(maker=alice).exists()


def test_the_account_is_committed_and_its_opening_kept(draft: OfferDraft, cast: Any) -> None:
    offer = services.publish(draft, **signed(draft, cast.alice))
    row = offer.methods.get()
    assert row.payee_opening is not None
    assert (
        commitment(row.payee_opening["details"], row.payee_opening["salt"]) == row.payee_commitment
    )
    assert row.payee_opening["details"]["iban"] == "DE89370400440532013000"
    assert "DE8937" not in str(offer.signed_document)


def test_a_buy_offer_commits_to_no_account(alice: User, usdc: Asset, cast: Any) -> None:
    values = values_for(arbitrators()[0].address, side={"side": "buy"})
    draft = services.create_draft(alice, values=values)
    offer = services.publish(draft, **signed(draft, cast.alice))
    row = offer.methods.get()
    assert (row.payee_commitment, row.payee_opening) == (NO_COMMITMENT, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", "0.9255"),
        ("minFiat", "1.00"),
        ("maxFiat", "801.00"),
        ("stock", "1240000001"),
        ("side", "buy"),
        ("currency", "USD"),
        ("feeBps", 0),
        ("rulingWindow", 86_400),
        ("version", 2),
        ("arbitrator", "0x000000000000000000000000000000000000dEaD"),
        ("maker", "0x000000000000000000000000000000000000dEaD"),
        ("expiry", 1),
        ("expiry", 2**40 - 1),
        ("nonce", "0"),
    ],
)
def test_a_document_that_differs_in_one_field_is_refused(
    draft: OfferDraft, cast: Any, field: str, value: Any
) -> None:
    posted = signed(draft, cast.alice, **{field: value})
    with pytest.raises(services.DocumentChanged) as caught:
        services.publish(draft, **posted)
    assert caught.value.field == field
    assert not Offer.objects.exists()


@pytest.mark.parametrize(
    "broken", [{}, {"expiry": "soon", "nonce": "1"}, {"expiry": [1], "nonce": None}]
)
def test_a_document_of_other_shape_is_refused(
    draft: OfferDraft, cast: Any, broken: dict[str, Any]
) -> None:
    """N13."""
    posted = signed(draft, cast.alice)
    with pytest.raises(services.DocumentChanged):
        services.publish(draft, message=broken, salt=posted["salt"], signature=posted["signature"])


def test_a_commitment_to_another_account_is_refused(draft: OfferDraft, cast: Any) -> None:
    posted = signed(draft, cast.alice)
    posted["message"]["methods"][0]["payeeCommitment"] = "0x" + "11" * 32
    with pytest.raises(services.DocumentChanged):
        services.publish(draft, **posted)


def test_somebody_elses_signature_is_refused(draft: OfferDraft, cast: Any) -> None:
    with pytest.raises(services.SignatureMissing):
        services.publish(draft, **signed(draft, cast.bob))
    assert not Offer.objects.exists()


@pytest.mark.parametrize("signature", ["", "0x", "0x00", "0x" + "ff" * 65, "hello"])
def test_a_malformed_signature_is_refused(draft: OfferDraft, cast: Any, signature: str) -> None:
    posted = {**signed(draft, cast.alice), "signature": signature}
    with pytest.raises(services.SignatureMissing):
        services.publish(draft, **posted)


@pytest.mark.parametrize("salt", ["", "0x12", "x" * 66])
def test_a_malformed_salt_is_refused(draft: OfferDraft, cast: Any, salt: str) -> None:
    posted = {**signed(draft, cast.alice), "salt": salt}
    with pytest.raises(services.DocumentChanged):
        services.publish(draft, **posted)


def test_the_same_signed_offer_opens_once(alice: User, draft: OfferDraft, cast: Any) -> None:
    """N14: sent twice, from two tabs with the same draft."""
    posted = signed(draft, cast.alice)
    services.publish(draft, **posted)
    again = services.create_draft(alice, values=values_for(arbitrators()[0].address))
    with pytest.raises(services.DocumentChanged):
        services.publish(again, **posted)
    assert Offer.objects.count() == 1


def test_an_unlisted_arbitrator_is_refused(alice: User, usdc: Asset, cast: Any) -> None:
    """Rule 15: a maker cannot name his own."""
    draft = services.create_draft(alice, values=values_for(cast.bob.address))
    with pytest.raises(services.ArbitratorNotListed):
        services.publish(draft, **signed(draft, cast.alice))


def test_a_suspended_maker_cannot_publish(alice: User, draft: OfferDraft, cast: Any) -> None:
    posted = signed(draft, cast.alice)
    draft.maker.suspended_until = timezone.now() + timedelta(days=1)
    with pytest.raises(Suspended):
        services.publish(draft, **posted)


def test_an_unfinished_draft_names_the_step(alice: User, usdc: Asset) -> None:
    values = values_for(arbitrators()[0].address)
    del values["price"]
    with pytest.raises(DraftIncomplete) as caught:
        services.terms_of(services.create_draft(alice, values=values))
    assert caught.value.step == "price"


def test_methods_of_another_currency_send_the_maker_back(alice: User, usdc: Asset) -> None:
    values = values_for(arbitrators()[0].address, side={"currency": "INR"})
    with pytest.raises(DraftIncomplete) as caught:
        services.terms_of(services.create_draft(alice, values=values))
    assert caught.value.step == "methods"


def test_an_edited_offer_keeps_its_id_and_what_trades_have_locked(
    alice: User, draft: OfferDraft, cast: Any
) -> None:
    offer = services.publish(draft, **signed(draft, cast.alice))
    services.lock_stock(offer, 240_000_000)
    offer.refresh_from_db()
    values = services.values_of(offer)
    assert values["amount"]["stock"] == "1000"
    values["price"]["fixed_price"] = "0.9300"
    again = services.create_draft(alice, values=values, offer=offer)
    edited = services.publish(again, **signed(again, cast.alice))
    edited.refresh_from_db()
    assert (edited.pk, edited.public_id, edited.version) == (offer.pk, offer.public_id, 2)
    assert edited.offer_hash != offer.offer_hash
    assert (edited.left_base_units, edited.locked_base_units) == (1_000_000_000, 240_000_000)
    services.spend_stock(edited, 240_000_000)
    edited.refresh_from_db()
    assert edited.left_base_units == 1_000_000_000


def test_the_maker_s_coins_are_looked_at(
    draft: OfferDraft, cast: Any, django_capture_on_commit_callbacks: Any, chain: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        offer = services.publish(draft, **signed(draft, cast.alice))
    offer.refresh_from_db()
    assert offer.funds_base_units == 0
    assert offer.funds_block is not None
