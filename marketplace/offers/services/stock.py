"""The stock that trades lock, return and spend; each change is one statement."""

from __future__ import annotations

from django.db.models import F

from marketplace.offers.models import Offer
from marketplace.offers.services.refusals import NotEnoughLeft


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
        locked_base_units=F("locked_base_units") - base_units,
        sold_base_units=F("sold_base_units") + base_units,
    )


def unspend_stock(offer: Offer, base_units: int) -> None:
    """Turns sold back into locked, when the chain undid the closing that had sold it."""
    Offer.objects.filter(pk=offer.pk, sold_base_units__gte=base_units).update(
        locked_base_units=F("locked_base_units") + base_units,
        sold_base_units=F("sold_base_units") - base_units,
    )
