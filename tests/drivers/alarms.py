"""Looks for alarms as the schedule does, at a moment that the test chooses."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from stack.models import Alarm
from stack.watch import figures, looks


def look(*, in_seconds: int = 0) -> set[str]:
    """Look once, as if so many seconds had passed; the names of the alarms that are on."""
    looks.look(figures.read(timezone.now() + timedelta(seconds=in_seconds)))
    return set(Alarm.objects.filter(ended_at=None).values_list("name", flat=True))


def has_begun(name: str, *, in_seconds: int = 0) -> bool:
    """Whether this look finds the alarm on, with words for an operator; it must not have been before."""
    assert not Alarm.objects.filter(name=name, ended_at=None).exists(), f"{name} was on already"
    if name not in look(in_seconds=in_seconds):
        return False
    return bool(Alarm.objects.get(name=name, ended_at=None).detail)


def has_ended(name: str) -> bool:
    """Whether this look finds the alarm gone; it must have been on before, and its row keeps both times."""
    row = Alarm.objects.get(name=name, ended_at=None)
    look()
    row.refresh_from_db()
    return row.ended_at is not None
