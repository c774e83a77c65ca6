"""The live topic of one market; anybody may listen to it."""

from __future__ import annotations

from marketplace.accounts.models import User
from realtime import topics

PREFIX = "market"


def is_market(user: User, key: str) -> bool:
    """Whether `key` looks like "sell:USDC:EUR"; what is on it is public."""
    parts = key.split(":")
    return len(parts) == 3 and parts[0] in {"sell", "buy"}


def register() -> None:
    """Makes the topic known; called once when the app is ready."""
    topics.register(PREFIX, is_market, None)
