"""Keeps a set of programs running until somebody says stop. Standard library only."""

from __future__ import annotations

import contextlib
import fcntl
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType

from stack.children import Child, Program, last_words, stop_all
from stack.folders import RUN
from stack.missing import MissingPrerequisite

_RESTART_AFTER_SECONDS = 1.0
_MOST_RESTARTS = 5
_RESTARTS_COUNT_FOR_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.25


class StopAsked(BaseException):
    """Somebody pressed ^C, ended the terminal or asked us to terminate."""


class AlreadyRunning(MissingPrerequisite):
    """Another `up` serves this folder."""


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """The right to run servers on this state folder.

    Raises:
        AlreadyRunning: somebody has it.
    """
    RUN.mkdir(parents=True, exist_ok=True)
    with (RUN / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning("Parley already runs from this folder.") from None
        yield


def listen_for_stop() -> None:
    """From now on ^C, SIGTERM and a closed terminal raise StopAsked, once; later ones change nothing."""

    def stop(number: int, frame: FrameType | None) -> None:
        for name in _STOP_SIGNALS:
            signal.signal(name, signal.SIG_IGN)
        raise StopAsked

    for name in _STOP_SIGNALS:
        signal.signal(name, stop)


_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Starts programs, restarts what falls, stops all in reverse order of their start."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._children: list[Child] = []
        self._passing: list[Child] = []
        self._restarts: dict[str, list[float]] = {}

    def start(self, program: Program) -> Child:
        child = Child(program)
        self._children.append(child)
        return child

    def begin(self, program: Program) -> Child:
        """Start something that ends by itself; `finish` waits for it."""
        child = Child(program)
        self._passing.append(child)
        return child

    def finish(self, child: Child, *, within_seconds: float) -> None:
        """Wait for the end of what `begin` started.

        Raises:
            MissingPrerequisite: it failed or took too long, with its last words.
        """
        deadline = time.monotonic() + within_seconds
        while child.exit_code is None and time.monotonic() < deadline:
            time.sleep(0.02)
        code, program = child.exit_code, child.program
        child.stop()
        self._passing.remove(child)
        if code is None:
            raise MissingPrerequisite(
                f"{program.name} took longer than {within_seconds:.0f} s; its log is {program.log}."
            )
        if code:
            raise MissingPrerequisite(
                f"{program.name} failed; its log {program.log} ends:\n{last_words(program.log)}"
            )

    def watch(self) -> None:
        """Keep everything running; returns only by an exception.

        Raises:
            StopAsked: by a signal.
            MissingPrerequisite: a program falls again and again.
        """
        while True:
            time.sleep(_LOOK_EVERY_SECONDS)
            for position, child in enumerate(self._children):
                if child.exit_code is not None:
                    self._children[position] = self._restarted(child)

    def stop(self) -> None:
        """Servers others depend on are stopped after those that use them."""
        users: list[Child] = list(self._passing)
        servers: list[Child] = []
        for child in self._children:
            (servers if child.program.serves_others else users).append(child)
        stop_all(users)
        stop_all(servers)
        self._children.clear()
        self._passing.clear()

    def _restarted(self, child: Child) -> Child:
        name = child.program.name
        now = time.monotonic()
        recent = [
            at for at in self._restarts.get(name, []) if now - at < _RESTARTS_COUNT_FOR_SECONDS
        ]
        if len(recent) >= _MOST_RESTARTS:
            raise MissingPrerequisite(
                f"{name} stops again and again; its log {child.program.log} says why."
            )
        self._restarts[name] = [*recent, now]
        self._say(f"{name} stopped (exit code {child.exit_code}); starting it again")
        child.stop()
        time.sleep(_RESTART_AFTER_SECONDS)
        again = Child(child.program)
        again.wait_until_ready()
        return again
