"""One Django app of slices; each slice keeps its own models, services, selectors, views and tasks."""

from __future__ import annotations

from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    """Label `marketplace`; the user table lives in the nested app `accounts`."""

    name = "marketplace"
    default_auto_field = "django.db.models.BigAutoField"
