"""The operators' back office under /ops/: stock Django admin behind the wallet session."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class OpsConfig(AdminConfig):
    default_site = "marketplace.admin_site.OpsSite"
