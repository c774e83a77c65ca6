"""Whose socket this is, asked of the session again each time: a page's rights end with its session."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from realtime.topics import Refused, Viewer


class SignedOut(Refused):
    """The session the socket was opened with is over."""

    code = "signed_out"

    def __init__(self) -> None:
        super().__init__("You are signed out. Sign in again to go on; nothing you did is lost.")


@dataclass(frozen=True)
class Identity:
    """The session key and user of a handshake; `user_id` is None for a visitor."""

    session_key: str | None
    user_id: int | None

    def user(self) -> Viewer:
        """The user as the database has it now.

        Raises: SignedOut if the session ended, expired, or is somebody else's now.
        """
        request = HttpRequest()
        request.session = _session(self.session_key)
        user = get_user(request)
        if self.user_id is not None and (user.pk != self.user_id or not user.is_active):
            raise SignedOut
        return user


def _session(key: str | None) -> Any:
    engine = import_module(settings.SESSION_ENGINE)
    return engine.SessionStore(key)
