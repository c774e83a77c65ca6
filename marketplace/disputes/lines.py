"""The lines that a dispute leaves in the room's log: the same for every reader, so they name people and never say "you"."""

from __future__ import annotations

from collections.abc import Mapping

from chat.lines import register

LINES: Mapping[str, str] = {
    "statement_added": "{who} added to the case: {what}",
    "case_claimed": "{who} has the case and reads its record",
    "case_read": "{who} read the record of the case: {reason}",
    "case_asked": "{who} asks: {text} Please answer by {until}",
    "ruling_letter": "{letter}",
}


def line(code: str) -> str:
    """The code of a line in the chat's own table."""
    return f"dispute.{code}"


def register_lines() -> None:
    """Teach the chat log every line of a dispute."""
    for name, template in LINES.items():
        register(line(name), template)
