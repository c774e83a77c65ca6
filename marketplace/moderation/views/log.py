"""The audit log and its proof."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from marketplace.moderation.access import reader_of_audit
from marketplace.moderation.audit import verify_chain
from marketplace.moderation.selectors.log import entries_page
from marketplace.moderation.views.page import desk_page

_HEAD = re.compile(r"[0-9a-f]{64}\Z")


@reader_of_audit
@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    """The log, newest first, filtered by subject or action; the whole chain is checked on each view."""
    known = request.GET.get("head", "").strip().lower()
    context = {
        "page": entries_page(
            subject=request.GET.get("subject", ""),
            action=request.GET.get("action", ""),
            before=request.GET.get("before", ""),
        ),
        "check": verify_chain(known_head=known if _HEAD.match(known) else ""),
        "known_head": known,
    }
    return desk_page(request, "desk/audit.html", context, section="audit")
