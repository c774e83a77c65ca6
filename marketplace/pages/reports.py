"""What browsers report of the content policy."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

MAX_REPORT = 4096

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def policy(request: HttpRequest) -> HttpResponse:
    """A browser blocked something. It sends no token and no cookie that counts; the text goes to the log, cut short."""
    log.warning("content policy: %s", request.read(MAX_REPORT).decode("utf-8", "replace"))
    return HttpResponse(status=204)
