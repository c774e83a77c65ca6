"""Devices and their keys: bound at sign-in, stocked for rooms that open while they are away, put into a room's log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from chat.appending import append, lock
from chat.errors import BadSeal, NotAMember, NotBound, RoomClosed
from chat.models import Device, Entry, Member, Observer, Room, RoomKey, StockKey
from chat.sealed.errors import Unsealed
from chat.sealed.keys import checked_statement
from chat.sealed.layout import LAST, MADE, STATEMENT_BYTES, STOCK, KeyStatement
from realtime.allowance import spend

PER_PERSON = "30/1 minute"
MOST_STOCK = 50
MOST_AT_ONCE = 60
MOST_KEYS_PER_DEVICE = 20
DEVICES_READ_ALONG, ACTIVE_FOR = 4, timedelta(days=30)
MOST_ROOMS = 100


def bind_device(
    user: AbstractBaseUser,
    *,
    device_hash: str,
    signing_key: str,
    agreement_key: str,
    message: str,
    signature: str,
) -> Device:
    """The device that a checked sign-in message names; the newest message and its signature are kept as its binding."""
    now = timezone.now()
    device, _ = Device.objects.update_or_create(
        user_id=user.pk,
        device_hash=device_hash,
        defaults={
            "signing_key": signing_key,
            "agreement_key": agreement_key,
            "message": message,
            "signature": signature,
            "last_used_at": now,
        },
    )
    return device


def bound_device(user: AbstractBaseUser, device_hash: bytes) -> Device:
    """The user's device of that name.

    Raises: NotBound unless his wallet signed for it.
    """
    name = "0x" + device_hash.hex()
    device = Device.objects.filter(user_id=user.pk, device_hash=name).exclude(message="").first()
    if device is None:
        raise NotBound
    return device


# --- the stock ---------------------------------------------------------------------------------


def stock_of(device: Device) -> dict[str, Any]:
    """How many statements wait for rooms to come, and whether there is one for when they run out."""
    waiting = device.stock.filter(used_at=None)
    return {
        "left": waiting.filter(is_last=False).count(),
        "hasLast": waiting.filter(is_last=True).exists(),
    }


def add_stock(device: Device, bodies: list[bytes]) -> None:
    """Keep statements of kinds 2 and 3 of this device, and put it into its owner's rooms that had to do without it.

    Raises: BadSeal, TooFast.
    """
    spend(PER_PERSON, "stock", device.user_id)
    if len(bodies) > MOST_AT_ONCE:
        raise BadSeal("More key statements than a device leaves at once.")
    statements = [_own_statement(device, body, (STOCK, LAST)) for body in bodies]
    with transaction.atomic():
        Device.objects.select_for_update(of=("self",), no_key=True).get(pk=device.pk)
        room_left = MOST_STOCK - device.stock.filter(used_at=None, is_last=False).count()
        for statement in statements:
            is_last = statement.kind == LAST
            if is_last:
                device.stock.filter(is_last=True).update(is_last=False, used_at=timezone.now())
            elif room_left <= 0:
                continue
            StockKey.objects.get_or_create(
                name=statement.name.hex(),
                defaults={"device": device, "body": statement.packed, "is_last": is_last},
            )
            room_left -= not is_last
    _join_open_rooms(device)


def allot(room: Room, users: Iterable[int]) -> None:
    """Put a statement from the stock of each active device of these people into the room's log, where it has none yet."""
    since = timezone.now() - ACTIVE_FOR
    for user_pk in users:
        devices = Device.objects.filter(user_id=user_pk, last_used_at__gte=since)
        missing = devices.exclude(message="").exclude(room_keys__room=room)
        for device in missing.order_by("-last_used_at", "-id")[:DEVICES_READ_ALONG]:
            _allot(room, device)


def _allot(room: Room, device: Device) -> None:
    with transaction.atomic():
        locked = lock(room)
        if locked.closed_at is not None or locked.keys.filter(device=device).exists():
            return
        free = device.stock.select_for_update(of=("self",), skip_locked=True).filter(used_at=None)
        taken = free.order_by("is_last", "id").first()
        if taken is None:
            return
        if not taken.is_last:
            taken.used_at = timezone.now()
            taken.save(update_fields=["used_at"])
        _add_key(locked, device, KeyStatement.parse(bytes(taken.body)))


def _join_open_rooms(device: Device) -> None:
    here = Room.objects.filter(closed_at=None).exclude(keys__device=device)
    member = here.filter(members__user=device.user, members__left_at=None)
    observer = here.filter(observers__user=device.user)
    for room in [*member.order_by("-id")[:MOST_ROOMS], *observer.order_by("-id")[:MOST_ROOMS]]:
        _allot(room, device)


# --- keys in a room ----------------------------------------------------------------------------


def post_key(*, room: Room, sender: AbstractBaseUser, body: bytes) -> Entry:
    """The log's entry of a statement that the sender's device made for this room; the same one again is the same entry.

    Raises: BadSeal, NotBound, NotAMember, RoomClosed, TooFast.
    """
    statement = _parsed(body)
    device = bound_device(sender, statement.device)
    _own_statement(device, body, (MADE,))
    if statement.room != room.room_id:
        raise BadSeal("This key was made for another room.")
    known = RoomKey.objects.select_related("entry").filter(room=room, name=statement.name.hex())
    if (earlier := known.first()) is not None:
        return earlier.entry
    spend(PER_PERSON, "keys", sender.pk)
    with transaction.atomic():
        locked = lock(room)
        if (earlier := known.first()) is not None:
            return earlier.entry
        if locked.closed_at is not None:
            raise RoomClosed
        if locked.keys.filter(device=device).count() >= MOST_KEYS_PER_DEVICE:
            raise BadSeal("This device has made as many keys for this room as one may.")
        return _add_key(locked, device, statement)


def keys_named(room: Room, names: Iterable[bytes]) -> dict[bytes, RoomKey]:
    """The statements of the room's log with these names, with device and entry."""
    wanted = [name.hex() for name in names]
    found = RoomKey.objects.select_related("device", "entry").filter(room=room, name__in=wanted)
    return {bytes.fromhex(key.name): key for key in found}


def _add_key(locked: Room, device: Device, statement: KeyStatement) -> Entry:
    member = Member.objects.filter(room=locked, user_id=device.user_id, left_at=None).first()
    observer = None if member else locked.observers.filter(user_id=device.user_id).first()
    if member is None and observer is None:
        raise NotAMember
    body = statement.packed
    entry = append(
        locked,
        kind=Entry.Kind.KEY,
        content=body,
        body=body,
        sender=member,
        observer=observer,
        client_id=statement.name.hex(),
        device=device.device_hash,
    )
    RoomKey.objects.create(room=locked, device=device, name=statement.name.hex(), entry=entry)
    return entry


def _own_statement(device: Device, body: bytes, kinds: tuple[int, ...]) -> KeyStatement:
    try:
        statement = checked_statement(body)
    except Unsealed as broken:
        raise BadSeal(str(broken)) from broken
    address = str(getattr(device.user, "address", ""))
    is_own = (
        "0x" + statement.device.hex() == device.device_hash
        and "0x" + statement.address.hex() == address.lower()
    )
    if not is_own:
        raise BadSeal("This key is not of the device that sent it.")
    if statement.kind not in kinds:
        raise BadSeal("This kind of key does not belong here.")
    return statement


def _parsed(body: bytes) -> KeyStatement:
    if len(body) != STATEMENT_BYTES:
        raise BadSeal("This is no key statement.")
    try:
        return KeyStatement.parse(body)
    except Unsealed as broken:
        raise BadSeal(str(broken)) from broken


def observe(room: Room, user: AbstractBaseUser, role: str) -> Observer:
    """Let members open messages for `user`, who reads nothing else of the room; a second time changes nothing."""
    observer, is_new = Observer.objects.get_or_create(
        room=room, user_id=user.pk, defaults={"role": role}
    )
    if is_new:
        allot(room, [user.pk])
    return observer
