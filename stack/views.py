"""Addresses for whoever looks after the hub: load balancers, supervisors, Prometheus; and /status/ for everybody."""

from __future__ import annotations

from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from stack import health
from stack.watch import metrics
from stack.watch.access import may_see_inside
from stack.watch.status import Status, status_of_now

DATABASE_AWAY = (
    "Parley's database does not answer just now, so no page can be shown. Coins in escrow are in the contract and do not "
    "depend on this site; a trade can be finished from a wallet alone. Load this page again in a minute.\n"
)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when every part of the hub works, else 503; the text names each part."""
    return _parts(request, health.look())


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when this web process can serve people, else 503."""
    return _parts(request, health.ready())


@never_cache
@require_safe
def measured(request: HttpRequest) -> HttpResponse:
    """The figures for Prometheus; to strangers there is no such address."""
    if not may_see_inside(request):
        raise Http404
    try:
        return HttpResponse(metrics.text(), content_type=CONTENT_TYPE_LATEST)
    except DatabaseError:
        return _plain("The database does not answer.\n", 503)


@never_cache
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """What works now and what is safe when something does not. It needs the database alone."""
    try:
        found = status_of_now()
    except DatabaseError:
        return _plain(DATABASE_AWAY, 503)
    return _page(request, found)


def _page(request: HttpRequest, found: Status) -> HttpResponse:
    return render(request, "stack/status.html", {"status": found})


def _parts(request: HttpRequest, parts: list[health.Part]) -> HttpResponse:
    is_inside = may_see_inside(request)
    lines = [f"{part.name}: {_words(part, is_inside=is_inside)}" for part in parts]
    return _plain("\n".join(lines) + "\n", 200 if all(part.is_ok for part in parts) else 503)


def _words(part: health.Part, *, is_inside: bool) -> str:
    if part.is_ok:
        return "ok"
    return part.reason if is_inside else health.NOT_WELL


def _plain(text: str, code: int) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8", status=code)
