"""Writes of kept payee accounts."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.payments.catalogue import account_label, clean_details
from marketplace.payments.models import PaymentAccount


def keep_account(owner: User, *, method: str, data: Mapping[str, object]) -> PaymentAccount:
    """The owner's account with these details; the same details twice are one account.

    Raises: UnknownMethod, DetailsRefused.
    """
    details = clean_details(method, "payee", data)
    found, _ = PaymentAccount.objects.get_or_create(
        owner=owner,
        method=method,
        details=details,
        archived_at=None,
        defaults={"label": account_label(method, details)[:80]},
    )
    return found


def archive_account(owner: User, *, account_id: int) -> bool:
    """Takes an account off the owner's list; trades keep the copy they committed to. False when it was not there."""
    return bool(
        PaymentAccount.objects.filter(owner=owner, pk=account_id, archived_at=None).update(
            archived_at=timezone.now()
        )
    )
