"""The live topic of one person: his inbox and the count on the bell."""

from __future__ import annotations

from marketplace.accounts.models import User
from realtime import topics

PREFIX = "user"


def is_own(user: User, key: str) -> bool:
    """Nobody listens to somebody else's."""
    return key == str(user.pk)


def register() -> None:
    """Makes the topic known; called once when the app is ready."""
    topics.register(PREFIX, is_own, None)
