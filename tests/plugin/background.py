"""Everything that works behind the pages, in one thread: follower, relayer, sweeps, practice partner, and a node that goes on making blocks."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from stack import services

_REST_SECONDS = 0.1
# The node mines each transaction at once; the blocks after it, which make it deep, are made here.
_BLOCK_EVERY_SECONDS = 0.2
_SWEEP_EVERY_SECONDS = 1.0


class Background:
    """What the follower's process and the worker's schedule do elsewhere, in turn. Parts can be stopped."""

    def __init__(self, rpc_url: str) -> None:
        self._rpc_url = rpc_url
        self._relays = True
        self._stopping = threading.Event()
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="background", daemon=True)
        self._due: dict[str, float] = {}
        self._failures: list[str] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the turn that runs now."""
        self._stopping.set()
        self._thread.join(timeout=15)
        assert not self._thread.is_alive(), "the background work did not stop"
        assert not self._failures, "the background work failed:\n" + "\n".join(self._failures)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing works meanwhile."""
        with self._turn:
            yield

    def stop_relayer(self) -> None:
        """As if the relayer had died more than a minute ago: nothing signed is sent, and pages can know it."""
        from escrow.models import Relayer
        from escrow.selectors import STALE_RELAYER_SECONDS

        with self._turn:
            self._relays = False
            for row in Relayer.objects.all():
                row.checked_at -= timedelta(seconds=STALE_RELAYER_SECONDS + 1)
                row.save(update_fields=["checked_at"])

    def start_relayer(self) -> None:
        self._relays = True

    def _work(self) -> None:
        from django.db import connections

        try:
            while not self._stopping.wait(_REST_SECONDS):
                with self._turn:
                    self._try_one_turn()
        finally:
            connections.close_all()

    def _try_one_turn(self) -> None:
        """A failure does not end the work, as it would not elsewhere; it is told at the end."""
        try:
            self._one_turn()
        except Exception:
            self._failures.append(traceback.format_exc())

    def _one_turn(self) -> None:
        from escrow.tasks import relay, watch_submissions
        from marketplace.disputes.tasks import sweep_cases
        from marketplace.management.commands.follow import one_round
        from marketplace.notifications.tasks import send_notices
        from marketplace.trades.tasks import sweep_trades
        from practice.tasks import play

        self._every(_BLOCK_EVERY_SECONDS, "block", self._mine)
        one_round()
        if self._relays:
            relay()
        sweep_trades()
        sweep_cases()
        send_notices()
        self._every(_SWEEP_EVERY_SECONDS, "submissions", watch_submissions)
        self._every(_SWEEP_EVERY_SECONDS, "play", play)

    def _mine(self) -> None:
        """The next block, if its second is a later one: what becomes deep lies in the past, as on any other chain."""
        if self._time_of("pending") > self._time_of("latest"):
            services.rpc(self._rpc_url, "evm_mine")

    def _time_of(self, block: str) -> int:
        header = services.rpc(self._rpc_url, "eth_getBlockByNumber", block, False)
        assert isinstance(header, dict)
        return int(header["timestamp"], 16)

    def _every(self, seconds: float, name: str, action: Callable[[], object]) -> None:
        now = time.monotonic()
        if now >= self._due.get(name, 0.0):
            self._due[name] = now + seconds
            action()
