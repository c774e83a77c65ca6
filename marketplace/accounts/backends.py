"""The one authentication backend: it knows people by their session, and no password exists to check."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from marketplace.accounts.models import User

PATH = "marketplace.accounts.backends.WalletBackend"


class WalletBackend(ModelBackend):
    """Signing in happens in `services.sign_in`; permissions are the groups'."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:  # type: ignore[override]
        """Never: there is nothing a form could send."""
        return None
