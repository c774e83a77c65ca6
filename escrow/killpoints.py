"""Named places at which a process can be made to end, so that tests can see what survives an end just there.

Product code says `reach("name")` and goes on. Only on a devnet whose environment names a place (KILL_AT) does the process
end there, as hard as by `kill -9`. The names are below, in the order in which an event passes them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

# name of the place; with "name:3" the process ends when it comes there for the third time
VARIABLE = "KILL_AT"

FOLLOWER = (
    "follower.identity_checked",
    "follower.head_read",
    "follower.batch_read",
    "follower.batch_opened",
    "follower.headers_stored",
    "follower.rows_moved",
    "follower.events_stored",
    "follower.cursor_moved",
    "follower.committed",
)
REORG = ("reorg.read", "reorg.marked", "reorg.stored", "reorg.rows_moved", "reorg.committed")
PROJECTION = ("projection.begun", "projection.moved", "projection.marked", "projection.committed")
RELAYER = ("node.before_send", "node.after_send")
ALL = FOLLOWER + REORG + PROJECTION + RELAYER


def reach(name: str) -> None:
    """The process has come to this place."""
    if on_reach is not None:
        on_reach(name)


def _armed(wanted: str) -> Callable[[str], None] | None:
    if not wanted or os.environ.get("DEVNET", "1") != "1":
        return None
    place, _, count = wanted.partition(":")
    left = int(count or 1)

    def end(name: str) -> None:
        nonlocal left
        if name == place:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return end


# What happens at a place; nothing in a process that nobody armed.
on_reach: Callable[[str], None] | None = _armed(os.environ.get(VARIABLE, ""))
