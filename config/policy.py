"""Headers that every page carries: the content security policy and no caching of private pages."""

from __future__ import annotations

from collections.abc import Callable

from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control

PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=()"


class ContentSecurityPolicy(CSPMiddleware):
    """The strict policy; the stock admin's jQuery cannot live under Trusted Types, so /ops/ leaves those out."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path.startswith("/ops/"):
            # None takes a directive out.
            parts.replace = {
                **(parts.replace or {}),
                "require-trusted-types-for": None,
                "trusted-types": None,
            }
        return parts


class PrivatePages:
    """A page that knew who was asking is never kept by a cache (back button and shared proxies included)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        session = getattr(request, "session", None)
        if session is not None and session.accessed and not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        return response
