"""The desk's live topics: `desk:queue` and `case:<ref>`; both carry hints only, for arbitrators."""

from __future__ import annotations

from typing import Any

from django.http import Http404

from marketplace.accounts.access import has_role
from marketplace.disputes.access import disputed_trade_for
from realtime import topics


def register() -> None:
    """Called once when the site starts."""
    topics.register("desk", authorise=_may_see_queue)
    topics.register("case", authorise=_may_see_case)


def _may_see_queue(user: Any, key: str) -> bool:
    return key == "queue" and has_role(user, "arbitrator")


def _may_see_case(user: Any, key: str) -> bool:
    try:
        disputed_trade_for(user, key)
    except Http404:
        return False
    return True
