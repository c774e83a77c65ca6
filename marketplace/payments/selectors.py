"""Reads of kept payee accounts; only ever the owner's own."""

from __future__ import annotations

from django.db.models import QuerySet

from marketplace.accounts.models import User
from marketplace.payments.models import PaymentAccount


def accounts_of(owner: User, *, method: str | None = None) -> QuerySet[PaymentAccount]:
    """The owner's current accounts, last made first."""
    found = PaymentAccount.objects.filter(owner=owner, archived_at=None).order_by("-id")
    return found if method is None else found.filter(method=method)
