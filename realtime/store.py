"""The pooled, synchronous Redis client of this floor. Nothing that matters is kept there."""

from __future__ import annotations

import functools

import redis
from django.conf import settings

# A stalled Redis may cost a page this long, not more; hints are worth less than that.
TIMEOUT_SECONDS = 0.5
PREFIX = "parley"


@functools.cache
def client_of(url: str) -> redis.Redis:
    """The process-wide client of one server; connections are opened when needed and kept."""
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    )


def client() -> redis.Redis:
    """The client of the hub's own Redis."""
    return client_of(settings.REDIS_URL)
