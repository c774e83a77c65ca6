"""What every page of the desk needs: its bar, its views, and how a refused act is shown."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from escrow.selectors import chain_clock
from marketplace.moderation.access import is_arbitrator, is_moderator, reads_audit, staff_of
from marketplace.moderation.selectors.queue import view_counts

UNPROCESSABLE = 422


def desk_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, section: str, status: int = 200
) -> HttpResponse:
    """A page of the desk with its bar; `section` is the current entry of the bar."""
    staff = staff_of(request)
    common = {
        "staff": staff,
        "section": section,
        "is_arbitrator": is_arbitrator(staff),
        "is_moderator": is_moderator(staff),
        "reads_audit": reads_audit(staff),
    }
    return render(request, template, {**common, **context}, status=status)


def views_bar(request: HttpRequest, current: str) -> dict[str, Any]:
    """The list of saved views with their counts."""
    now = chain_clock()
    return {"views": view_counts(staff_of(request), now), "current_view": current, "now": now}


def refuse(request: HttpRequest, refusal: Exception) -> None:
    """Show why an act was refused on the next page."""
    messages.error(request, str(refusal))
