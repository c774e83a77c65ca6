"""Gives each request an id, binds what it is about to every line logged meanwhile, and logs those worth a line."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

# A page that takes longer is worth a line even when it went well.
SLOW_SECONDS = 1.0
_ID_BYTES = 6

log = structlog.get_logger(__name__)


class RequestLines:
    """First of the middleware, so that every line of a request has its id; the id goes back as X-Request-ID."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Made here, never taken from outside: a stranger's text has no place in our log.
        request_id = secrets.token_hex(_ID_BYTES)
        started = time.monotonic()
        # Threads are used again: whatever an earlier request left behind goes.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
            _tell(request, response, time.monotonic() - started)
        finally:
            structlog.contextvars.clear_contextvars()
        response.headers["X-Request-ID"] = request_id
        return response

    def process_view(
        self, request: HttpRequest, _view: Any, _args: Any, arguments: dict[str, Any]
    ) -> None:
        """Trades are known by their ref in addresses."""
        if "ref" in arguments:
            structlog.contextvars.bind_contextvars(trade=arguments["ref"])


def _tell(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """A line for what writes, what failed on our side and what was slow; reading that went well leaves none."""
    is_reading = request.method in {"GET", "HEAD", "OPTIONS"}
    if is_reading and response.status_code < 500 and seconds < SLOW_SECONDS:
        return
    found = request.resolver_match
    log.info(
        "request",
        method=request.method,
        # The pattern, not the path: that may hold what a person typed.
        route=found.route if found else "",
        status=response.status_code,
        ms=round(seconds * 1000),
    )
