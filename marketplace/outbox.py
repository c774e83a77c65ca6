"""Rows that wait to leave the hub: counted before each try, tried five times further and further apart, then parked.

A row is written in the transaction that causes it, so nothing is told of what never happened and nothing that happened is
forgotten. Knows no slice; each gives its own rows and what sending one means.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import Count, Min, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

logger = logging.getLogger(__name__)

LAST_TRY = 5
FIRST_WAIT_SECONDS = 2
# Waits of 2, 8, 32 and 120 seconds: a fault of a few minutes parks nothing.
LONGEST_WAIT_SECONDS = 120
FAILURE_LENGTH = 200
CUT_OFF = "The program that sent it ended before it was done."

WAITING = Q(delivered_at__isnull=True, parked_at__isnull=True)


class Outgoing(models.Model):
    """What every outbox row keeps about its way out. The table adds `created_at`, what is sent, and an index on `WAITING`."""

    delivered_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # When the next try may begin; while one runs, when it counts as cut off.
    due_at = models.DateTimeField(db_default=Now())
    failure = models.CharField(max_length=FAILURE_LENGTH, blank=True)
    parked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=Outgoing)


def wait_seconds(tries: int) -> int:
    """How long a row rests after so many tries."""
    return int(min(FIRST_WAIT_SECONDS * 4 ** (tries - 1), LONGEST_WAIT_SECONDS))


def send(rows: QuerySet[Row], pk: int, effect: Callable[[Row], object]) -> bool:
    """Try to send one due row; whether it left now.

    The try is counted and committed first, so a row that kills its program is parked like any other. The effect and the mark
    that it is done are one transaction under the row's lock: an effect inside the database happens exactly once.
    """
    if not _counted(rows, pk):
        return False
    try:
        with transaction.atomic():
            row = _locked(rows, pk)
            if row is None:
                return False
            effect(row)
            rows.model._default_manager.filter(pk=pk).update(
                delivered_at=timezone.now(), failure=""
            )
    except Exception as error:
        logger.exception("%s %s was not sent", rows.model._meta.label, pk)
        _note_failure(rows, pk, f"{type(error).__name__}: {error}")
        return False
    return True


def first_due(rows: QuerySet[Row], group: str, *, limit: int) -> list[Any]:
    """The groups (one trade, one person) whose earliest waiting row is due, the longest waiting first.

    A row waits for the earlier ones of its own group alone, and no longer than until they are parked.
    """
    heads = rows.filter(WAITING).order_by().values(group).annotate(head=Min("pk")).values("head")
    due = rows.filter(WAITING, pk__in=heads, due_at__lte=timezone.now()).order_by("pk")
    return list(due.values_list(group, flat=True)[:limit])


def try_again(rows: QuerySet[Any]) -> int:
    """Put parked rows back with all their tries; how many. The last failure stays readable until the row has left."""
    parked = rows.filter(parked_at__isnull=False, delivered_at__isnull=True)
    return parked.update(parked_at=None, tries=0, due_at=timezone.now())


def parked_count() -> int:
    """How many rows of all outboxes wait for an operator."""
    return sum(
        model._default_manager.filter(parked_at__isnull=False, delivered_at__isnull=True).count()
        for model in Outgoing.__subclasses__()
    )


def waiting() -> tuple[int, datetime | None]:
    """How many rows of all outboxes are still being tried, and since when the oldest waits; one query per outbox."""
    count, oldest = 0, []
    for model in Outgoing.__subclasses__():
        found = model._default_manager.filter(WAITING).aggregate(
            n=Count("pk"), at=Min("created_at")
        )
        count += found["n"]
        oldest += [found["at"]] if found["at"] else []
    return count, min(oldest, default=None)


def _locked(rows: QuerySet[Row], pk: int) -> Row | None:
    """The waiting row under lock; None while another sender has it."""
    held = rows.select_for_update(of=("self",), skip_locked=True)
    return held.filter(WAITING, pk=pk).first()


def _counted(rows: QuerySet[Row], pk: int) -> bool:
    """Count one more try of a due row; whether it may be made."""
    with transaction.atomic():
        row = _locked(rows.filter(due_at__lte=timezone.now()), pk)
        if row is None:
            return False
        if row.tries >= LAST_TRY:
            _park(rows, pk, row.failure or CUT_OFF)
            return False
        tries = row.tries + 1
        rows.model._default_manager.filter(pk=pk).update(
            tries=tries, failure=CUT_OFF, due_at=_after(wait_seconds(tries))
        )
    return True


def _note_failure(rows: QuerySet[Row], pk: int, failure: str) -> None:
    with transaction.atomic():
        row = _locked(rows, pk)
        if row is None:
            return
        failure = failure[:FAILURE_LENGTH]
        if row.tries >= LAST_TRY:
            _park(rows, pk, failure)
            return
        rows.model._default_manager.filter(pk=pk).update(
            failure=failure, due_at=_after(wait_seconds(row.tries))
        )


def _park(rows: QuerySet[Row], pk: int, failure: str) -> None:
    logger.error("%s %s is parked: %s", rows.model._meta.label, pk, failure)
    rows.model._default_manager.filter(pk=pk).update(parked_at=timezone.now(), failure=failure)


def _after(seconds: int) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)
