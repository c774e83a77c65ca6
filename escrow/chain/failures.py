"""How often a node failed us, by method: counters in Redis for the metrics. They decide nothing and are never worth an error."""

from __future__ import annotations

import logging
from typing import Literal, cast

import redis

from realtime.store import PREFIX, client

# away: no answer in time. malformed: an answer that is none. refused: an error of the node's own, reverts aside.
Kind = Literal["away", "malformed", "refused"]

_KEY = f"{PREFIX}:rpc-failures"
_log = logging.getLogger(__name__)


def note(method: str, kind: Kind) -> None:
    """Count one failure; a Redis that is away loses it."""
    try:
        client().hincrby(_KEY, f"{method} {kind}", 1)
    except redis.RedisError:
        _log.debug("a failure of the node was not counted")


def counted() -> dict[tuple[str, str], int]:
    """Failures since Redis began, by method and kind.

    Raises: redis.RedisError.
    """
    found = client().hgetall(_KEY)
    return {_pair(cast(bytes, field)): int(times) for field, times in found.items()}


def _pair(field: bytes) -> tuple[str, str]:
    method, _, kind = field.decode().partition(" ")
    return method, kind
