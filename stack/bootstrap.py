"""Makes a bare checkout able to run: environment, packages, node tools. Standard library only.

Each need is checked against what lies on disk, so a second call costs milliseconds; what is missing
is installed side by side. Install scripts of node packages stay off.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import sys
import venv
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack import node, tools
from stack.folders import ROOT, STATE, VENV, venv_python
from stack.missing import MissingPrerequisite

RUNTIME_REQUIREMENTS = ROOT / "requirements.txt"
DEV_REQUIREMENTS = ROOT / "requirements-dev.txt"

# Commands that start the product, and those that check it; all others need the packages alone.
RUNNING_COMMANDS = {"up", "bench", "devnet"}
CHECKING_COMMANDS = {"verify"}


def enter(argv: list[str]) -> None:
    """Returns inside the checkout's own environment with everything `argv` needs, or replaces this
    process by one that is. Does nothing where PARLEY_BOOTSTRAP=0 says the machine is set up by others.
    """
    if os.environ.get("PARLEY_BOOTSTRAP") == "0":
        return
    command = argv[1] if len(argv) > 1 else ""
    try:
        prepare(command)
    except MissingPrerequisite as missing:
        sys.exit(f"\n{missing}")
    except KeyboardInterrupt:
        sys.exit("\nStopped while installing; run the same command again to go on.")
    if not _is_inside():
        python = str(venv_python())
        os.execv(python, [python, *argv])


def prepare(command: str) -> None:
    """Install whatever `command` lacks; independent installations run side by side.

    Raises:
        MissingPrerequisite: something only the person at the machine can install.
    """
    checking = command in CHECKING_COMMANDS
    jobs = [job for job in _jobs(command, checking) if not job.is_done()]
    if not jobs:
        return
    with _only_one_at_a_time():
        jobs = [job for job in jobs if not job.is_done()]
        for job in jobs:
            print(f"  installing {job.label}", flush=True)
        with ThreadPoolExecutor(max_workers=len(jobs) or 1) as pool:
            for done in [pool.submit(job.run) for job in jobs]:
                done.result()


class _Job:
    """One thing to install: how to see that it is there, and how to get it."""

    def __init__(self, label: str, is_done: Callable[[], bool], run: Callable[[], None]) -> None:
        self.label = label
        self.is_done = is_done
        self.run = run


def _jobs(command: str, checking: bool) -> list[_Job]:
    files = [RUNTIME_REQUIREMENTS, *([DEV_REQUIREMENTS] if checking else [])]
    jobs = [
        _Job("Python packages", lambda: _has_packages(files), lambda: _install_packages(files)),
    ]
    if checking or command in RUNNING_COMMANDS:
        jobs.append(_Job("Redis", tools.has_redis, tools.install_redis))
        jobs.append(
            _Job(
                "node packages",
                lambda: node.has_packages(development=checking),
                lambda: node.install_packages(development=checking),
            )
        )
    return jobs


def _is_inside() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


# --- Python packages -------------------------------------------------------------------------


def _has_packages(files: list[Path]) -> bool:
    return venv_python().exists() and all(
        _stamp(file).exists() and _stamp(file).read_text() == _fingerprint(file) for file in files
    )


def _install_packages(files: list[Path]) -> None:
    if not venv_python().exists():
        # Without pip: quicker, and it works where Debian's python3-venv is not installed.
        venv.create(VENV, clear=True, with_pip=False, symlinks=os.name != "nt")
    wanted = [argument for file in files for argument in ("-r", str(file))]
    tools.install(["--require-hashes", *wanted], python=str(venv_python()))
    _make_importable()
    for file in files:
        _stamp(file).write_text(_fingerprint(file))


def _make_importable() -> None:
    """Every program of the environment (pytest, mypy, celery) finds the checkout's modules from anywhere."""
    for packages in VENV.glob("lib/python*/site-packages"):
        (packages / "parley.pth").write_text(f"{ROOT}\n")


def _stamp(file: Path) -> Path:
    return VENV / f".installed-{file.stem}"


def _fingerprint(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@contextlib.contextmanager
def _only_one_at_a_time() -> Iterator[None]:
    """Two commands started together must not install into one folder at once."""
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
