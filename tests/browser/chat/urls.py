"""The site, and a page that shows nothing but a room."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from chat.selectors import members_of, room_for
from config.urls import urlpatterns as site

QUICK_REPLIES = ["It is on its way", "I need more time"]


def room(request: HttpRequest, key: str) -> HttpResponse:
    """The phone's full screen of a room."""
    found = room_for(request.user, key)
    peer = next(member.user for member in members_of(found) if member.user_id != request.user.pk)
    assert isinstance(peer, get_user_model())
    context = {"room": found, "peer": peer, "quick_replies": QUICK_REPLIES}
    return render(request, "chat/room.html", context)


urlpatterns = [*site, path("only-a-room/<slug:key>/", room)]
