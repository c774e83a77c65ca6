"""The practice app refuses to start off a devnet, so that none of it can ever be served elsewhere."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class PracticeConfig(AppConfig):
    name = "practice"

    def ready(self) -> None:
        if not settings.IS_DEVNET:
            raise ImproperlyConfigured(
                "practice belongs to a devnet: remove it from INSTALLED_APPS."
            )
