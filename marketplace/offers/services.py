"""Writes of offers: drafts, publishing, rest and end, and the stock that trades lock, return and spend."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from escrow.chain.typed_data import digest, hash_struct, is_signed_by, method_salt
from escrow.models import Asset
from marketplace.accounts.access import active_trader
from marketplace.accounts.models import User
from marketplace.money import amount_text, price_text
from marketplace.offers.access import OfferNotOpen, OfferRefused
from marketplace.offers.arbitrators import arbitrator
from marketplace.offers.models import Offer, OfferDraft, OfferMethod, OfferStatus, Side
from marketplace.offers.terms import STEPS, OfferTerms, offer_message, payee_commitment, read_terms
from realtime.hints import hint

MAX_OPEN_OFFERS = 30
# Crockford's alphabet without letters that spell words; 8 of them are 40 bits.
_ID_LETTERS = "23456789bcdfghjkmnpqrstvwxz"


class DocumentChanged(OfferRefused):
    """The signed document is not the one this draft makes."""

    code = "document_changed"

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__("The offer changed after you read it. Look at it again and sign once more.")


class SignatureMissing(OfferRefused):
    """The maker's wallet did not sign this document."""

    code = "signature_wrong"

    def __init__(self) -> None:
        super().__init__("The signature is not from your wallet for this offer. Sign again with the account you signed in with.")


class TooManyOffers(OfferRefused):
    """More open offers than one person may have."""

    code = "too_many_offers"

    def __init__(self) -> None:
        super().__init__(f"You have {MAX_OPEN_OFFERS} offers. Close one before you open another.")


class ArbitratorNotListed(OfferRefused):
    """An arbitrator the hub does not list."""

    code = "arbitrator_not_listed"

    def __init__(self) -> None:
        super().__init__("Pick an arbitrator from the list.")


class PausedByStaff(OfferRefused):
    """The maker cannot resume what staff has paused."""

    code = "paused_by_staff"

    def __init__(self, offer: Offer) -> None:
        super().__init__(f"Our staff has paused this offer: {offer.pause_reason} Answer in your inbox before it can go on.")


class NotEnoughLeft(OfferRefused):
    """Less is left than the trade needs."""

    code = "not_enough_left"

    def __init__(self, offer: Offer) -> None:
        left = amount_text(offer.left_base_units, offer.asset.decimals)
        super().__init__(f"Only {left} {offer.asset.symbol} are left in this offer.")


# --- drafts ----------------------------------------------------------------------------------


def create_draft(maker: User, *, values: Mapping[str, Any] | None = None, offer: Offer | None = None) -> OfferDraft:
    """The maker's one draft of a new offer, or of `offer` when given; with `values` it starts over from them."""
    draft, _ = OfferDraft.objects.get_or_create(maker=maker, offer=offer)
    if values is not None:
        draft.values = dict(values)
        draft.save(update_fields=["values", "updated_at"])
    return draft


def save_step(draft: OfferDraft, step: str, cleaned: Mapping[str, Any]) -> OfferDraft:
    """Keeps one step's cleaned answers; the other steps stay as they are."""
    if step not in STEPS:
        raise ValueError(f"{step} is no step of an offer.")
    with transaction.atomic():
        kept = OfferDraft.objects.select_for_update().get(pk=draft.pk)
        kept.values = {**kept.values, step: dict(cleaned)}
        kept.save(update_fields=["values", "updated_at"])
    return kept


def values_of(offer: Offer) -> dict[str, Any]:
    """A published offer as the values of a draft, to edit or to duplicate."""
    return {
        "side": {"side": offer.side, "asset": offer.asset.symbol, "currency": offer.currency},
        "amount": {
            "min_fiat": f"{offer.min_fiat.normalize():f}",
            "max_fiat": f"{offer.max_fiat.normalize():f}",
            "stock": amount_text(offer.left_base_units, offer.asset.decimals),
        },
        "price": {
            "price_kind": offer.price_kind,
            "fixed_price": price_text(offer.fixed_price) if offer.fixed_price is not None else None,
            "margin_bps": offer.margin_bps,
            "floor_price": price_text(offer.floor_price) if offer.floor_price is not None else None,
            "ceiling_price": price_text(offer.ceiling_price) if offer.ceiling_price is not None else None,
        },
        "methods": {
            "methods": [
                {"method": entry.method, "details": (entry.payee_opening or {}).get("details", {})}
                for entry in offer.methods.all()
            ]
        },
        "takers": {"min_done": offer.min_done, "min_age_days": offer.min_age_days},
        "terms": {"terms_text": offer.terms_text, "arbitrator": offer.arbitrator, "expires_days": 30},
    }


# --- publishing ------------------------------------------------------------------------------


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
        fee_bps=settings.FEE_BPS,
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
    if not is_signed_by(maker.address, signed, signature):
        raise SignatureMissing
    with transaction.atomic():
        # One publish at a time per maker: the count below must not race with itself.
        User.objects.select_for_update().get(pk=maker.pk)
        offer = _written(draft, terms, expected, salt=salt, signature=signature)
        draft.delete()
    hint_market(offer)
    return offer


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
            fee_bps=settings.FEE_BPS,
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
                isinstance(one, Mapping) and set(one) == set(other) and all(_is_same(one[key], other[key]) for key in other)
                for one, other in zip(given, expected, strict=True)
            )
        )
    if isinstance(given, bool) or not isinstance(given, (str, int)):
        return False
    return str(given).lower() == str(expected).lower() if str(expected).startswith("0x") else str(given) == str(expected)


def _written(
    draft: OfferDraft, terms: OfferTerms, message: dict[str, Any], *, salt: str, signature: str
) -> Offer:
    offer = _locked_for_edit(draft) if draft.offer_id else Offer(public_id=_new_public_id(), maker=draft.maker)
    if not draft.offer_id and Offer.objects.filter(maker=draft.maker).exclude(status=OfferStatus.CLOSED).count() >= MAX_OPEN_OFFERS:
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
    OfferMethod.objects.bulk_create(_method_row(offer, terms, entry, salt) for entry in terms.methods)
    return offer


def _locked_for_edit(draft: OfferDraft) -> Offer:
    offer = Offer.objects.select_for_update().get(pk=draft.offer_id)
    if offer.paused_by_staff:
        raise PausedByStaff(offer)
    if offer.status == OfferStatus.CLOSED:
        raise OfferNotOpen(offer)
    return offer


def _method_row(offer: Offer, terms: OfferTerms, entry: Any, salt: str) -> OfferMethod:
    opening = {"details": dict(entry.details), "salt": method_salt(salt, entry.method)} if terms.side == Side.SELL else None
    return OfferMethod(
        offer=offer,
        method=entry.method,
        pay_seconds=entry.pay_seconds,
        release_seconds=entry.release_seconds,
        payee_commitment=payee_commitment(terms, entry, salt),
        payee_opening=opening,
    )


def _new_public_id() -> str:
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(8))


# --- rest and end ----------------------------------------------------------------------------


def pause(offer: Offer, *, reason: str = "", by_staff: bool = False) -> Offer:
    """Takes an open offer off the market; trades that run are not touched. Staff's pause also closes the maker's way back."""
    with transaction.atomic():
        kept = Offer.objects.select_for_update().select_related("asset").get(pk=offer.pk)
        if kept.status == OfferStatus.CLOSED:
            raise OfferNotOpen(kept)
        kept.status, kept.pause_reason = OfferStatus.PAUSED, reason[:200]
        kept.paused_by_staff = kept.paused_by_staff or by_staff
        kept.save(update_fields=["status", "pause_reason", "paused_by_staff", "updated_at"])
    hint_market(kept)
    return kept


def resume(offer: Offer, *, by_staff: bool = False) -> Offer:
    """Puts a paused offer back.

    Raises: Suspended, OfferNotOpen (closed or expired), PausedByStaff.
    """
    if not by_staff:
        active_trader(offer.maker)
    with transaction.atomic():
        kept = Offer.objects.select_for_update().select_related("asset").get(pk=offer.pk)
        if kept.paused_by_staff and not by_staff:
            raise PausedByStaff(kept)
        if kept.status == OfferStatus.CLOSED or kept.expires_at <= timezone.now():
            raise OfferNotOpen(kept)
        kept.status, kept.pause_reason, kept.paused_by_staff = OfferStatus.OPEN, "", False
        kept.save(update_fields=["status", "pause_reason", "paused_by_staff", "updated_at"])
    hint_market(kept)
    return kept


def close(offer: Offer) -> Offer:
    """Ends an offer for good; trades that run are not touched. Closing twice changes nothing."""
    Offer.objects.filter(pk=offer.pk).update(status=OfferStatus.CLOSED, updated_at=timezone.now())
    offer.refresh_from_db(fields=["status"])
    hint_market(offer)
    return offer


def hint_market(offer: Offer) -> None:
    """Tells the open list pages of this offer's market to look again."""
    hint(f"market:{offer.side}:{offer.asset.symbol}:{offer.currency}")


# --- stock -----------------------------------------------------------------------------------


def lock_stock(offer: Offer, base_units: int) -> None:
    """Sets `base_units` aside for a trade; one statement, so that two trades cannot lock the same coins.

    Raises: NotEnoughLeft.
    """
    left = F("stock_base_units") - F("locked_base_units") - F("sold_base_units")
    changed = (
        Offer.objects.annotate(left=left)
        .filter(pk=offer.pk, left__gte=base_units)
        .update(locked_base_units=F("locked_base_units") + base_units)
    )
    if not changed:
        offer.refresh_from_db()
        raise NotEnoughLeft(offer)


def return_stock(offer: Offer, base_units: int) -> None:
    """Gives back what a trade had locked, when its coins went back to the seller or it never began."""
    Offer.objects.filter(pk=offer.pk, locked_base_units__gte=base_units).update(
        locked_base_units=F("locked_base_units") - base_units
    )


def spend_stock(offer: Offer, base_units: int) -> None:
    """Turns what a trade had locked into sold."""
    Offer.objects.filter(pk=offer.pk, locked_base_units__gte=base_units).update(
        locked_base_units=F("locked_base_units") - base_units, sold_base_units=F("sold_base_units") + base_units
    )
