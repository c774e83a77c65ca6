"""What of a dispute is live: its lines in the room, and messages that were opened for the desk."""

from __future__ import annotations

from chat.models import Room
from chat.signals import opened
from marketplace.disputes.lines import register_lines
from marketplace.disputes.services import tell_opened


def register() -> None:
    """Called once when the site starts."""
    register_lines()
    opened.connect(_tell, dispatch_uid="disputes")


def _tell(sender: object, *, room: Room, audience: str, **facts: object) -> None:
    tell_opened(room=room, audience=audience)
