"""The inbox."""

from __future__ import annotations

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from marketplace.accounts.access import signed_in, viewer_of
from marketplace.notifications import services
from marketplace.notifications.selectors import notices_of

PAGE_SIZE = 30


@signed_in
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """The person's notices, newest first, neighbours about one page together."""
    viewer = viewer_of(request)
    assert viewer is not None
    before = request.GET.get("before", "")
    cursor = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    found = list(notices_of(viewer, before=cursor, limit=PAGE_SIZE + 1))
    shown = found[:PAGE_SIZE]
    context = {
        "groups": [list(group) for _, group in groupby(shown, key=lambda notice: notice.url)],
        "has_unread": any(notice.read_at is None for notice in shown),
        "before": shown[-1].pk if len(found) > PAGE_SIZE else None,
    }
    return render(request, "marketplace/notifications/inbox.html", context)


@signed_in
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Marks all notices read."""
    viewer = viewer_of(request)
    assert viewer is not None
    services.mark_read(viewer)
    return redirect("notifications:inbox")
