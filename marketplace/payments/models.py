"""Accounts people keep to be paid into; which fields they have is the catalogue's word, not the table's."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class PaymentAccount(models.Model):
    """One payee account of one person under one catalogue method. Never shown before a trade is locked."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="payment_accounts"
    )
    method = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    details = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["owner", "method"], name="payment_account_owner")]

    def __str__(self) -> str:
        return self.label
