"""The page on which a person says how we may reach him."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from marketplace.accounts.access import signed_in, viewer_of
from marketplace.accounts.models import User
from marketplace.answers import BadRequest, json_body, object_of, refusal, text_of
from marketplace.notifications import channels, push
from marketplace.notifications.browsers import browser_name
from marketplace.notifications.channels import BadAddress, NotSetUp, TooManyChannels
from marketplace.notifications.models import ENDPOINT_LENGTH, Channel
from marketplace.notifications.push import BadSubscription
from marketplace.notifications.rows import rows_of
from marketplace.notifications.selectors import is_reachable, ways_set_up
from marketplace.notifications.states import Way
from realtime.allowance import TooFast

PAGE = "notifications:channels"
REFUSALS = (BadAddress, NotSetUp, TooManyChannels, TooFast)


class SignedOut(Exception):
    """A step without a session."""

    code = "signed_out"

    def __init__(self) -> None:
        super().__init__("You are signed out. Sign in again; nothing was changed.")


@signed_in
@require_GET
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Mail, browsers, and what goes out."""
    return render(request, "marketplace/notifications/channels.html", _context(request))


@signed_in
@require_GET
@never_cache
def region(request: HttpRequest) -> HttpResponse:
    """The lists alone, for a page that was told to look again."""
    return render(request, "marketplace/notifications/_channels.html", _context(request))


@signed_in
@require_POST
def add_mail(request: HttpRequest) -> HttpResponse:
    """A mail address; a mail asks there to confirm it."""
    address = request.POST.get("address", "")
    try:
        channels.add_mail(_viewer(request), address)
    except REFUSALS as refused:
        context = {**_context(request), "address": address, "error": str(refused)}
        return render(request, "marketplace/notifications/channels.html", context, status=400)
    messages.success(request, "A mail is on its way. Open it and press its button.")
    return redirect(PAGE)


@require_POST
def add_push(request: HttpRequest) -> JsonResponse:
    """The subscription of this browser; a test goes to it."""
    viewer = viewer_of(request)
    if viewer is None:
        return refusal(SignedOut(), status=401)
    try:
        body = json_body(request)
        keys = object_of(body, "keys")
        channels.add_push(
            viewer,
            endpoint=text_of(body, "endpoint", longest=ENDPOINT_LENGTH),
            p256dh=text_of(keys, "p256dh"),
            auth=text_of(keys, "auth"),
            label=browser_name(request.headers.get("User-Agent", "")),
        )
    except (BadRequest, BadSubscription, *REFUSALS) as refused:
        return refusal(refused)
    return JsonResponse({"text": "A test is on its way. Click the notice when it shows."})


@signed_in
@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Another test through a channel of one's own."""
    try:
        channels.send_test(_own(request, pk))
    except REFUSALS as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "A test is on its way.")
    return redirect(PAGE)


@signed_in
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a channel of one's own."""
    channels.remove(_own(request, pk))
    messages.success(request, "Removed. Nothing goes there any more.")
    return redirect(PAGE)


def _context(request: HttpRequest) -> dict[str, Any]:
    viewer = _viewer(request)
    ways = ways_set_up()
    return {
        "mails": rows_of(viewer, Way.MAIL),
        "browsers": rows_of(viewer, Way.PUSH),
        "has_mail": Way.MAIL in ways,
        "mail_folder": settings.MAIL_FOLDER if settings.MAIL_WAY == "file" else "",
        "has_push": Way.PUSH in ways,
        "push_key": push.public_key() if Way.PUSH in ways else "",
        "is_reachable": is_reachable(viewer),
    }


def _own(request: HttpRequest, pk: int) -> Channel:
    channel = Channel.objects.filter(pk=pk, user=_viewer(request)).first()
    if channel is None:
        raise Http404
    return channel


def _viewer(request: HttpRequest) -> User:
    viewer = viewer_of(request)
    if viewer is None:
        raise Http404
    return viewer
