"""Reads of rooms, and the one shape in which pages and sockets get them."""

from __future__ import annotations

import base64
from typing import Any

from django.http import Http404

from chat import lines
from chat.models import Entry, Member, Room
from realtime.presence import who_is_here
from realtime.topics import Viewer

PAGE = 100
LARGEST_PAGE = 200
_LARGEST_SEQ = 2**63 - 1


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


def is_member(user: Viewer, key: str) -> bool:
    """Whether `user` may read the room right now."""
    if user.is_anonymous:
        return False
    return Member.objects.filter(room__key=key, user_id=user.pk, left_at=None).exists()


def entries_after(room: Room, cursor: int, limit: int = PAGE) -> list[Entry]:
    """Up to `limit` entries numbered above `cursor`, in order. Any whole number is a valid cursor."""
    cursor = min(max(cursor, 0), _LARGEST_SEQ)
    limit = min(max(limit, 1), LARGEST_PAGE)
    return list(
        room.entries.filter(seq__gt=cursor).select_related("staff_by").order_by("seq")[:limit]
    )


def room_lines(room: Room) -> list[Entry]:
    """All system and staff lines, in order; what can be read without a script."""
    return list(
        room.entries.exclude(kind=Entry.Kind.TEXT).select_related("staff_by").order_by("seq")
    )


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
    return room.entries.filter(seq__gt=member.read_seq).exclude(sender=member).count()


def page_of(room: Room, user: Viewer, cursor: int, limit: int = PAGE) -> dict[str, Any]:
    """What a browser needs to be up to date: entries above `cursor`, the number of the last, the marks.

    `entries` may stop short of `last`; the browser then asks again from where they end.
    """
    # The members first: a mark can only speak of entries that exist by the time they are read.
    members = [member_json(member, user, here) for member, here in _with_presence(room)]
    entries = entries_after(room, cursor, limit)
    last = Room.objects.values_list("last_seq", flat=True).get(pk=room.pk)
    return {
        "last": last,
        "entries": [entry_json(entry) for entry in entries],
        "members": members,
        "closed": room.closed_at is not None,
    }


def member_json(member: Member, viewer: Viewer, here: bool) -> dict[str, Any]:
    """A member as pages see it; `id` is what entries name as sender."""
    return {
        "id": member.pk,
        "role": member.role,
        "label": str(member.user),
        "isMe": member.user_id == viewer.pk,
        "here": here,
        "delivered": member.delivered_seq,
        "read": member.read_seq,
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry as pages see it: a message's body as base64, a line's sentence as text; `at` in Unix seconds."""
    shared = {"seq": entry.seq, "kind": entry.kind, "at": int(entry.created_at.timestamp())}
    if entry.kind == Entry.Kind.TEXT:
        return shared | {
            "v": entry.v,
            "sender": entry.sender_id,
            "clientId": entry.client_id,
            "device": entry.device,
            "body": base64.b64encode(bytes(entry.body)).decode("ascii"),
        }
    return shared | {
        "code": entry.code,
        "text": lines.text_of(entry.code, entry.params),
        "rows": lines.rows_of(entry.code, entry.params),
        "by": str(entry.staff_by) if entry.staff_by else None,
        # Where the numbers before it end, if not right before it.
        "after": entry.params.get("after") if entry.code == "restored" else None,
    }


def _with_presence(room: Room) -> list[tuple[Member, bool]]:
    members = members_of(room)
    here = who_is_here(room.topic, [member.user_id for member in members])
    return [(member, member.user_id in here) for member in members]
