"""A person's page: the numbers that exist, and the offers that are open."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from marketplace.accounts.access import viewer_of
from marketplace.accounts.selectors import user_by_address
from marketplace.offers.selectors import minutes_text, offers_of
from marketplace.reputation.selectors import record_for, together


@require_GET
def page(request: HttpRequest, address: str) -> HttpResponse:
    """The record and open offers of one address; the address in its checksummed form is the page's one URL."""
    person = user_by_address(address)
    if person is None:
        raise Http404
    if address != person.address:
        return redirect("offers:profile", address=person.address)
    viewer = viewer_of(request)
    record = record_for(person)
    context = {
        "person": person,
        "record": record,
        "release_text": minutes_text(record.median_release_seconds),
        "pay_text": minutes_text(record.median_pay_seconds),
        "is_self": viewer is not None and viewer.pk == person.pk,
        "together": together(viewer, person) if viewer and viewer.pk != person.pk else 0,
        "rows": offers_of(person, viewer=viewer, open_only=True),
    }
    return render(request, "marketplace/offers/profile.html", context)
