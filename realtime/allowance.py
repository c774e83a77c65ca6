"""How much one person may do in a while: shared limits in Redis, and a bucket per socket in memory."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import limits
import redis
from django.conf import settings
from limits.strategies import MovingWindowRateLimiter

from realtime.store import TIMEOUT_SECONDS
from realtime.topics import Refused


class TooFast(Refused):
    """The person did this too often; `retry_seconds` says when it may work again."""

    code = "too_fast"

    def __init__(self, retry_seconds: int) -> None:
        self.retry_seconds = max(1, retry_seconds)
        super().__init__(
            f"That was a lot at once. Try again in {self.retry_seconds} s.",
            details={"retry": self.retry_seconds},
        )


def spend(limit: str, *who: object) -> None:
    """Count one use of `limit` ("20/10 seconds") for `who`, across all processes.

    An absent Redis lets it pass: the bucket of each socket still holds.

    Raises: TooFast.
    """
    rule = limits.parse(limit)
    names = [str(name) for name in who]
    try:
        if _limiter(settings.REDIS_URL).hit(rule, *names):
            return
        reset, _ = _limiter(settings.REDIS_URL).get_window_stats(rule, *names)
    except (redis.RedisError, limits.errors.StorageError):
        return
    raise TooFast(int(reset - time.time()) + 1)


@dataclass
class Bucket:
    """Tokens in memory: `size` at once, refilled evenly over `seconds`."""

    size: int
    seconds: float
    clock: Callable[[], float] = time.monotonic
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._left, self._at = float(self.size), self.clock()

    def take(self) -> bool:
        """Take one token; False if there is none."""
        now = self.clock()
        self._left = min(self.size, self._left + (now - self._at) * self.size / self.seconds)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@functools.cache
def _limiter(url: str) -> MovingWindowRateLimiter:
    storage = limits.storage.RedisStorage(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    )
    return MovingWindowRateLimiter(storage)
