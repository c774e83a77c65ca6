"""Sealed files: bytes that a member's browser encrypted, kept beside the log under a name that says nothing.

The hub cannot open them. It checks size and hash, who may write and read, and how many there are; a message names the
file by its id and holds its key. One that no message names within a day is removed.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable
from datetime import timedelta
from typing import IO, Protocol

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from chat.errors import FileBroken, FileTooLarge, NotAMember, RoomClosed, TooManyFiles
from chat.models import Entry, Member, Room, SealedFile
from realtime.allowance import spend

LARGEST_FILE = 5 * 2**20
# Sealing pads to whole 64 KiB and adds a tag of 16 bytes.
LARGEST_SEALED = LARGEST_FILE + 2**16 + 16
FILES_PER_MEMBER = 20
PER_PERSON = "20/1 minute"
UNNAMED_LIFE = timedelta(days=1)
CHUNK = 2**16

_HASH = re.compile(r"[0-9a-f]{64}")


class Readable(Protocol):
    """Where the bytes come from, as a request is read."""

    def read(self, size: int, /) -> bytes: ...


def store_file(
    *, room: Room, sender: AbstractBaseUser, source: Readable, sha256: str
) -> SealedFile:
    """Keep the bytes of `source`, at most LARGEST_SEALED of them, whose SHA-256 in hex the sender names.

    Raises: NotAMember, RoomClosed, TooManyFiles, FileTooLarge, FileBroken, TooFast. Then nothing is kept.
    """
    if not _HASH.fullmatch(sha256):
        raise FileBroken
    member = _member(room, sender)
    spend(PER_PERSON, "files", member.user_id)
    with tempfile.TemporaryFile() as taken:
        size = _take(source, taken, sha256)
        with transaction.atomic():
            # The member's row is the lock under which his files are counted.
            member = Member.objects.select_for_update(of=("self",)).get(pk=member.pk)
            if Room.objects.get(pk=room.pk).closed_at is not None:
                raise RoomClosed
            if member.files.filter(removed_at=None).count() >= FILES_PER_MEMBER:
                raise TooManyFiles
            row = SealedFile.objects.create(room=room, sender=member, size=size, sha256=sha256)
            storage().save(row.path, File(taken))
    return row


def open_file(room: Room, name: str) -> IO[bytes]:
    """The bytes of a file of this room, for somebody whose right was checked.

    Raises: Http404 when there is none, or not any more.
    """
    row = SealedFile.objects.filter(room=room, name=name, removed_at=None).first()
    if row is None or not storage().exists(row.path):
        raise Http404
    return storage().open(row.path)


def name_files(entry: Entry, names: Iterable[str]) -> None:
    """Note in the caller's transaction that a message names these files of its sender; unknown ones are left out."""
    SealedFile.objects.filter(
        room_id=entry.room_id, sender_id=entry.sender_id, name__in=list(names), entry=None
    ).update(entry=entry)


def remove_left(*, limit: int = 200) -> int:
    """Remove files that no message named in time, and those of rooms that are removed; how many."""
    before = timezone.now() - UNNAMED_LIFE
    unnamed = SealedFile.objects.filter(entry=None, removed_at=None, created_at__lt=before)
    orphans = SealedFile.objects.filter(room__removed_at__isnull=False, removed_at=None)
    count = remove_files(unnamed.order_by("pk")[:limit])
    return count + remove_files(orphans.order_by("pk")[:limit])


def remove_files(rows: Iterable[SealedFile]) -> int:
    """Remove the bytes of these; the rows stay and say when. How many."""
    count = 0
    for row in rows:
        storage().delete(row.path)
        SealedFile.objects.filter(pk=row.pk).update(removed_at=timezone.now())
        count += 1
    return count


def storage() -> Storage:
    """Where sealed files lie; a hub of several machines shares it."""
    return storages["sealed"]


def _member(room: Room, user: AbstractBaseUser) -> Member:
    member = Member.objects.filter(room=room, user_id=user.pk, left_at=None).first()
    if member is None:
        raise NotAMember
    return member


def _take(source: Readable, taken: IO[bytes], sha256: str) -> int:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > LARGEST_SEALED:
            raise FileTooLarge
        digest.update(chunk)
        taken.write(chunk)
    if not size or digest.hexdigest() != sha256:
        raise FileBroken
    taken.seek(0)
    return size
