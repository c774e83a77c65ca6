"""Which topics exist, who may listen to them, and what can be asked of them.

A topic is `prefix:key`, e.g. `room:trade-7F3K-22`. The owner of the thing behind it registers the
prefix; this floor knows no chat and no trade.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

Viewer = AbstractBaseUser | AnonymousUser
Authorise = Callable[[Any, str], bool]
# The same for many people and keys at once, in order.
AuthoriseAll = Callable[[Sequence[tuple[Any, str]]], Sequence[bool]]
Action = Callable[[Any, str, dict[str, Any]], dict[str, Any]]

KEY_LENGTH = 64
_PREFIX = re.compile(r"[a-z]{1,16}")
_TOPIC = re.compile(r"([a-z]{1,16}):([A-Za-z0-9_:\-]{1,64})")


class Refused(Exception):
    """An action said no for a reason the person can be told; `code` is for programs."""

    code = "refused"

    def __init__(
        self, text: str, *, code: str | None = None, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(text)
        self.code = code or self.code
        self.details = details or {}


class NoSuchTopic(Refused):
    """There is no such topic, or it is not this person's: the two look the same."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("This is not open to you, or not any more.")


class NoSuchAction(Refused):
    """The topic exists, but this cannot be asked of it."""

    code = "unknown_action"

    def __init__(self) -> None:
        super().__init__("This page asked for something the site does not know. Reload the page.")


@dataclass(frozen=True, eq=False)
class TopicKind:
    """What is registered under one prefix."""

    prefix: str
    authorise: Authorise
    handle: Mapping[str, Action] = field(default_factory=dict)
    announces_presence: bool = False
    authorise_all: AuthoriseAll | None = None

    def are_open(self, pairs: Sequence[tuple[Viewer, str]]) -> Sequence[bool]:
        """For each user and key, whether he may listen right now."""
        if self.authorise_all is not None:
            return self.authorise_all(pairs)
        return [bool(self.authorise(user, key)) for user, key in pairs]


@dataclass(frozen=True)
class Topic:
    """One parsed topic name with its kind."""

    name: str
    key: str
    kind: TopicKind

    def is_open_to(self, user: Viewer) -> bool:
        """Whether `user` may listen and act right now."""
        return bool(self.kind.authorise(user, self.key))

    def perform(self, user: Viewer, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The answer of `action`, after asking again whether `user` may.

        Raises: NoSuchTopic, NoSuchAction, and what the action itself refuses with.
        """
        if not self.is_open_to(user):
            raise NoSuchTopic
        handler = self.kind.handle.get(action)
        if handler is None:
            raise NoSuchAction
        return handler(user, self.key, arguments)


_kinds: dict[str, TopicKind] = {}


def register(
    prefix: str,
    authorise: Authorise,
    handle: Mapping[str, Action] | None = None,
    *,
    announces_presence: bool = False,
    authorise_all: AuthoriseAll | None = None,
) -> None:
    """Make `prefix:<key>` a topic; a second registration replaces the first.

    `authorise(user, key)` is asked at subscription, at every action and every few seconds in between;
    `user` may be anonymous. `handle` maps action names to `(user, key, data) -> data`; the action
    named `pull` answers pulls. `authorise_all` answers the same for many at once. With `announces_presence` coming and going is hinted to the topic.
    """
    prefix = prefix.rstrip(":")
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"a topic prefix is 1 to 16 small letters, not {prefix!r}")
    _kinds[prefix] = TopicKind(
        prefix, authorise, dict(handle or {}), announces_presence, authorise_all
    )


def topic_named(name: object) -> Topic:
    """The topic called `name`.

    Raises: NoSuchTopic for anything that is not a well-formed name of a registered kind.
    """
    found = _TOPIC.fullmatch(name) if isinstance(name, str) else None
    kind = _kinds.get(found.group(1)) if found else None
    if found is None or kind is None:
        raise NoSuchTopic
    return Topic(found.group(0), found.group(2), kind)


def group_of(topic: str) -> str:
    """The channel layer's group of a topic; one to one, since keys hold no dots."""
    return topic.replace(":", ".")
