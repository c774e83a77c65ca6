"""Introduces trades to the floors below: the socket's topic and the lines of the chat log."""

from __future__ import annotations

from marketplace.accounts.models import User
from marketplace.trades.access import trade_for_desk_or_party
from marketplace.trades.lines import register_lines
from realtime import topics


def register() -> None:
    """Called once, when the process starts."""
    topics.register("trade", may_watch, announces_presence=True)
    register_lines()


def may_watch(user: User, ref: str) -> bool:
    """Whether hints of this trade may reach this person."""
    return trade_for_desk_or_party(user, ref) is not None
