"""Sessions in the database with a copy in Redis. A Redis that is away or full costs a query, never the page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cached_db
from django.core.cache import caches
from redis import RedisError

logger = logging.getLogger(__name__)

# A copy that could not be taken away (Redis was not there when somebody signed out) is believed no longer than this.
COPY_SECONDS = 300


class SessionStore(cached_db.SessionStore):
    """Django's, over a copy that may fail."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._cache: Any = _Copy(caches[settings.SESSION_CACHE_ALIAS])


class _Copy:
    """A cache whose failures read as "not there"."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __contains__(self, key: str) -> bool:
        return bool(_tried(lambda: key in self._cache))

    def get(self, key: str) -> Any:
        return _tried(lambda: self._cache.get(key))

    def set(self, key: str, value: Any, timeout: int) -> None:
        try:
            self._cache.set(key, value, min(timeout, COPY_SECONDS))
        except RedisError as error:
            logger.debug("the copy of a session: %s", error)
            # A full Redis still holds the copy before this one.
            self.delete(key)

    def delete(self, key: str) -> None:
        _tried(lambda: self._cache.delete(key))


def _tried(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except RedisError as error:
        logger.debug("the copy of a session: %s", error)
        return None
