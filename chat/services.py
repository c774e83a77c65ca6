"""Writes to rooms. Everything is stored before it is hinted; an answer means it is committed.

The row lock on the room is held to the end of the transaction, so a later number can never become
visible before an earlier one and a reader's cursor skips nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from chat import lines
from chat.errors import (
    TEXT_BYTES,
    BadMessage,
    Conflict,
    EmptyMessage,
    MessageTooLong,
    NotAMember,
    RoomClosed,
)
from chat.models import Disclosure, Entry, Member, Room
from realtime.allowance import spend
from realtime.hints import hint

PER_PERSON = "20/10 seconds"
PER_PERSON_AND_ROOM = "60/1 minute"
VERSIONS = (1,)
MEMBER_KINDS = (Entry.Kind.TEXT,)

_CLIENT_ID = re.compile(r"[A-Za-z0-9_\-]{8,64}")
_DEVICE = re.compile(r"(0x[0-9a-f]{64})?")


def open_room(key: str, *, members: Iterable[tuple[AbstractBaseUser, str]]) -> Room:
    """The room called `key` with these members; calling it again changes nothing."""
    with transaction.atomic():
        room, _ = Room.objects.get_or_create(key=key)
        for user, role in members:
            add_member(room, user, role)
    return room


def add_member(room: Room, user: AbstractBaseUser, role: str) -> Member:
    """Let `user` read and write; somebody who had left is back, in the new role."""
    member, is_new = Member.objects.get_or_create(
        room=room, user_id=user.pk, defaults={"role": role}
    )
    if not is_new and (member.left_at is not None or member.role != role):
        Member.objects.filter(pk=member.pk).update(role=role, left_at=None)
        member.role, member.left_at = role, None
    hint(room.topic)
    return member


def remove_member(room: Room, user: AbstractBaseUser) -> None:
    """Shut the room to `user`; sockets that listen are cut within seconds."""
    Member.objects.filter(room=room, user_id=user.pk, left_at=None).update(left_at=timezone.now())
    hint(room.topic)


def close_room(room: Room) -> None:
    """Take no more messages from members; lines still come."""
    Room.objects.filter(pk=room.pk, closed_at=None).update(closed_at=timezone.now())
    hint(room.topic)


def post_message(
    *,
    room: Room,
    sender: AbstractBaseUser,
    client_id: str,
    device: str,
    body: bytes,
    kind: str = Entry.Kind.TEXT,
    v: int = 1,
) -> Entry:
    """The stored message. The same client id with the same content gives the same entry again.

    `device` is what the sender's browser says of itself; a signature will prove it once bodies are sealed.

    Raises: BadMessage, EmptyMessage, MessageTooLong, NotAMember, RoomClosed, Conflict, TooFast.
    """
    _check_message(client_id=client_id, device=device, body=body, kind=kind, v=v)
    content = {"v": v, "kind": kind, "device": device, "body": body}
    repeated = _sent_before(room, sender, client_id)
    if repeated is not None:
        return _same(repeated, content)
    spend(PER_PERSON, "chat", sender.pk)
    spend(PER_PERSON_AND_ROOM, "chat", sender.pk, room.key)
    with transaction.atomic():
        locked = _lock(room)
        # Asked again under the lock: two tabs may retry the same message at once.
        repeated = _sent_before(room, sender, client_id)
        if repeated is not None:
            return _same(repeated, content)
        member = Member.objects.filter(room=room, user_id=sender.pk, left_at=None).first()
        if member is None:
            raise NotAMember
        if locked.closed_at is not None:
            raise RoomClosed
        return _append(locked, sender=member, client_id=client_id, **content)


def post_line(
    room: Room,
    code: str,
    params: dict[str, Any],
    *,
    staff_by: AbstractBaseUser | None = None,
    once: str = "",
) -> Entry:
    """The stored system line, or staff line if `staff_by` says who speaks. The only way to make one.

    `once` names the cause: a second line of the same cause gives the first one again.

    Raises: lines.UnknownLine, lines.LineIncomplete.
    """
    lines.check(code, params)
    with transaction.atomic():
        locked = _lock(room)
        if once:
            earlier = Entry.objects.filter(room=room, sender=None, client_id=once).first()
            if earlier is not None:
                return earlier
        return _append(
            locked,
            kind=Entry.Kind.STAFF if staff_by else Entry.Kind.SYSTEM,
            code=code,
            params=params,
            client_id=once,
            staff_by_id=staff_by.pk if staff_by else None,
        )


def note_restored(room: Room, *, lost: int) -> Entry:
    """After a restore from a copy: skip the next `lost` numbers, which may have been given before, and say which they were.

    The line keeps the number before the gap, so that a page that follows the log without gaps can step over this one.
    """
    with transaction.atomic():
        locked = _lock(room)
        before = locked.last_seq
        locked.last_seq += lost
        params = {"after": before, "first": before + 1, "last": before + lost}
        lines.check("restored", params)
        return _append(locked, kind=Entry.Kind.SYSTEM, code="restored", params=params)


def mark(room: Room, user: AbstractBaseUser, *, delivered: int = 0, read: int = 0) -> Member:
    """How far the log has reached this member; marks only move forward and never past the end.

    Raises: NotAMember.
    """
    with transaction.atomic():
        member = (
            Member.objects.select_for_update(of=("self",), no_key=True)
            .filter(room=room, user_id=user.pk, left_at=None)
            .first()
        )
        if member is None:
            raise NotAMember
        last = Room.objects.values_list("last_seq", flat=True).get(pk=room.pk)
        read_seq = max(member.read_seq, min(read, last))
        delivered_seq = max(member.delivered_seq, min(delivered, last), read_seq)
        if (delivered_seq, read_seq) != (member.delivered_seq, member.read_seq):
            member.delivered_seq, member.read_seq = delivered_seq, read_seq
            member.save(update_fields=["delivered_seq", "read_seq"])
            hint(room.topic)
    return member


def disclose(*, room: Room, by: AbstractBaseUser, seqs: Iterable[int], audience: str) -> Disclosure:
    """Let `audience` read these messages of the room, and tell the room so.

    Numbers of lines and unknown numbers are left out: lines are no secret, and what is not there cannot be shown.

    Raises: NotAMember; EmptyMessage if no message is among `seqs`.
    """
    with transaction.atomic():
        member = (
            Member.objects.select_related("user")
            .filter(room=room, user_id=by.pk, left_at=None)
            .first()
        )
        if member is None:
            raise NotAMember
        entries = list(room.entries.filter(seq__in=list(seqs), kind__in=MEMBER_KINDS))
        if not entries:
            raise EmptyMessage
        disclosure = Disclosure.objects.create(room=room, by=member, audience=audience)
        disclosure.entries.set(entries)
        post_line(room, "disclosed", {"name": str(member.user), "count": len(entries)})
    return disclosure


def _check_message(*, client_id: str, device: str, body: bytes, kind: str, v: int) -> None:
    if v not in VERSIONS:
        raise BadMessage("v")
    if kind not in MEMBER_KINDS:
        raise BadMessage("kind")
    if not _CLIENT_ID.fullmatch(client_id):
        raise BadMessage("clientId")
    if not _DEVICE.fullmatch(device):
        raise BadMessage("device")
    if not body:
        raise EmptyMessage
    if len(body) > TEXT_BYTES:
        raise MessageTooLong(len(body))


def _sent_before(room: Room, sender: AbstractBaseUser, client_id: str) -> Entry | None:
    return Entry.objects.filter(
        room=room, sender__user_id=sender.pk, sender__left_at=None, client_id=client_id
    ).first()


def _same(entry: Entry, content: dict[str, Any]) -> Entry:
    if {name: _plain(getattr(entry, name)) for name in content} != content:
        raise Conflict
    return entry


def _plain(value: Any) -> Any:
    """The database gives bytes back as a memoryview."""
    return bytes(value) if isinstance(value, memoryview) else value


def _lock(room: Room) -> Room:
    """The room's row, locked until the end of the transaction: two writers would take the same number."""
    return Room.objects.select_for_update(of=("self",), no_key=True).get(pk=room.pk)


def _append(locked: Room, **fields: Any) -> Entry:
    locked.last_seq += 1
    entry = Entry.objects.create(room=locked, seq=locked.last_seq, **fields)
    locked.save(update_fields=["last_seq"])
    hint(locked.topic, entry.seq)
    return entry
