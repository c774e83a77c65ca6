"""Reads of rooms, and the one shape in which pages and sockets get them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Q
from django.http import Http404

from chat import lines
from chat.appending import hub_public_key
from chat.models import Device, Entry, Member, Room
from realtime.presence import who_is_here
from realtime.topics import Viewer

PAGE = 100
LARGEST_PAGE = 200
_LARGEST_SEQ = 2**63 - 1
LINES = (Entry.Kind.SYSTEM, Entry.Kind.STAFF)


def room_for(user: Viewer, key: str) -> Room:
    """The room, if `user` is in it; absent and forbidden look the same.

    Raises: Http404.
    """
    if user.is_anonymous:
        raise Http404
    room = Room.objects.filter(key=key, members__user_id=user.pk, members__left_at=None).first()
    if room is None:
        raise Http404
    return room


def observed_room(user: Viewer, key: str) -> Room | None:
    """The room, if members may open messages for `user` there."""
    if user.is_anonymous:
        return None
    return Room.objects.filter(key=key, observers__user_id=user.pk).first()


def is_member(user: Viewer, key: str) -> bool:
    """Whether `user` may read the room right now."""
    if user.is_anonymous:
        return False
    return Member.objects.filter(room__key=key, user_id=user.pk, left_at=None).exists()


def are_members(pairs: Sequence[tuple[Viewer, str]]) -> list[bool]:
    """The same for many people and rooms, in one query."""
    here = set(
        Member.objects.filter(
            room__key__in={key for _, key in pairs},
            user_id__in={user.pk for user, _ in pairs if not user.is_anonymous},
            left_at=None,
        ).values_list("user_id", "room__key")
    )
    return [(user.pk, key) in here for user, key in pairs]


def entries_after(room: Room, cursor: int, limit: int = PAGE) -> list[Entry]:
    """Up to `limit` entries numbered above `cursor`, in order. Any whole number is a valid cursor."""
    cursor = min(max(cursor, 0), _LARGEST_SEQ)
    limit = min(max(limit, 1), LARGEST_PAGE)
    return list(
        room.entries.filter(seq__gt=cursor)
        .select_related("staff_by", "observer__user")
        .order_by("seq")[:limit]
    )


def room_lines(room: Room) -> list[Entry]:
    """All system and staff lines, in order; what can be read without a script."""
    return list(room.entries.filter(kind__in=LINES).select_related("staff_by").order_by("seq"))


def disclosed_entries(room: Room, audience: str) -> list[Entry]:
    """The messages members let `audience` read, in order; gaps in their numbers are what was not shown."""
    return list(
        room.entries.filter(disclosures__audience=audience)
        .select_related("sender__user")
        .distinct()
        .order_by("seq")
    )


def members_of(room: Room) -> list[Member]:
    """The people in the room now, in the order they came."""
    return list(room.members.filter(left_at=None).select_related("user").order_by("pk"))


def unread_count(room: Room, user: Viewer) -> int:
    """How many entries this member has not looked at; 0 for a stranger."""
    if user.is_anonymous:
        return 0
    member = room.members.filter(user_id=user.pk, left_at=None).first()
    if member is None:
        return 0
    unseen = room.entries.filter(seq__gt=member.read_seq).exclude(kind=Entry.Kind.KEY)
    return unseen.exclude(sender=member).count()


def page_of(room: Room, user: Viewer, cursor: int, limit: int = PAGE) -> dict[str, Any]:
    """What a browser needs to be up to date: entries above `cursor`, the number and head of the last, the people, the marks.

    `entries` may stop short of `last`; the browser then asks again from where they end.
    """
    # The members first: a mark can only speak of entries that exist by the time they are read.
    present = _with_presence(room)
    return _page(room, cursor, limit, lambda: _people_of(room, user, present), entry_json)


def case_page(room: Room, user: Viewer, audience: str, cursor: int) -> dict[str, Any]:
    """The same for somebody to whom only some messages were opened: of all others only the hash is told."""
    opened = set(
        Entry.objects.filter(
            Q(disclosures__audience=audience) | Q(disclosure__audience=audience), room=room
        ).values_list("pk", flat=True)
    )
    absent = [(member, False) for member in members_of(room)]

    def shown(entry: Entry) -> dict[str, Any]:
        is_closed = entry.kind == Entry.Kind.MESSAGE and entry.pk not in opened
        return closed_json(entry) if is_closed else entry_json(entry)

    return _page(room, cursor, PAGE, lambda: _people_of(room, user, absent), shown)


def _page(
    room: Room,
    cursor: int,
    limit: int,
    people: Callable[[], dict[str, Any]],
    shown: Callable[[Entry], dict[str, Any]],
) -> dict[str, Any]:
    entries = entries_after(room, cursor, limit)
    now = Room.objects.get(pk=room.pk)
    return {
        "last": now.last_seq,
        "head": now.head_now.hex(),
        "room": now.room_id.hex(),
        "chain": now.chain_id,
        "contract": now.contract,
        "hub": hub_public_key().hex(),
        "entries": [shown(entry) for entry in entries],
        # After the entries: a key among them is never without the sign-in that binds its device.
        **people(),
        "closed": now.closed_at is not None,
    }


def _people_of(room: Room, user: Viewer, present: list[tuple[Member, bool]]) -> dict[str, Any]:
    bindings = _bindings_in(room)
    observers = room.observers.select_related("user").order_by("pk")
    return {
        "members": [
            member_json(member, user, here) | {"bindings": bindings.get(member.user_id, [])}
            for member, here in present
        ],
        "observers": [
            {
                "address": _address(observer.user),
                "role": observer.role,
                "bindings": bindings.get(observer.user_id, []),
            }
            for observer in observers
        ],
    }


def _bindings_in(room: Room) -> dict[int, list[dict[str, str]]]:
    """By account: the devices that have a key in the room's log, with the sign-in that binds each."""
    found: dict[int, list[dict[str, str]]] = {}
    devices = Device.objects.filter(pk__in=room.keys.values("device")).order_by("pk")
    for device in devices:
        found.setdefault(device.user_id, []).append(
            {
                "device": device.device_hash,
                "signing": device.signing_key,
                "agreement": device.agreement_key,
                "message": device.message,
                "signature": device.signature,
            }
        )
    return found


def member_json(member: Member, viewer: Viewer, here: bool) -> dict[str, Any]:
    """A member as pages see it; `id` is what entries name as sender."""
    return {
        "id": member.pk,
        "role": member.role,
        "label": str(member.user),
        "address": _address(member.user),
        "isMe": member.user_id == viewer.pk,
        "here": here,
        "delivered": member.delivered_seq,
        "read": member.read_seq,
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry as pages see it: sealed bytes as base64, a line's sentence as text; `at` in Unix seconds."""
    shared = _shared_json(entry)
    if entry.kind == Entry.Kind.MESSAGE and not entry.body:
        # The hash stays in the log's chain.
        return closed_json(entry) | {"removed": True}
    if entry.kind in (Entry.Kind.MESSAGE, Entry.Kind.KEY):
        observer = entry.observer
        return shared | {
            "v": entry.v,
            "sender": entry.sender_id,
            "clientId": entry.client_id,
            "body": base64.b64encode(bytes(entry.body)).decode("ascii"),
            **(
                {"observer": {"address": _address(observer.user), "role": observer.role}}
                if observer
                else {}
            ),
        }
    return shared | {
        "code": entry.code,
        "text": lines.text_of(entry.code, entry.params),
        "rows": lines.rows_of(entry.code, entry.params),
        "by": str(entry.staff_by) if entry.staff_by else None,
        "data": entry.data,
        # Where the numbers before it end, if not right before it.
        "after": entry.params.get("after") if entry.code == "restored" else None,
    }


def closed_json(entry: Entry) -> dict[str, Any]:
    """An entry whose content stays closed: its place and its hash."""
    return _shared_json(entry) | {"sender": entry.sender_id, "hash": bytes(entry.hash).hex()}


def _shared_json(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "kind": entry.kind,
        "at": int(entry.created_at.timestamp()),
        "head": bytes(entry.head).hex(),
        "receipt": bytes(entry.receipt).hex(),
    }


def _address(user: Any) -> str:
    return str(getattr(user, "address", ""))


def _with_presence(room: Room) -> list[tuple[Member, bool]]:
    members = members_of(room)
    here = who_is_here(room.topic, [member.user_id for member in members])
    return [(member, member.user_id in here) for member in members]
