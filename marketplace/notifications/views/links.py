"""What the links of a mail lead to. No session is asked for: the signed word in the link is the right to do this one thing.

Mail programs open links by themselves, so a GET only shows the button.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from marketplace.notifications import channels
from marketplace.notifications.mail import channel_to_stop


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def arrived(request: HttpRequest, token: str) -> HttpResponse:
    """A test arrived: its channel is confirmed. The service worker posts here too."""
    if request.method == "POST":
        stage = "done" if channels.confirm(token) else "over"
    else:
        stage = "ask" if channels.is_open_proof(token) else "over"
    return _page(request, "arrived", stage)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """No more mails to this address (RFC 8058 posts here without a browser)."""
    channel = channel_to_stop(token)
    if channel is not None and request.method == "POST":
        channels.stop(channel)
        return _page(request, "stop", "done")
    return _page(request, "stop", "over" if channel is None else "ask")


def _page(request: HttpRequest, what: str, stage: str) -> HttpResponse:
    status = 404 if stage == "over" else 200
    context = {"is_asked": stage == "ask", "is_done": stage == "done"}
    return render(request, f"marketplace/notifications/{what}.html", context, status=status)
