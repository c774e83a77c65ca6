"""What the chat's templates read: the hub's own lines of a room, and who is there."""

from __future__ import annotations

from typing import Any

from django import template

from chat.models import Room
from chat.selectors import entry_json, room_lines
from realtime.presence import is_here

register = template.Library()


@register.simple_tag
def lines_of(room: Room) -> list[dict[str, Any]]:
    """The room's lines with their moments, in order: what can be read without a script."""
    return [entry_json(entry) | {"moment": entry.created_at} for entry in room_lines(room)]


@register.simple_tag
def is_in_room(room: Room, user: Any) -> bool:
    """Whether the other side has the conversation open."""
    return is_here(room.topic, user.pk)
