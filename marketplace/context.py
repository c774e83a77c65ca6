"""What every page is rendered with: who looks, on which network, what is unread."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from escrow.chain.deployments import recorded_deployment
from marketplace.accounts.access import has_role, viewer_of

THEMES = ("light", "dark")


def page(request: HttpRequest) -> dict[str, Any]:
    """Context of every template. Values that cost a query are callables, asked once and only when shown."""
    viewer = viewer_of(request) if hasattr(request, "user") else None
    theme = request.COOKIES.get("theme", "")
    return {
        "viewer": viewer,
        "network": recorded_deployment(settings.CHAIN_ID),
        "is_devnet": settings.IS_DEVNET,
        # A wallet that adds the devnet needs a node to talk to; elsewhere it has its own.
        "rpc_url": settings.CHAIN_RPC_URL.partition(",")[0].strip() if settings.IS_DEVNET else "",
        "theme": theme if theme in THEMES else "",
        "unread": cache(lambda: _unread(viewer)),
        "has_desk": cache(lambda: has_role(viewer, "arbitrator") or has_role(viewer, "moderator")),
        "has_ops": cache(lambda: has_role(viewer, "operator")),
        "chain_now": cache(_chain_now),
    }


def _unread(viewer: Any) -> int:
    from marketplace.notifications.selectors import unread_count

    return unread_count(viewer) if viewer else 0


def _chain_now() -> int:
    from escrow.selectors import chain_clock

    return chain_clock()
