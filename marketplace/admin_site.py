"""The operators' back office under /ops/: the wallet session and the role `operator` are the only way in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from marketplace.accounts.access import has_role


class OperatorsLook:
    """Put in front of every registered admin: an operator sees all rows, and changes only what says `is_editable`.

    Django's permission rows and `is_superuser` count for nothing here: bulk actions, inlines and forged posts ask the
    same four questions.
    """

    def has_module_permission(self, request: HttpRequest) -> bool:
        return has_role(request.user, "operator")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_role(request.user, "operator")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_editable = getattr(self, "is_editable", False)
        return is_editable and has_role(request.user, "operator") and obj != request.user

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OpsSite(AdminSite):
    """Stock Django admin without passwords: it trusts the sign-in that the whole site uses."""

    site_header = "Parley operations"
    site_title = "Parley operations"
    index_title = "What the hub keeps"
    site_url = "/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the viewer is an operator; `is_staff` and `is_superuser` open nothing."""
        return has_role(request.user, "operator")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As Django's, with `OperatorsLook` in front."""
        chosen = admin_class or ModelAdmin
        super().register(
            model_or_iterable, type(chosen.__name__, (OperatorsLook, chosen), {}), **options
        )

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is no password to ask for: the way in is the wallet."""
        back = request.GET.get("next", "/ops/")
        safe = back if back.startswith("/ops/") else "/ops/"
        if request.user.is_authenticated:
            return HttpResponseRedirect("/")
        return HttpResponseRedirect("/connect/?" + urlencode({"next": safe}))

    def get_urls(self) -> list[Any]:
        """Django's without those about passwords, which do not exist."""
        return [
            route
            for route in super().get_urls()
            if not (getattr(route, "name", None) or "").startswith("password_")
        ]
