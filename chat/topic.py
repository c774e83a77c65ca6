"""The topic `room:<key>`: pull, post and mark over the socket, by the same services as the HTTP twin."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.http import Http404

from chat import services
from chat.errors import BadMessage, NotAMember
from chat.models import Entry, Room
from chat.selectors import PAGE, entry_json, is_member, page_of, room_for
from realtime import topics


def register() -> None:
    """Make rooms reachable over the socket."""
    topics.register(
        "room", is_member, {"pull": pull, "post": post, "mark": mark}, announces_presence=True
    )


def pull(user: Any, key: str, data: dict[str, Any]) -> dict[str, Any]:
    """data: {after, limit?}. Answers what `selectors.page_of` says."""
    return page_of(_room(user, key), user, _whole(data, "after", 0), _whole(data, "limit", PAGE))


def post(user: Any, key: str, data: dict[str, Any]) -> dict[str, Any]:
    """data: {v, kind, clientId, device, body (base64)}. Answers {entry}: it is stored."""
    return {"entry": entry_json(store_message(_room(user, key), user, data))}


def mark(user: Any, key: str, data: dict[str, Any]) -> dict[str, Any]:
    """data: {delivered?, read?}. Answers the marks as they stand."""
    member = services.mark(
        _room(user, key), user, delivered=_whole(data, "delivered", 0), read=_whole(data, "read", 0)
    )
    return {"delivered": member.delivered_seq, "read": member.read_seq}


def store_message(room: Room, user: Any, data: dict[str, Any]) -> Entry:
    """The entry stored for a browser's message.

    Raises: BadMessage and what `services.post_message` raises.
    """
    return services.post_message(
        room=room,
        sender=user,
        v=_whole(data, "v", 1),
        kind=_text(data, "kind"),
        client_id=_text(data, "clientId"),
        device=_text(data, "device"),
        body=_bytes(data, "body"),
    )


def _room(user: Any, key: str) -> Room:
    try:
        return room_for(user, key)
    except Http404:
        raise NotAMember from None


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
