"""Hints: "look again, there is something up to seq". They carry no content and may be lost.

Published by a pooled synchronous client under the channel layer's own group name and serializer, since
`async_to_sync(layer.group_send)` opens a connection per call from a page thread. A test pins that a
subscribed consumer receives them.
"""

from __future__ import annotations

import functools
import logging
import time

import redis
from channels.layers import get_channel_layer
from channels_redis.utils import _consistent_hash, decode_hosts
from django.db import transaction

from realtime.store import client_of
from realtime.topics import group_of

HINT_TYPE = "topic.hint"
# After a failure Redis is left alone for this long: a page must not wait for it again and again.
QUIET_SECONDS = 2.0

_log = logging.getLogger(__name__)
_quiet_until = 0.0


def hint(topic: str, seq: int | None = None) -> None:
    """Tell listeners of `topic` to look again, once the transaction has committed.

    Never fails: whoever misses it finds out at the next pull.
    """
    transaction.on_commit(functools.partial(publish, topic, seq), robust=True)


def publish(topic: str, seq: int | None = None) -> bool:
    """Send the hint now; False if Redis did not take it."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return False
    try:
        layer = get_channel_layer()
        message = {"type": HINT_TYPE, "topic": topic, "seq": seq}
        _client_for(topic).publish(channel_of(topic), layer.serialize(message))
    except redis.RedisError:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        _log.warning("hint lost, Redis does not answer: %s", topic)
        return False
    return True


def channel_of(topic: str) -> str:
    """The Redis channel on which the layer listens for a topic's group."""
    prefix = get_channel_layer()._kwargs.get("prefix", "asgi")
    return f"{prefix}__group__{group_of(topic)}"


def _client_for(topic: str) -> redis.Redis:
    hosts = decode_hosts(get_channel_layer()._kwargs.get("hosts"))
    host = hosts[_consistent_hash(channel_of(topic), len(hosts))]
    return client_of(host["address"])
