"""The site, and a page that shows nothing but a room."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import engines
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


def regions(request: HttpRequest) -> HttpResponse:
    """Three parts that keep themselves in step, each in one of the ways a page may ask for it."""
    counter = {"shown": str(regions_drawn)}
    return HttpResponse(engines["django"].from_string(_REGIONS).render(counter, request))


regions_drawn = 0
_REGIONS = """{% extends "base.html" %}{% load parley %}{% block main %}
<app-socket topic="boat:a" region="/only-regions/" target="#named"></app-socket>
<p id="named">{{ shown }}</p>
<div id="own" data-topic="boat:b"><p>{{ shown }}</p><input id="typed"></div>
<div data-topic="boat:c" id="asking" hx-get="/only-regions/" hx-select="#asking p" hx-trigger="look-again" hx-swap="innerMorph" {% hx %}><p>{{ shown }}</p></div>
{% endblock %}"""

urlpatterns = [
    *site,
    path("only-a-room/<slug:key>/", room),
    path("only-regions/", regions),
]
