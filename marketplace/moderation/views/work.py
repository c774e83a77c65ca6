"""My work, the queue, and the next case."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from escrow.selectors import chain_clock
from marketplace.moderation.access import any_staff, arbitrator, is_arbitrator, staff_of
from marketplace.moderation.refusals import StaffRefused
from marketplace.moderation.selectors.queue import VIEWS, next_case, queue_rows
from marketplace.moderation.services.cases import claim_case
from marketplace.moderation.views.page import desk_page, refuse, views_bar


@any_staff
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """My work: the arbitrator's next due cases; others find the way to theirs."""
    staff = staff_of(request)
    if not is_arbitrator(staff):
        return desk_page(request, "desk/home.html", {"rows": []}, section="home")
    now = chain_clock()
    context = {
        **views_bar(request, ""),
        "rows": queue_rows(staff, "mine", now),
        "next": next_case(staff, now),
    }
    return desk_page(request, "desk/home.html", context, section="home")


@arbitrator
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """The open disputes of one view, by the contract's deadline."""
    view = request.GET.get("view", "all")
    names = dict(VIEWS)
    view = view if view in names else "all"
    rows = queue_rows(staff_of(request), view, chain_clock())
    context = {**views_bar(request, view), "rows": rows, "name": names[view]}
    template = "desk/_queue.html" if request.headers.get("HX-Request") else "desk/queue.html"
    return desk_page(request, template, context, section="queue")


@arbitrator
@require_POST
def take_next(request: HttpRequest) -> HttpResponse:
    """Take the free case whose deadline is nearest."""
    staff = staff_of(request)
    trade = next_case(staff, chain_clock())
    if trade is None:
        messages.info(request, "There is no free case now.")
        return redirect("desk:queue")
    try:
        claim_case(trade, by=staff)
    except StaffRefused as refusal:
        refuse(request, refusal)
        return redirect("desk:queue")
    return redirect("desk:case", ref=trade.ref)
