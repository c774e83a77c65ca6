"""Writes to rooms. Everything is stored before it is hinted; an answer means it is committed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from chat import lines
from chat.appending import append, lock
from chat.devices import allot, bound_device, keys_named
from chat.errors import (
    ENVELOPE_BYTES,
    BadMessage,
    BadSeal,
    Conflict,
    MessageTooLong,
    NotAMember,
    NothingToOpen,
    OutOfOrder,
    RoomClosed,
    UnknownKey,
)
from chat.files import name_files
from chat.models import Device, DeviceChain, Disclosure, Entry, Member, Room
from chat.places import place_now
from chat.sealed.errors import Unsealed
from chat.sealed.keys import check_signed
from chat.sealed.layout import Envelope, KeyStatement
from chat.sealed.log import empty_head, line_json
from chat.signals import opened
from realtime.allowance import spend
from realtime.hints import hint

PER_PERSON = "20/10 seconds"
PER_PERSON_AND_ROOM = "60/1 minute"
VERSIONS = (2,)
MOST_OPENED = 120

_CLIENT_ID = re.compile(r"[0-9a-f]{32}")
_AUDIENCE = re.compile(r"[a-z0-9:\-]{1,64}")


def open_room(key: str, *, members: Iterable[tuple[AbstractBaseUser, str]]) -> Room:
    """The room called `key` with these members and the keys of their devices; calling it again changes nothing."""
    with transaction.atomic():
        room = Room.objects.filter(key=key).first()
        if room is None:
            chain_id, contract = place_now()
            room, _ = Room.objects.get_or_create(
                key=key, defaults={"chain_id": chain_id, "contract": contract}
            )
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
    if is_new:
        allot(room, [user.pk])
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
    body: bytes,
    v: int = 2,
    opens: Sequence[int] = (),
    audience: str = "",
    files: Sequence[str] = (),
) -> Entry:
    """The stored message. The same client id with the same bytes gives the same entry again.

    `opens` are numbers of messages whose keys this one carries for `audience`; `files` the sealed files it names.
    Everything that docs/CHAT.md lets the hub check is checked; what the message says it cannot know.

    Raises: BadMessage, MessageTooLong, BadSeal, NotBound, UnknownKey, OutOfOrder, NotAMember, RoomClosed, Conflict,
    NothingToOpen, TooFast.
    """
    _check_frame(client_id=client_id, body=body, v=v)
    repeated = _sent_before(room, sender, client_id)
    if repeated is not None:
        return _same(repeated, body)
    spend(PER_PERSON, "chat", sender.pk)
    spend(PER_PERSON_AND_ROOM, "chat", sender.pk, room.key)
    envelope, device = _checked(room, sender, client_id, body)
    with transaction.atomic():
        locked = lock(room)
        # Asked again under the lock: two tabs may retry the same message at once.
        repeated = _sent_before(room, sender, client_id)
        if repeated is not None:
            return _same(repeated, body)
        member = Member.objects.filter(room=room, user_id=sender.pk, left_at=None).first()
        if member is None:
            raise NotAMember
        if locked.closed_at is not None:
            raise RoomClosed
        _continue_chain(locked, device, envelope)
        entry = append(
            locked,
            kind=Entry.Kind.MESSAGE,
            content=body,
            body=body,
            v=v,
            sender=member,
            client_id=client_id,
            device=device.device_hash,
        )
        if files:
            name_files(entry, files)
        if opens or audience:
            _disclose(locked, member, entry, envelope, opens, audience)
    return entry


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
    with transaction.atomic():
        return _post_line(lock(room), code, params, staff_by=staff_by, once=once)


def _post_line(
    locked: Room,
    code: str,
    params: dict[str, Any],
    *,
    staff_by: AbstractBaseUser | None,
    once: str,
) -> Entry:
    lines.check(code, params)
    if once:
        earlier = Entry.objects.filter(room=locked, sender=None, client_id=once).first()
        if earlier is not None:
            return earlier
    data = line_json(code, params, str(staff_by) if staff_by else "")
    return append(
        locked,
        kind=Entry.Kind.STAFF if staff_by else Entry.Kind.SYSTEM,
        content=data.encode(),
        data=data,
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
        locked = lock(room)
        before = locked.last_seq
        locked.last_seq += lost
        params = {"after": before, "first": before + 1, "last": before + lost}
        return _post_line(locked, "restored", params, staff_by=None, once="")


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


def _check_frame(*, client_id: str, body: bytes, v: int) -> None:
    if v not in VERSIONS:
        raise BadMessage("v")
    if not _CLIENT_ID.fullmatch(client_id):
        raise BadMessage("clientId")
    if len(body) > ENVELOPE_BYTES:
        raise MessageTooLong(len(body))


def _checked(
    room: Room, sender: AbstractBaseUser, client_id: str, body: bytes
) -> tuple[Envelope, Device]:
    """The envelope, whose frame, sender, signature, readers and view of the log hold; and the sender's device."""
    try:
        envelope = Envelope.parse(body)
    except Unsealed as broken:
        raise BadSeal(str(broken)) from broken
    front = envelope.front
    if front.room != room.room_id:
        raise BadSeal("This message was sealed for another room.")
    if "0x" + front.address.hex() != str(getattr(sender, "address", "")).lower():
        raise BadSeal("This message was sealed by another account.")
    if front.client_id.hex() != client_id:
        raise BadSeal("This message was sealed under another number.")
    device = bound_device(sender, front.device)
    readers = [wrap.reader for wrap in envelope.wraps]
    keys = keys_named(room, {front.statement, *readers})
    if len(keys) != len({front.statement, *readers}):
        raise UnknownKey
    own = keys[front.statement]
    if own.device_id != device.pk:
        raise BadSeal("This message names another device's key.")
    try:
        check_signed(envelope, KeyStatement.parse(bytes(own.entry.body)))
    except Unsealed as broken:
        raise BadSeal(str(broken)) from broken
    if front.seen_head != _head_at(room, front.seen):
        raise BadSeal("This message says to have seen another log.")
    return envelope, device


def _head_at(room: Room, seq: int) -> bytes | None:
    """The log's head after an entry, None for one that is not there."""
    if seq == 0:
        return empty_head(room.room_id)
    head = Entry.objects.filter(room=room, seq=seq).values_list("head", flat=True).first()
    return None if head is None else bytes(head)


def _continue_chain(locked: Room, device: Device, envelope: Envelope) -> None:
    """Move the device's chain on by this message.

    Raises: OutOfOrder.
    """
    front = envelope.front
    chain = DeviceChain.objects.filter(room=locked, device=device).first()
    index, previous = (chain.index + 1, bytes(chain.last)) if chain else (1, bytes(32))
    if (front.index, front.previous) != (index, previous):
        raise OutOfOrder(index, previous)
    if chain is None:
        DeviceChain.objects.create(room=locked, device=device, index=1, last=envelope.name)
    else:
        chain.index, chain.last = index, envelope.name
        chain.save(update_fields=["index", "last"])


def _disclose(
    locked: Room,
    member: Member,
    opening: Entry,
    envelope: Envelope,
    seqs: Sequence[int],
    audience: str,
) -> None:
    """Note which messages an opening gives to whom, and tell the room so."""
    if not _AUDIENCE.fullmatch(audience):
        raise BadMessage("audience")
    if not 1 <= len(seqs) <= MOST_OPENED:
        raise NothingToOpen(f"Between 1 and {MOST_OPENED} messages can be opened at once.")
    entries = list(locked.entries.filter(seq__in=list(seqs), kind=Entry.Kind.MESSAGE))
    if len(entries) != len(set(seqs)):
        raise NothingToOpen("One of the numbers is no message of this room.")
    watching = locked.observers.values("user")
    readers = [wrap.reader.hex() for wrap in envelope.wraps]
    if not locked.keys.filter(name__in=readers, device__user__in=watching).exists():
        raise NothingToOpen("It is not sealed for the arbitrator of this trade.")
    disclosure = Disclosure.objects.create(
        room=locked, by=member, audience=audience, opening=opening
    )
    disclosure.entries.set(entries)
    count = len(entries)
    told = {"name": str(member.user), "what": f"{count} message{'' if count == 1 else 's'}"}
    _post_line(locked, "disclosed", told, staff_by=None, once="")
    opened.send(sender=Disclosure, room=locked, audience=audience)


def _sent_before(room: Room, sender: AbstractBaseUser, client_id: str) -> Entry | None:
    return Entry.objects.filter(
        room=room, sender__user_id=sender.pk, sender__left_at=None, client_id=client_id
    ).first()


def _same(entry: Entry, body: bytes) -> Entry:
    if bytes(entry.body) != body:
        raise Conflict
    return entry
