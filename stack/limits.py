"""Ends a worker whose task does not end. Celery enforces its limits on processes only; ours runs tasks in threads.

Time is counted by a clock that nobody can set.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

from celery.signals import task_postrun, task_prerun, worker_ready

logger = logging.getLogger(__name__)
LOOK_EVERY_SECONDS = 1.0
OVERRUN = 70

_running: dict[str, tuple[str, float]] = {}


def watch() -> None:
    """From the worker's readiness on, end this process when a task runs past its hard limit."""
    task_prerun.connect(_note_begin)
    task_postrun.connect(_note_end)
    worker_ready.connect(_start)


def _note_begin(task_id: str, task: Any, **facts: Any) -> None:
    limit = task.time_limit or task.app.conf.task_time_limit
    _running[task_id] = (task.name, time.monotonic() + limit)


def _note_end(task_id: str, **facts: Any) -> None:
    _running.pop(task_id, None)


def _start(**facts: Any) -> None:
    threading.Thread(target=_look, name="limits", daemon=True).start()


def _look() -> None:
    while True:
        time.sleep(LOOK_EVERY_SECONDS)
        now = time.monotonic()
        late = [name for name, until in list(_running.values()) if now > until]
        if late:
            logger.critical("%s ran past its limit; this worker ends and is started again", late)
            os._exit(OVERRUN)
