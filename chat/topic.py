"""The topic `room:<key>`: pull, post and mark over the socket, by the same services as the HTTP twin."""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import Any

from django.http import Http404

from chat import services
from chat.devices import post_key
from chat.errors import BadMessage, NotAMember
from chat.models import Entry, Room
from chat.selectors import (
    PAGE,
    are_members,
    entry_json,
    is_member,
    observed_room,
    page_of,
    room_for,
)
from realtime import topics

MOST_FILES = 4


def register() -> None:
    """Make rooms reachable over the socket."""
    topics.register(
        "room",
        is_member,
        {"pull": pull, "post": post, "mark": mark},
        announces_presence=True,
        authorise_all=are_members,
    )


def pull(user: Any, key: str, data: dict[str, Any]) -> dict[str, Any]:
    """data: {after, limit?}. Answers what `selectors.page_of` says."""
    return page_of(_room(user, key), user, _whole(data, "after", 0), _whole(data, "limit", PAGE))


def post(user: Any, key: str, data: dict[str, Any]) -> dict[str, Any]:
    """data: {v, kind, body (base64), clientId?, opens?, audience?, files?}. Answers {entry}: it is stored."""
    return {"entry": entry_json(store(_room(user, key, data), user, data))}


def mark(user: Any, key: str, data: dict[str, Any]) -> dict[str, Any]:
    """data: {delivered?, read?}. Answers the marks as they stand."""
    member = services.mark(
        _room(user, key), user, delivered=_whole(data, "delivered", 0), read=_whole(data, "read", 0)
    )
    return {"delivered": member.delivered_seq, "read": member.read_seq}


def store(room: Room, user: Any, data: dict[str, Any]) -> Entry:
    """The entry stored for a browser's message or key.

    Raises: BadMessage and what `services.post_message` and `devices.post_key` raise.
    """
    kind, body = _text(data, "kind"), _bytes(data, "body")
    if kind == Entry.Kind.KEY:
        return post_key(room=room, sender=user, body=body)
    if kind != Entry.Kind.MESSAGE:
        raise BadMessage("kind")
    return services.post_message(
        room=room,
        sender=user,
        v=_whole(data, "v", 2),
        client_id=_text(data, "clientId"),
        body=body,
        opens=_wholes(data, "opens"),
        audience=_text(data, "audience"),
        files=_texts(data, "files"),
    )


def room_to_post(user: Any, key: str, data: dict[str, Any]) -> Room:
    """The room that `user` may post into: as a member, or an observer his key.

    Raises: NotAMember.
    """
    try:
        return room_for(user, key)
    except Http404:
        room = observed_room(user, key) if data.get("kind") == Entry.Kind.KEY else None
        if room is None:
            raise NotAMember from None
        return room


def _room(user: Any, key: str, data: dict[str, Any] | None = None) -> Room:
    return room_to_post(user, key, data or {})


def _wholes(data: dict[str, Any], field: str) -> list[int]:
    value = data.get(field, [])
    if not isinstance(value, list) or not all(type(one) is int for one in value):
        raise BadMessage(field)
    return value


def _texts(data: dict[str, Any], field: str) -> list[str]:
    """Names of sealed files: UUIDs, a few at most."""
    value = data.get(field, [])
    if not isinstance(value, list) or len(value) > MOST_FILES:
        raise BadMessage(field)
    try:
        return [str(uuid.UUID(one)) for one in value]
    except (ValueError, AttributeError, TypeError):
        raise BadMessage(field) from None


def _whole(data: dict[str, Any], field: str, default: int) -> int:
    value = data.get(field, default)
    if type(value) is not int:
        raise BadMessage(field)
    return value


def _text(data: dict[str, Any], field: str) -> str:
    value = data.get(field, "")
    if not isinstance(value, str):
        raise BadMessage(field)
    return value


def _bytes(data: dict[str, Any], field: str) -> bytes:
    try:
        return base64.b64decode(_text(data, field), validate=True)
    except (binascii.Error, ValueError):
        raise BadMessage(field) from None
