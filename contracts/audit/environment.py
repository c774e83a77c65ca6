"""The environment of slither and halmos: .parley/audit, made from requirements.txt when missing or stale. Standard library only."""

import fcntl
import hashlib
import os
import sys
import venv
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parent.parent
ROOT = CONTRACTS.parent
sys.path.insert(0, str(ROOT))

from stack import node, tools  # noqa: E402

REQUIREMENTS = Path(__file__).resolve().parent / "requirements.txt"
VENV = ROOT / ".parley" / "audit"


def program(name: str) -> str:
    """`slither`, `halmos` or `python` of the environment.

    Raises: stack.missing.MissingPrerequisite when it cannot be made.
    """
    VENV.parent.mkdir(parents=True, exist_ok=True)
    with (VENV.parent / "audit.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_current():
            _make()
    return str(VENV / "bin" / name)


def variables() -> dict[str, str]:
    """What the programs need to find: node for the compiler, and forge itself, which the one in .bin only wraps."""
    path = node.environment()["PATH"]
    return {**os.environ, "PATH": f"{Path(node.native_program('forge')).parent}{os.pathsep}{path}"}


def _is_current() -> bool:
    stamp = VENV / ".installed"
    return stamp.exists() and stamp.read_text() == _fingerprint()


def _make() -> None:
    print("  installing slither and halmos", file=sys.stderr, flush=True)
    venv.create(VENV, clear=True, with_pip=False)
    tools.install(["--require-hashes", "-r", str(REQUIREMENTS)], python=str(VENV / "bin" / "python"))
    (VENV / ".installed").write_text(_fingerprint())


def _fingerprint() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
