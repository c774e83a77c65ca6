"""What browsers report: a broken content policy, or a page that refused because something did not match."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from marketplace.answers import BadRequest, json_body, refusal, text_of

MAX_REPORT = 4096

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def policy(request: HttpRequest) -> HttpResponse:
    """A browser blocked something. It sends no token and no cookie that counts; the text goes to the log, cut short."""
    log.warning("content policy: %s", request.read(MAX_REPORT).decode("utf-8", "replace"))
    return HttpResponse(status=204)


@require_POST
def mismatch(request: HttpRequest) -> JsonResponse:
    """A page found that a trade does not match what was signed, and showed nothing. Somebody must look."""
    try:
        body = json_body(request)
        what, ref = text_of(body, "what", longest=40), text_of(body, "ref", longest=20)
    except BadRequest as error:
        return refusal(error)
    log.error("a page refused: trade %s, %s, viewer %s", ref, what, request.user.pk)
    return JsonResponse({"noted": True}, status=202)
