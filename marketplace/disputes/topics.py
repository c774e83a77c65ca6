"""What of a dispute is live: its lines in the room."""

from __future__ import annotations

from marketplace.disputes.lines import register_lines


def register() -> None:
    """Called once when the site starts."""
    register_lines()
