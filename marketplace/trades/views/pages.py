"""Pages one reads: the list, the room, its parts. None of them writes."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from chat.selectors import room_for
from escrow.selectors import chain_clock, chain_health
from marketplace.accounts.access import signed_in, viewer_of
from marketplace.accounts.models import User
from marketplace.trades.access import role_of, trade_for
from marketplace.trades.calendar import calendar_file
from marketplace.trades.furnish import room_of
from marketplace.trades.rows import EMPTY, TABS, rows_of, tab_links
from marketplace.trades.selectors import trade_sheet

MARKET_URL = "/market/buy/USDC/EUR/"


@require_GET
@signed_in
@never_cache
def trades(request: HttpRequest) -> HttpResponse:
    """One's trades in four tabs, newest first, 25 at a time."""
    viewer = _viewer(request)
    tab = request.GET.get("tab", "turn")
    if tab not in TABS:
        raise Http404
    now = chain_clock()
    rows, more = rows_of(viewer, tab, before=_number(request.GET.get("before", "")), now=now)
    title, text = EMPTY[tab]
    empty = {"title": title, "text": text, "href": MARKET_URL, "action": "See the market"}
    context = {
        "tabs": tab_links(viewer, tab, now),
        "rows": rows,
        "more": more,
        "empty": empty,
        "health": chain_health(),
    }
    return render(request, "marketplace/trades/list.html", context)


@require_GET
@signed_in
@never_cache
def room(request: HttpRequest, ref: str) -> HttpResponse:
    """The room of one trade, for its two parties."""
    return render(request, "marketplace/trades/room.html", _context(request, ref))


@require_GET
@signed_in
@never_cache
def region(request: HttpRequest, ref: str) -> HttpResponse:
    """The room's card alone, for a page that was told to look again."""
    return render(request, "marketplace/trades/_region.html", _context(request, ref))


@require_GET
@signed_in
@never_cache
def chat(request: HttpRequest, ref: str) -> HttpResponse:
    """The chat alone, for phones, with the decision on top."""
    context = _context(request, ref)
    # The chat's own template calls its room `room`.
    context = {**context, "shown": context["room"], "room": context["chat_room"]}
    return render(request, "marketplace/trades/chat.html", context)


@require_GET
@signed_in
@never_cache
def sheet(request: HttpRequest, ref: str) -> JsonResponse:
    """The sheet the page signs from."""
    viewer = _viewer(request)
    trade = trade_for(viewer, ref)
    return JsonResponse(trade_sheet(trade, viewer, role_of(viewer, trade) or ""))


@require_GET
@signed_in
@never_cache
def deadlines(request: HttpRequest, ref: str) -> HttpResponse:
    """The trade's times as a calendar file."""
    viewer = _viewer(request)
    trade = trade_for(viewer, ref)
    role = role_of(viewer, trade)
    if role is None:
        raise Http404
    response = HttpResponse(
        calendar_file(trade, role, now=timezone.now()), content_type="text/calendar; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="parley-{trade.ref}.ics"'
    return response


def _context(request: HttpRequest, ref: str) -> dict[str, Any]:
    viewer = _viewer(request)
    shown = room_of(trade_for(viewer, ref), viewer)
    return {
        "room": shown,
        "trade": shown.trade,
        "chat_room": room_for(viewer, shown.trade.room_key),
        "peer": shown.peer,
        "quick_replies": shown.quick_replies,
    }


def _viewer(request: HttpRequest) -> User:
    viewer = viewer_of(request)
    if viewer is None:
        raise Http404
    return viewer


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
