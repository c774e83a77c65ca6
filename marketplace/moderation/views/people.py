"""People and their offers as moderators see them, and the acts on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from marketplace.accounts.models import User
from marketplace.moderation.access import moderator, offer_for_moderator, reader_of_people, staff_of
from marketplace.moderation.forms import NoteForm, ReasonForm, SuspendForm
from marketplace.moderation.refusals import StaffRefused
from marketplace.moderation.selectors.people import people_found, person_for
from marketplace.moderation.services.people import (
    add_note,
    free_offer,
    lift_suspension,
    pause_offer,
    suspend_user,
)
from marketplace.moderation.states import user_subject
from marketplace.moderation.views.page import UNPROCESSABLE, desk_page, refuse
from marketplace.reputation.selectors import record_for

SEARCH_LENGTH = 42


@reader_of_people
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Find somebody by address or name; without a search, who is suspended."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:SEARCH_LENGTH]
    return desk_page(
        request, "desk/people.html", {"text": text, "people": people_found(text)}, section="people"
    )


@reader_of_people
@require_GET
def person(request: HttpRequest, address: str) -> HttpResponse:
    """The risk view of one address."""
    return _person_page(request, address)


@moderator
@require_POST
def suspend(request: HttpRequest, address: str) -> HttpResponse:
    """Close new offers and trades to the person, with reason and end."""
    form = SuspendForm(request.POST)
    return _act(request, address, form, lambda user, by: _suspend(user, by, form))


@moderator
@require_POST
def lift(request: HttpRequest, address: str) -> HttpResponse:
    """End a suspension."""
    form = ReasonForm(request.POST)
    return _act(
        request,
        address,
        form,
        lambda user, by: lift_suspension(user, by=by, reason=form.cleaned_data["reason"]),
    )


@reader_of_people
@require_POST
def note(request: HttpRequest, address: str) -> HttpResponse:
    """Leave a note about the person."""
    form = NoteForm(request.POST)
    return _act(
        request,
        address,
        form,
        lambda user, by: add_note(
            subject=user_subject(user.address), by=by, text=form.cleaned_data["text"]
        ),
    )


@moderator
@require_POST
def pause(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take an offer off the market."""
    return _offer_act(
        request, public_id, pause_offer, "The offer is paused; its open trades go on."
    )


@moderator
@require_POST
def free(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give an offer back to its maker."""
    return _offer_act(request, public_id, free_offer, "The maker can resume the offer again.")


def _suspend(user: User, by: User, form: SuspendForm) -> object:
    values = form.cleaned_data
    return suspend_user(
        user, by=by, until=form.until(), reason=values["reason"], appeal=values["appeal"]
    )


def _act(
    request: HttpRequest, address: str, form: forms.Form, act: Callable[[User, User], object]
) -> HttpResponse:
    found = person_for(staff_of(request), address)
    if not form.is_valid():
        return _person_page(request, address, bad_form=form, status=UNPROCESSABLE)
    try:
        act(found.user, staff_of(request))
    except StaffRefused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return _person_page(request, address, bad_form=form, status=UNPROCESSABLE)
    return redirect("desk:user", address=found.user.address)


def _offer_act(request: HttpRequest, public_id: str, act: Any, done: str) -> HttpResponse:
    offer = offer_for_moderator(public_id)
    try:
        act(offer, by=staff_of(request), reason=request.POST.get("reason", "")[:500])
    except StaffRefused as refusal:
        refuse(request, refusal)
    else:
        messages.success(request, done)
    return redirect("desk:user", address=offer.maker.address)


def _person_page(
    request: HttpRequest, address: str, *, bad_form: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    found = person_for(staff_of(request), address)
    context = {
        "person": found,
        "record": record_for(found.user),
        "suspend_form": bad_form if isinstance(bad_form, SuspendForm) else SuspendForm(),
        "lift_form": bad_form if isinstance(bad_form, ReasonForm) else ReasonForm(),
        "note_form": bad_form if isinstance(bad_form, NoteForm) else NoteForm(),
    }
    return desk_page(request, "desk/person.html", context, section="people", status=status)
