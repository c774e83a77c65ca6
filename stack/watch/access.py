"""Who may read what is measured: whoever holds METRICS_TOKEN; on a devnet without a token, programs of this machine."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.http import HttpRequest

_LOOPBACK = {"127.0.0.1", "::1"}
# A proxy on this machine passes strangers on from a loopback address; it says so.
_PASSED_ON = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


def may_see_inside(request: HttpRequest) -> bool:
    """Whether this request may read figures and reasons; the token is compared in constant time."""
    if settings.METRICS_TOKEN:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        is_right = hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
        return scheme.lower() == "bearer" and is_right
    is_passed_on = any(name in request.META for name in _PASSED_ON)
    return settings.IS_DEVNET and not is_passed_on and request.META.get("REMOTE_ADDR") in _LOOPBACK
