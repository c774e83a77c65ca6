"""What was said is removed a set time after the end. Numbers, times, hashes and the hub's lines stay: the log's chain still holds.

The floor above says when a room is over and how long it is kept; a room that goes on again is kept on.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from chat.appending import lock
from chat.files import remove_files
from chat.models import Entry, Room, SealedFile
from realtime.hints import hint


def keep_until(room: Room, when: datetime | None) -> None:
    """Keep what was said at least until `when`; None: as long as the room goes on. A later time wins over an earlier one."""
    with transaction.atomic():
        locked = lock(room)
        if locked.removed_at is not None:
            return
        if when is not None and locked.kept_until is not None:
            when = max(when, locked.kept_until)
        if locked.kept_until != when:
            Room.objects.filter(pk=room.pk).update(kept_until=when)


def remove_due(*, limit: int = 50) -> int:
    """Remove what was said in rooms whose time is over; of how many rooms. Two at once do no harm."""
    due = Room.objects.filter(kept_until__lt=timezone.now(), removed_at=None)
    return sum(
        _remove(pk) for pk in due.order_by("kept_until").values_list("pk", flat=True)[:limit]
    )


def _remove(room_pk: int) -> int:
    with transaction.atomic():
        room = lock(Room(pk=room_pk))
        # Asked again under the lock: a trade may have gone on in between.
        if (
            room.removed_at is not None
            or room.kept_until is None
            or room.kept_until >= timezone.now()
        ):
            return 0
        now = timezone.now()
        room.entries.filter(kind=Entry.Kind.MESSAGE).update(body=b"")
        # Nothing more is said where nobody could read what was said before.
        Room.objects.filter(pk=room_pk).update(removed_at=now, closed_at=room.closed_at or now)
        hint(room.topic)
    # The rows say that they are to go: a storage that is away is asked again with the files that nobody names.
    remove_files(SealedFile.objects.filter(room_id=room_pk, removed_at=None))
    return 1
