"""Who is here: which people have a live socket on a topic. Kept in Redis with an expiry, never a truth."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Any

import redis

from realtime.store import PREFIX, client
from realtime.topics import group_of

# A socket renews itself every HEARTBEAT_SECONDS of the consumer; a killed server is forgotten after this.
TTL_SECONDS = 20
MOST_SOCKETS = 12

_log = logging.getLogger(__name__)


def is_here(topic: str, user_id: int) -> bool:
    """Whether a socket of the user listens to `topic`; False when Redis cannot say."""
    return user_id in who_is_here(topic, [user_id])


def who_is_here(topic: str, user_ids: Iterable[int]) -> set[int]:
    """Those of `user_ids` who have a live socket on `topic`."""
    ids = list(user_ids)
    try:
        pipe = client().pipeline(transaction=False)
        for user_id in ids:
            pipe.zcount(_key(topic, user_id), time.time(), "+inf")
        return {user_id for user_id, sockets in zip(ids, pipe.execute(), strict=True) if sockets}
    except redis.RedisError:
        return set()


def renew(topics: Iterable[str], *, user_id: int, socket_id: str) -> None:
    """Say that this socket still listens to `topics`; a Redis that is away is ignored."""
    now = time.time()
    try:
        pipe = client().pipeline(transaction=False)
        for topic in topics:
            _renew(pipe, _key(topic, user_id), socket_id, now)
        pipe.execute()
    except redis.RedisError:
        _log.debug("presence not renewed")


def leave(topics: Iterable[str], *, user_id: int, socket_id: str) -> None:
    """Forget this socket on `topics`."""
    try:
        pipe = client().pipeline(transaction=False)
        for topic in topics:
            pipe.zrem(_key(topic, user_id), socket_id)
        pipe.execute()
    except redis.RedisError:
        _log.debug("presence not taken back")


def admit(user_id: int, socket_id: str) -> bool:
    """Count a new socket of the user; False if there are too many already. An absent Redis admits."""
    key = f"{PREFIX}:sockets:{user_id}"
    now = time.time()
    try:
        pipe = client().pipeline()
        pipe.zremrangebyscore(key, "-inf", now)
        pipe.zadd(key, {socket_id: now + TTL_SECONDS})
        pipe.zcard(key)
        pipe.expire(key, TTL_SECONDS * 2)
        is_room = int(pipe.execute()[2]) <= MOST_SOCKETS
        if not is_room:
            client().zrem(key, socket_id)
    except redis.RedisError:
        return True
    return is_room


def renew_all(sockets: Iterable[tuple[int, str, Iterable[str]]]) -> None:
    """Keep sockets counted, and say that each still listens: (user id, socket id, topics) of many in one round trip."""
    now = time.time()
    expires = now + TTL_SECONDS
    try:
        pipe = client().pipeline(transaction=False)
        for user_id, socket_id, topics in sockets:
            counted = f"{PREFIX}:sockets:{user_id}"
            pipe.zadd(counted, {socket_id: expires})
            pipe.expire(counted, TTL_SECONDS * 2)
            for topic in topics:
                _renew(pipe, _key(topic, user_id), socket_id, now)
        pipe.execute()
    except redis.RedisError:
        _log.debug("presence not renewed")


def _renew(pipe: Any, key: str, socket_id: str, now: float) -> None:
    pipe.zadd(key, {socket_id: now + TTL_SECONDS})
    pipe.zremrangebyscore(key, "-inf", now)
    pipe.expire(key, TTL_SECONDS * 2)


def dismiss(user_id: int, socket_id: str) -> None:
    """Stop counting the socket."""
    try:
        client().zrem(f"{PREFIX}:sockets:{user_id}", socket_id)
    except redis.RedisError:
        _log.debug("socket not taken back")


def _key(topic: str, user_id: int) -> str:
    return f"{PREFIX}:here:{group_of(topic)}:{user_id}"
