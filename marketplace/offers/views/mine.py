"""The maker's own offers: on and off, new version, end, copy."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from marketplace.accounts.access import Suspended, signed_in, viewer_of
from marketplace.accounts.models import User
from marketplace.offers import services
from marketplace.offers.access import OfferRefused, own_offer
from marketplace.offers.models import OfferStatus
from marketplace.offers.selectors import draft_of, offers_of


@signed_in
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """All offers of the viewer that have not ended, and his draft."""
    viewer = _viewer(request)
    rows = offers_of(viewer, viewer=viewer, open_only=False)
    context = {
        "rows": rows,
        "draft": draft_of(viewer, None),
        "open_count": sum(row.offer.status == OfferStatus.OPEN for row in rows),
    }
    return render(request, "marketplace/offers/mine.html", context)


@signed_in
@require_GET
def edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """To the first step of the offer's next version; most people change the price."""
    own_offer(public_id, _viewer(request))
    return redirect("offers:edit-step", public_id=public_id, step="price")


@signed_in
@require_POST
def pause(request: HttpRequest, public_id: str) -> HttpResponse:
    """Off the market."""
    offer = own_offer(public_id, _viewer(request))
    try:
        services.pause(offer)
        messages.success(request, "The offer rests. Trades that are open go on.")
    except OfferRefused as refused:
        messages.error(request, str(refused))
    return redirect("offers:mine")


@signed_in
@require_POST
def resume(request: HttpRequest, public_id: str) -> HttpResponse:
    """Back on the market."""
    offer = own_offer(public_id, _viewer(request))
    try:
        services.resume(offer)
        messages.success(request, "The offer is open again.")
    except (OfferRefused, Suspended) as refused:
        messages.error(request, str(refused))
    return redirect("offers:mine")


@signed_in
@require_POST
def close(request: HttpRequest, public_id: str) -> HttpResponse:
    """The end of the offer."""
    services.close(own_offer(public_id, _viewer(request)))
    messages.success(request, "The offer has ended. Trades that are open go on.")
    return redirect("offers:mine")


@signed_in
@require_POST
def duplicate(request: HttpRequest, public_id: str) -> HttpResponse:
    """A new draft with the same answers, at its review."""
    viewer = _viewer(request)
    services.create_draft(viewer, values=services.values_of(own_offer(public_id, viewer)))
    return redirect("offers:new-step", step="review")


def _viewer(request: HttpRequest) -> User:
    viewer = viewer_of(request)
    assert viewer is not None
    return viewer
