"""The alarms at /ops/: operators read what was raised and when it ended; what to do stands in docs/runbook/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from stack.models import Alarm
from stack.watch.alarms import RULES

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Alarm]
else:
    _Admin = admin.ModelAdmin


@admin.register(Alarm)
class AlarmAdmin(_Admin):
    list_display = ("name", "is_urgent", "began_at", "ended_at", "detail", "means", "runbook")
    list_filter = ("name", ("ended_at", admin.EmptyFieldListFilter))
    ordering = ("-began_at",)

    @admin.display(boolean=True, description="urgent")
    def is_urgent(self, row: Alarm) -> bool:
        """Whether somebody should get up for it."""
        rule = RULES.get(row.name)
        return bool(rule and rule.is_urgent)

    def means(self, row: Alarm) -> str:
        """The rule's own sentence; a rule that is gone has none."""
        rule: Any = RULES.get(row.name)
        return rule.means if rule else ""

    def runbook(self, row: Alarm) -> str:
        """Which page says what to do."""
        rule = RULES.get(row.name)
        return f"docs/runbook/{rule.runbook}" if rule else ""
