"""Rest and end of offers; trades that run are never touched."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from marketplace.accounts.access import active_trader
from marketplace.offers.access import OfferNotOpen
from marketplace.offers.models import Offer, OfferStatus
from marketplace.offers.services.refusals import PausedByStaff
from realtime.hints import hint


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
