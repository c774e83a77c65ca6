"""Alarms that were raised, with their begin and their end. The list of alarms itself is code: `stack.watch.alarms`."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Alarm(models.Model):
    """One time that something was wrong, from the look that found it to the look that found it well again."""

    name = models.CharField(max_length=30)
    detail = models.CharField(max_length=400, blank=True, default="")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], name="alarm_open_once", condition=Q(ended_at__isnull=True)
            )
        ]
        indexes = [models.Index(fields=["-began_at"], name="alarm_newest_first")]

    def __str__(self) -> str:
        return f"{self.name} since {self.began_at:%Y-%m-%d %H:%M}"
