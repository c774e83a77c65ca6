"""One Django app of slices; each slice keeps its own models, services, selectors, views and tasks."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig

# The slices with live topics; each has a `topics` module with `register()`.
LIVE = ("notifications", "offers", "trades", "disputes", "moderation")


class MarketplaceConfig(AppConfig):
    """Label `marketplace`; the user table lives in the nested app `accounts`."""

    name = "marketplace"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Registers each slice's topics, and says to the chat on which chain rooms are."""
        places = import_module("chat.places")
        places.register(import_module("marketplace.trades.places").place_now)
        for name in LIVE:
            if find_spec(f"marketplace.{name}.topics"):
                import_module(f"marketplace.{name}.topics").register()
