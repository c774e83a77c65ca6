"""Whose socket this is, asked of the session again each time: a page's rights end with its session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user,
    get_user_model,
)
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

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


def users_of(identities: Sequence[Identity]) -> list[Viewer | None]:
    """The users as the database has them now, None where `Identity.user` would say SignedOut; two queries for all.

    A visitor is nobody, whatever his session has become since: his page knows no person.
    """
    keys = {each.session_key for each in identities if each.user_id is not None}
    store = _session(None)
    rows = store.model.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    sessions = {
        key: store.decode(data) for key, data in rows.values_list("session_key", "session_data")
    }
    wanted = {each.user_id for each in identities if each.user_id is not None}
    people = get_user_model()._default_manager.in_bulk(wanted)
    return [_user_in(each, sessions, people) for each in identities]


def _user_in(
    identity: Identity, sessions: Mapping[str, Mapping[str, Any]], people: Mapping[Any, Any]
) -> Viewer | None:
    if identity.user_id is None:
        return AnonymousUser()
    session = sessions.get(identity.session_key or "", {})
    user = people.get(identity.user_id)
    is_his = (
        user is not None
        and user.is_active
        and session.get(SESSION_KEY) == user._meta.pk.value_to_string(user)
        and session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and constant_time_compare(session.get(HASH_SESSION_KEY) or "", user.get_session_auth_hash())
    )
    return user if is_his else None


def _session(key: str | None) -> Any:
    engine = import_module(settings.SESSION_ENGINE)
    return engine.SessionStore(key)
