"""/healthz: one line per part, for the supervisor, a load balancer or a person."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from stack import health


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when every part works, else 503; the text names each part."""
    parts = health.look()
    lines = [f"{part.name}: {'ok' if part.is_ok else part.reason}" for part in parts]
    return HttpResponse(
        "\n".join(lines) + "\n",
        content_type="text/plain; charset=utf-8",
        status=200 if all(part.is_ok for part in parts) else 503,
    )
