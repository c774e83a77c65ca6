"""Read-only tables for operators at /ops/. The chain's facts are looked at there, never edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from escrow.models import (
    Asset,
    AuditFinding,
    Chain,
    ChainEvent,
    Escrow,
    Relayer,
    RelayTransaction,
    Reorg,
    SignedCall,
    Submission,
)

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = admin.ModelAdmin


class ReadOnlyAdmin(_Admin):
    """Shows rows; adds, changes and deletes none."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Chain)
class ChainAdmin(ReadOnlyAdmin):
    list_display = ("name", "chain_id", "head_number", "scanned_block", "problem", "halt_reason")


@admin.register(Asset)
class AssetAdmin(ReadOnlyAdmin):
    list_display = ("symbol", "chain", "token", "decimals", "is_active")


@admin.register(Reorg)
class ReorgAdmin(ReadOnlyAdmin):
    list_display = ("found_at", "depth", "head_number", "common_block", "lost_events")


@admin.register(ChainEvent)
class ChainEventAdmin(ReadOnlyAdmin):
    list_display = (
        "name",
        "block_number",
        "trade_id",
        "canonical",
        "confirmed",
        "applied_at",
        "set_aside_reason",
    )
    list_filter = ("name", "canonical", "confirmed")
    search_fields = ("trade_id", "tx_hash")


@admin.register(Escrow)
class EscrowAdmin(ReadOnlyAdmin):
    list_display = ("trade_id", "status", "outcome", "seller", "buyer", "amount", "token", "pay_by")
    list_filter = ("status", "outcome")
    search_fields = ("trade_id", "seller", "buyer")


@admin.register(AuditFinding)
class AuditFindingAdmin(ReadOnlyAdmin):
    list_display = ("trade_id", "field", "row_value", "true_value", "source", "found_at", "gone_at")
    list_filter = ("source", "field", ("gone_at", admin.EmptyFieldListFilter))
    search_fields = ("trade_id",)


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    list_display = ("move", "trade_id", "account", "status", "reason", "created_at")
    list_filter = ("status", "move")
    search_fields = ("trade_id", "tx_hash", "account")


@admin.register(SignedCall)
class SignedCallAdmin(ReadOnlyAdmin):
    list_display = ("move", "trade_id", "signer", "status", "reason", "created_at")
    list_filter = ("status", "move")
    search_fields = ("trade_id", "signer", "tx_hash")


@admin.register(Relayer)
class RelayerAdmin(ReadOnlyAdmin):
    list_display = ("address", "balance_wei", "is_ok", "reason", "checked_at")


@admin.register(RelayTransaction)
class RelayTransactionAdmin(ReadOnlyAdmin):
    list_display = ("nonce", "move", "trade_id", "status", "succeeded", "tx_hash", "created_at")
    list_filter = ("status", "move")
    search_fields = ("trade_id", "tx_hash")
