"""Publishing: the signed document is rebuilt from the draft, compared, and becomes an open offer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from escrow.chain.typed_data import SignatureRefused, digest, hash_struct, is_signed_by, method_salt
from escrow.models import Asset
from marketplace.accounts.access import active_trader
from marketplace.accounts.models import User
from marketplace.offers.access import OfferNotOpen
from marketplace.offers.arbitrators import arbitrator
from marketplace.offers.funds import see_funds
from marketplace.offers.models import Offer, OfferDraft, OfferMethod, OfferStatus, Side
from marketplace.offers.services.drafts import fee_bps
from marketplace.offers.services.refusals import (
    MAX_OPEN_OFFERS,
    ArbitratorNotListed,
    DocumentChanged,
    PausedByStaff,
    SignatureMissing,
    TooManyOffers,
)
from marketplace.offers.services.rest import hint_market
from marketplace.offers.terms import OfferTerms, offer_message, payee_commitment, read_terms

log = structlog.get_logger()
# Crockford's alphabet without letters that spell words; 8 of them are 40 bits.
_ID_LETTERS = "23456789bcdfghjkmnpqrstvwxz"


def terms_of(draft: OfferDraft) -> OfferTerms:
    """The complete offer of a draft.

    Raises: DraftIncomplete.
    """
    symbol = draft.values.get("side", {}).get("asset", "")
    asset = Asset.objects.select_related("chain").filter(symbol=symbol, is_active=True).first()
    return read_terms(draft.values, asset)


def prepared_message(draft: OfferDraft, *, now: datetime | None = None) -> dict[str, Any]:
    """The `Offer` message to sign, with a fresh nonce and expiry and the payee commitments still zero.

    Nothing is kept: what comes back signed is rebuilt from the draft and compared.
    Raises: DraftIncomplete.
    """
    terms = terms_of(draft)
    expiry = (now or timezone.now()) + timedelta(days=terms.expires_days)
    return offer_message(
        terms,
        maker=draft.maker.address,
        fee_bps=fee_bps(),
        ruling_seconds=settings.RULING_SECONDS,
        expiry=int(expiry.timestamp()),
        nonce=draft.offer.nonce if draft.offer else secrets.randbits(128),
        version=_version(draft),
        salt=None,
    )


def publish(draft: OfferDraft, *, message: Mapping[str, Any], salt: str, signature: str) -> Offer:
    """The open offer of a draft, signed by its maker. The draft ends with it; an edited offer keeps its public id.

    `message` is the signed `Offer`; it is rebuilt from the draft with the maker's `salt` and compared field by field.
    Raises: Suspended, DraftIncomplete, TooManyOffers, ArbitratorNotListed, DocumentChanged, SignatureMissing.
    """
    maker = active_trader(draft.maker)
    terms = terms_of(draft)
    if arbitrator(terms.arbitrator) is None:
        raise ArbitratorNotListed
    expected = _expected_message(draft, terms, message, salt)
    chain = terms.asset.chain
    signed = digest("Offer", expected, chain_id=chain.chain_id, contract=chain.contract_address)
    if not _is_signed(maker.address, signed, signature):
        raise SignatureMissing
    with transaction.atomic():
        # One publish at a time per maker: the count below must not race with itself.
        User.objects.select_for_update().get(pk=maker.pk)
        offer = _written(draft, terms, expected, salt=salt, signature=signature)
        draft.delete()
    transaction.on_commit(lambda: _look_at_wallet(offer))
    hint_market(offer)
    return offer


def _is_signed(account: str, hashed: bytes, signature: str) -> bool:
    try:
        return is_signed_by(account, hashed, signature)
    except SignatureRefused:
        return False


def _version(draft: OfferDraft) -> int:
    return draft.offer.version + 1 if draft.offer else 1


def _expected_message(
    draft: OfferDraft, terms: OfferTerms, message: Mapping[str, Any], salt: str
) -> dict[str, Any]:
    try:
        expiry, nonce = int(message["expiry"]), int(message["nonce"])
        latest = timezone.now() + timedelta(days=terms.expires_days, hours=1)
        if not timezone.now().timestamp() < expiry <= latest.timestamp():
            raise DocumentChanged("expiry")
        if not 0 < nonce < 2**256 or (draft.offer and nonce != draft.offer.nonce):
            raise DocumentChanged("nonce")
        expected = offer_message(
            terms,
            maker=draft.maker.address,
            fee_bps=fee_bps(),
            ruling_seconds=settings.RULING_SECONDS,
            expiry=expiry,
            nonce=nonce,
            version=_version(draft),
            salt=salt,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DocumentChanged("message") from error
    for field, value in expected.items():
        if not _is_same(message.get(field), value):
            raise DocumentChanged(field)
    if set(message) != set(expected):
        raise DocumentChanged("message")
    return expected


def _is_same(given: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        return (
            isinstance(given, list)
            and len(given) == len(expected)
            and all(
                isinstance(one, Mapping)
                and set(one) == set(other)
                and all(_is_same(one[key], other[key]) for key in other)
                for one, other in zip(given, expected, strict=True)
            )
        )
    if isinstance(given, bool) or not isinstance(given, (str, int)):
        return False
    return (
        str(given).lower() == str(expected).lower()
        if str(expected).startswith("0x")
        else str(given) == str(expected)
    )


def _written(
    draft: OfferDraft, terms: OfferTerms, message: dict[str, Any], *, salt: str, signature: str
) -> Offer:
    offer = (
        _locked_for_edit(draft)
        if draft.offer_id
        else Offer(public_id=_new_public_id(), maker=draft.maker)
    )
    if (
        not draft.offer_id
        and Offer.objects.filter(maker=draft.maker).exclude(status=OfferStatus.CLOSED).count()
        >= MAX_OPEN_OFFERS
    ):
        raise TooManyOffers
    for name in (
        "side", "asset", "currency", "price_kind", "fixed_price", "margin_bps", "floor_price", "ceiling_price",
        "min_fiat", "max_fiat", "arbitrator", "min_done", "min_age_days", "terms_text",
    ):  # fmt: skip
        setattr(offer, name, getattr(terms, name))
    # What older versions of the offer have locked stays locked; the new signed stock is what is left.
    offer.stock_base_units = terms.stock_base_units + offer.locked_base_units
    offer.sold_base_units = 0
    offer.fee_bps, offer.ruling_seconds = message["feeBps"], message["rulingWindow"]
    offer.expires_at = datetime.fromtimestamp(message["expiry"], tz=UTC)
    offer.nonce, offer.version = int(message["nonce"]), message["version"]
    offer.salt, offer.signature = salt, signature
    offer.offer_hash = "0x" + hash_struct("Offer", message).hex()
    offer.signed_document = message
    offer.status, offer.pause_reason = OfferStatus.OPEN, ""
    try:
        offer.save()
    except IntegrityError as error:
        raise DocumentChanged("nonce") from error
    offer.methods.all().delete()
    OfferMethod.objects.bulk_create(
        _method_row(offer, terms, entry, salt) for entry in terms.methods
    )
    return offer


def _locked_for_edit(draft: OfferDraft) -> Offer:
    offer = Offer.objects.select_for_update().get(drafts=draft)
    if offer.paused_by_staff:
        raise PausedByStaff(offer)
    if offer.status == OfferStatus.CLOSED:
        raise OfferNotOpen(offer)
    return offer


def _method_row(offer: Offer, terms: OfferTerms, entry: Any, salt: str) -> OfferMethod:
    opening = (
        {"details": dict(entry.details), "salt": method_salt(salt, entry.method)}
        if terms.side == Side.SELL
        else None
    )
    return OfferMethod(
        offer=offer,
        method=entry.method,
        pay_seconds=entry.pay_seconds,
        release_seconds=entry.release_seconds,
        payee_commitment=payee_commitment(terms, entry, salt),
        payee_opening=opening,
    )


def _look_at_wallet(offer: Offer) -> None:
    # Best effort: the schedule looks again, and a slow node must not undo a publication.
    try:
        see_funds(maker_id=offer.maker_id)
    except Exception as error:
        log.warning("wallet_not_seen", offer=offer.public_id, error=repr(error))


def _new_public_id() -> str:
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(8))
