"""Several processes out of one: the parent loads the program once, its forks share that memory, and one that falls is made anew.

The parent holds no connection and no thread. Forks die with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import NoReturn

logger = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_STOP_WITHIN_SECONDS = 4.0
# One that falls at once must not keep the machine busy.
_LEAST_LIFE_SECONDS = 2.0


class Crew:
    """Runs each member in a process of its own until told to stop."""

    def __init__(self, members: Mapping[str, Callable[[], None]]) -> None:
        self._members = members
        self._names: dict[int, str] = {}
        self._started: dict[str, float] = {}
        self._is_stopping = False

    def run(self) -> None:
        """Fork all, fork anew those that fall, and on SIGTERM or ^C end all."""
        for number in _STOP_SIGNALS:
            signal.signal(number, self._ask_to_stop)
        # Collected garbage would touch, and so copy, the pages the forks share.
        gc.collect()
        gc.freeze()
        for name in self._members:
            self._fork(name)
        while self._names:
            pid, status = os.waitpid(-1, 0)
            self._replace(pid, os.waitstatus_to_exitcode(status))

    def _fork(self, name: str) -> None:
        self._started[name] = time.monotonic()
        # Loaded before the fork: loading a library after it may hang.
        prctl = ctypes.CDLL(None).prctl if sys.platform.startswith("linux") else None
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            if prctl is not None:
                prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)
            self._be(name)
        self._names[pid] = name
        if self._is_stopping:
            os.kill(pid, signal.SIGTERM)

    def _be(self, name: str) -> NoReturn:
        code = 1
        try:
            for number in _STOP_SIGNALS:
                signal.signal(number, signal.default_int_handler)
            self._members[name]()
            code = 0
        except (SystemExit, KeyboardInterrupt):
            code = 0
        except BaseException:
            logger.exception("%s failed", name)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _replace(self, pid: int, code: int) -> None:
        name = self._names.pop(pid)
        if self._is_stopping:
            return
        logger.error("%s ended (%s); starting it again", name, code)
        lived = time.monotonic() - self._started[name]
        time.sleep(max(0.0, _LEAST_LIFE_SECONDS - lived))
        self._fork(name)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._is_stopping = True
        signal.signal(signal.SIGALRM, self._kill)
        signal.setitimer(signal.ITIMER_REAL, _STOP_WITHIN_SECONDS)
        self._tell(signal.SIGTERM)

    def _kill(self, number: int, frame: FrameType | None) -> None:
        self._tell(signal.SIGKILL)

    def _tell(self, number: signal.Signals) -> None:
        for pid in list(self._names):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
