"""The two files that a browser wants at the root of a site: the service worker and the manifest."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from marketplace.templatetags.parley import built


@require_GET
def script(request: HttpRequest) -> HttpResponse:
    """The service worker. From the root it may speak for the whole site; it is asked for anew each time."""
    path = built("sw.js").removeprefix(settings.STATIC_URL)
    source = (Path(settings.STATICFILES_DIRS[0]) / path).read_bytes()
    response = HttpResponse(source, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@require_GET
def manifest(request: HttpRequest) -> JsonResponse:
    """What a Home Screen needs: only from there iPhones show notices of a page."""
    icon = {"src": built("mark.svg"), "sizes": "any", "type": "image/svg+xml"}
    response = JsonResponse(
        {
            "name": "Parley",
            "short_name": "Parley",
            "start_url": "/trades/",
            "scope": "/",
            "display": "standalone",
            "icons": [icon],
        },
        content_type="application/manifest+json",
    )
    response["Cache-Control"] = "no-cache"
    return response
