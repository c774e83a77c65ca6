"""What operators see of the hub's rows. Everything about money, people's words and the chain can be read and not changed.

Only a person's name and roles can be edited here, and parked rows be tried again; each change is in the audit log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest

from chat.models import Disclosure, Member, Room
from marketplace.accounts.access import ROLES
from marketplace.accounts.models import User
from marketplace.disputes.models import Case, Reading, Request
from marketplace.moderation.audit import record
from marketplace.moderation.models import AuditEntry, Note, Sanction
from marketplace.moderation.states import user_subject
from marketplace.notifications.models import Delivery
from marketplace.offers.models import Offer
from marketplace.outbox import try_again
from marketplace.reputation.models import Standing, TradeResult
from marketplace.trades.models import Trade, TradeEvent

# The classes take a type only while types are checked.
if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Model]
    _PersonForm = forms.ModelForm[User]
else:
    _ModelAdmin = admin.ModelAdmin
    _PersonForm = forms.ModelForm


class Rows(_ModelAdmin):
    """Rows to look at; `admin_site.OperatorsLook` refuses every change."""

    actions: Any = None
    list_per_page = 50
    show_full_result_count = False


class PersonForm(_PersonForm):
    """Name and roles; nothing else of a person is the operator's to change."""

    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(),
        required=False,
        label="Roles",
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = User
        fields = ("name", "groups")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("groups")
        if isinstance(field, forms.ModelMultipleChoiceField):
            field.queryset = Group.objects.filter(name__in=ROLES).order_by("name")


class PersonAdmin(Rows):
    """People: an offensive name can be taken away, roles given and taken, never one's own."""

    is_editable = True
    form: Any = PersonForm
    fields = (
        "address",
        "name",
        "groups",
        "suspended_until",
        "suspension_reason",
        "created_at",
        "last_seen_at",
    )
    readonly_fields = (
        "address",
        "suspended_until",
        "suspension_reason",
        "created_at",
        "last_seen_at",
    )
    list_display = ("address", "name", "suspended_until", "created_at")
    search_fields = ("address", "name")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Write the roles and their trace together."""
        actor = request.user
        if not isinstance(actor, User) or form.instance.pk == actor.pk:
            raise PermissionDenied
        before = sorted(form.instance.groups.values_list("name", flat=True))
        super().save_related(request, form, formsets, change)
        after = sorted(form.instance.groups.values_list("name", flat=True))
        details = {
            "changed": sorted(form.changed_data),
            "roles_before": before,
            "roles_after": after,
        }
        record(
            actor=actor,
            action="ops.person",
            subject=user_subject(form.instance.address),
            details=details,
        )


class TradeAdmin(Rows):
    """Trades without the parties' account details: those open only to the parties."""

    exclude = ("payer_opening", "payee_opening", "take_signature")
    list_display = (
        "ref",
        "status",
        "outcome",
        "asset",
        "amount_base_units",
        "currency",
        "fiat_amount",
        "created_at",
    )
    list_filter = ("status", "outcome", "currency")
    search_fields = ("ref", "trade_id")


class OfferAdmin(Rows):
    """Offers as signed."""

    exclude = ("signature", "signed_document")
    list_display = (
        "public_id",
        "maker",
        "side",
        "asset",
        "currency",
        "status",
        "paused_by_staff",
        "created_at",
    )
    list_filter = ("side", "status", "currency")
    search_fields = ("public_id", "maker__address")


class AuditEntryAdmin(Rows):
    list_display = ("number", "at", "actor", "action", "subject", "reason")
    list_filter = ("action",)
    search_fields = ("subject",)


class CaseAdmin(Rows):
    """Cases without the parties' words: those are read at the desk, where both see who read them."""

    list_display = ("number", "trade", "assignee", "waiting_for", "opened_at", "closed_at")


class OutgoingAdmin(Rows):
    """Rows of an outbox: the one thing an operator can do to them is to let parked ones be tried again."""

    actions: Any = ("try_again",)
    list_filter: ClassVar[Any] = (("parked_at", admin.EmptyFieldListFilter),)

    def has_try_again_permission(self, request: HttpRequest) -> bool:
        """Whoever may look may also say that the fault is mended."""
        return self.has_view_permission(request)

    @admin.action(description="Try the parked ones again", permissions=["try_again"])
    def try_again(self, request: HttpRequest, queryset: Any) -> None:
        """Put the chosen parked rows back into the outbox, with a trace of who did."""
        if not isinstance(request.user, User):
            raise PermissionDenied
        with transaction.atomic():
            chosen = list(queryset.filter(parked_at__isnull=False).values_list("pk", flat=True))
            count = try_again(queryset)
            if count:
                record(
                    actor=request.user,
                    action="ops.try_again",
                    subject=f"outbox:{queryset.model._meta.model_name}",
                    details={"rows": chosen},
                )
        self.message_user(request, f"{count} will be tried again within seconds.")


class TradeEventAdmin(OutgoingAdmin):
    list_display = (
        "trade",
        "seq",
        "cause",
        "old_status",
        "new_status",
        "delivered_at",
        "tries",
        "parked_at",
        "failure",
    )
    list_filter: ClassVar[Any] = (*OutgoingAdmin.list_filter, "cause")


class DeliveryAdmin(Rows):
    """Mails and browser notices on their way: that they wait and why, not to which address."""

    fields = (
        "notice",
        "tries",
        "due_at",
        "stale_at",
        "begun_at",
        "sent_at",
        "parked_at",
        "failure",
    )
    list_display = ("notice", "way", "tries", "due_at", "sent_at", "parked_at", "failure")
    list_filter: ClassVar[Any] = (
        ("sent_at", admin.EmptyFieldListFilter),
        ("parked_at", admin.EmptyFieldListFilter),
    )
    list_select_related: ClassVar[Any] = ("notice", "channel")

    @admin.display(description="way")
    def way(self, delivery: Delivery) -> str:
        """Mail or push."""
        return delivery.channel.way


admin.site.register(User, PersonAdmin)
admin.site.register(Delivery, DeliveryAdmin)
admin.site.register(Trade, TradeAdmin)
admin.site.register(TradeEvent, TradeEventAdmin)
admin.site.register(Offer, OfferAdmin)
admin.site.register(AuditEntry, AuditEntryAdmin)
admin.site.register(Case, CaseAdmin)
admin.site.register(
    [Room, Member, Disclosure, Reading, Request, Sanction, Note, Standing, TradeResult],
    Rows,
)
admin.site.unregister(Group)
