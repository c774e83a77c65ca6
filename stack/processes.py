"""The product's own processes as programs to start: web, worker, follower, page bundle. Standard library only."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import replace

from stack import bundle, node, prepared
from stack.children import Program
from stack.folders import LOGS, ROOT, RUN, venv_python

PREPARE_SECONDS = 180.0
LARGEST_FRAME_BYTES = 64 * 1024


def build() -> Program:
    """The page bundle; ends by itself."""
    return Program(
        name="page bundle",
        command=bundle.command(),
        is_ready=lambda: True,
        log=LOGS / "bundle.log",
        environment=node.environment(),
        folder=ROOT,
    )


def web(environment: Mapping[str, str], *, port: int) -> Program:
    """Pages and sockets on one port."""
    listen = ["--host", "127.0.0.1", "--port", str(port), "--no-proxy-headers"]
    quiet = ["--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "3"]
    limits = ["--ws-max-size", str(LARGEST_FRAME_BYTES), "--ws-per-message-deflate", "false"]
    return _python(
        "web", ["-m", "uvicorn", "config.asgi:application", *listen, *quiet, *limits], environment
    )


def worker(environment: Mapping[str, str]) -> Program:
    """Tasks and their schedule."""
    return _python("worker", ["manage.py", "work"], environment)


def follower(environment: Mapping[str, str]) -> Program:
    """Deploys, migrates, registers and seeds what is absent, then reads the chain and moves the trades.

    One process for both, since Python and Django take longer to start than a warm preparation does.
    """
    program = _python("follower", ["manage.py", "prepare", "--then", "follow"], environment)
    return replace(program, is_ready=prepared.is_done, ready_within_seconds=PREPARE_SECONDS)


def what_is_missing(origin: str) -> str:
    """Nothing when /healthz says that every part works, else its words or why it does not answer."""
    try:
        with urllib.request.urlopen(f"{origin}/healthz", timeout=2) as answer:
            return "" if answer.status == 200 else str(answer.status)
    except urllib.error.HTTPError as unwell:
        lines = unwell.read().decode("utf-8", "replace").splitlines()
        return "; ".join(line for line in lines if not line.endswith(": ok"))
    except OSError as error:
        return f"the web process does not answer ({error})"


def waits_for_operator(missing: str) -> bool:
    """Whether nothing is wrong but that the follower has halted; the text names the command that goes on."""
    return missing.startswith("chain: ") and "chain_resume" in missing


def _python(name: str, arguments: list[str], environment: Mapping[str, str]) -> Program:
    return Program(
        name=name,
        command=[str(venv_python()), *arguments],
        is_ready=lambda: True,
        log=LOGS / f"{name}.log",
        environment={
            **environment,
            # Two memory arenas instead of eight per core: a third less memory with threads.
            "MALLOC_ARENA_MAX": "2",
            "PYTHONUNBUFFERED": "1",
            "PARLEY_BOOTSTRAP": "0",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        },
        folder=ROOT,
        pid_file=RUN / f"{name}.pid",
    )
