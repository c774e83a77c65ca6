"""`manage.py after_restore`: run once after the database was restored from a copy, before anything else starts.

What was given out after the copy was made is not known any more, so every counter skips what it may have given: no number,
of a message, a step or a row, ever names two things. The chain's part needs nothing: the follower reads on from the copy's block.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.db.models import F

from chat.models import Room
from chat.services import note_restored
from marketplace.trades.models import Trade

# More than is given out between two copies, of anything.
SKIPPED = 1_000_000


class Command(BaseCommand):
    help = "After a restore: skip every number that may have been given since the copy, and tell each open room."

    def handle(self, *arguments: Any, **options: Any) -> None:
        with transaction.atomic():
            sequences = _skip_ids()
            Trade.objects.update(event_count=F("event_count") + SKIPPED)
            rooms = list(Room.objects.filter(closed_at=None))
            for room in rooms:
                line = note_restored(room, lost=SKIPPED)
                self.stdout.write(
                    f"{room.key}: {line.params['first']} to {line.params['last']} skipped"
                )
        self.stdout.write(f"{sequences} counters of rows and {len(rooms)} rooms skip {SKIPPED}.")


def _skip_ids() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(setval(format('%%I.%%I', schemaname, sequencename), coalesce(last_value, 1) + %s))"
            " FROM pg_sequences WHERE schemaname = current_schema()",
            [SKIPPED],
        )
        return int(cursor.fetchone()[0])
