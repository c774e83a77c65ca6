"""Child processes that cannot outlive us: each is told by the kernel when its parent dies. Standard library only.

Start children from the main thread only: the kernel's notice is tied to the thread that forked.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stack.missing import MissingPrerequisite

# A program that ends with this code has explained itself in the last line it wrote.
REFUSED = 3

_PR_SET_PDEATHSIG = 1
_LAST_WORDS = 1500


@dataclass(frozen=True)
class Program:
    """What to run and how to see that it is ready.

    `is_ready` is asked again and again and must answer within a second. `stop_signal` is the one after
    which the program ends in order; it is also what the kernel sends when we die.
    """

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    ready_within_seconds: float = 30.0
    # Done once after each start, before anybody relies on the program.
    once_ready: Callable[[], None] | None = None
    run_as: int | None = None
    # Where the child's process id is noted, so that a later start can end what a crash left.
    pid_file: Path | None = None
    folder: Path | None = None
    # Servers are stopped after the programs that use them.
    serves_others: bool = False


class Child:
    """One running program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        program.log.parent.mkdir(parents=True, exist_ok=True)
        self._log = program.log.open("ab")
        self._process = subprocess.Popen(
            list(program.command),
            cwd=program.folder,
            env={**os.environ, **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            # A session of its own: ^C at the terminal reaches us alone, and we stop children in order.
            start_new_session=True,
            user=program.run_as,
            preexec_fn=_die_with_parent(program.stop_signal),  # noqa: PLW1509 - see the module's rule
        )
        if program.pid_file:
            program.pid_file.parent.mkdir(parents=True, exist_ok=True)
            program.pid_file.write_text(f"{self.pid} {Path(program.command[0]).name}\n")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def is_ready(self) -> bool:
        """Raises:
        MissingPrerequisite: it has ended instead, with its last words.
        """
        if self.exit_code == REFUSED:
            raise MissingPrerequisite(last_words(self.program.log).splitlines()[-1])
        if self.exit_code is not None:
            raise MissingPrerequisite(
                f"{self.program.name} stopped at once (exit code {self.exit_code}); its log "
                f"{self.program.log} ends:\n{last_words(self.program.log)}"
            )
        with contextlib.suppress(OSError):
            return self.program.is_ready()
        return False

    def wait_until_ready(self) -> None:
        """Raises:
        MissingPrerequisite: it ended, or was not ready within its time.
        """
        deadline = time.monotonic() + self.program.ready_within_seconds
        while not self.is_ready():
            if time.monotonic() > deadline:
                raise MissingPrerequisite(
                    f"{self.program.name} was not ready after {self.program.ready_within_seconds:.0f} s; "
                    f"its log {self.program.log} ends:\n{last_words(self.program.log)}"
                )
            time.sleep(0.02)
        if self.program.once_ready:
            self.program.once_ready()

    def ask_to_stop(self) -> None:
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self.program.stop_signal)

    def stop(self, within_seconds: float = 5.0) -> None:
        """Ask, wait, and at last kill."""
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(within_seconds)
        # Whatever is left of its session, be it the program itself or what it started.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()
        if self.program.pid_file:
            self.program.pid_file.unlink(missing_ok=True)


def stop_all(children: Sequence[Child], within_seconds: float = 5.0) -> None:
    """Ask all at once, so that the slowest alone sets the time."""
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop(within_seconds)


def end_leftovers(folder: Path) -> list[str]:
    """End what an earlier run left behind, by the ids it noted; the names of those that were there."""
    ended = []
    for note in sorted(folder.glob("*.pid")):
        words = note.read_text().split()
        if len(words) == 2 and words[0].isdigit() and _is_running(int(words[0]), words[1]):
            _end(int(words[0]))
            ended.append(note.stem)
        note.unlink(missing_ok=True)
    return ended


def last_words(log: Path) -> str:
    """The end of a log, for an error message."""
    with contextlib.suppress(OSError):
        return log.read_bytes()[-_LAST_WORDS:].decode("utf-8", "replace").strip()
    return ""


def _die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """A function for between fork and exec; made before the fork because loading a library there may hang."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def after_fork() -> None:
        prctl(_PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
        # The parent may have died before the kernel knew of our wish.
        if os.getppid() != parent:
            os._exit(1)

    return after_fork


def _is_running(pid: int, name: str) -> bool:
    """Whether that id still belongs to the program we started and not to another one that came later."""
    answer = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return name in answer.stdout


def _end(pid: int) -> None:
    for wish, patience_seconds in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 2.0)):
        try:
            os.kill(pid, wish)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.05)
