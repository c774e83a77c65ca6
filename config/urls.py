"""Every address of the site; each slice keeps its own."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

SLICES = [
    "marketplace.pages.urls",
    "marketplace.accounts.urls",
    "marketplace.notifications.urls",
    "marketplace.offers.urls",
    "marketplace.trades.urls",
    "marketplace.disputes.urls",
    "marketplace.moderation.urls",
    "chat.urls",
    "stack.urls",
]
if settings.IS_DEVNET:
    SLICES.append("practice.urls")


urlpatterns = [path("ops/", admin.site.urls)]
urlpatterns += [path("", include(name)) for name in SLICES]
