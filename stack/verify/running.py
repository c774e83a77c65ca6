"""Runs one stage and reads how many tests it ran from what it printed."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from stack import node
from stack.folders import LOGS
from stack.verify.stages import Counted, Stage

_SHOWN_LINES = 80


@dataclass(frozen=True)
class Result:
    """How one stage ended; a check counts as one test."""

    stage: Stage
    passed: int
    failed: int
    seconds: float

    @property
    def is_passed(self) -> bool:
        return not self.failed


def run(stage: Stage) -> Result:
    """Run the stage's commands until one fails; the output goes to a log and, on failure, to the terminal."""
    started_at = time.monotonic()
    log = LOGS / f"verify-{stage.name.replace(' ', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    output = ""
    code = 0
    for command in stage.commands:
        code, words = _output(command, stage)
        output += words
        if code:
            break
    log.write_text(output)
    if code:
        lines = output.strip().splitlines()
        print(
            "\n".join(
                ["", *lines[-_SHOWN_LINES:], f"  -> {stage.name} failed; all of it is in {log}", ""]
            ),
            flush=True,
        )
    passed, failed = _counts(output, stage.counted, is_ok=code == 0)
    return Result(stage, passed, failed, time.monotonic() - started_at)


def _output(command: Sequence[str], stage: Stage) -> tuple[int, str]:
    """Exit code and words; a command that is not there failed like any other."""
    environment = {**node.environment(), **stage.environment, "PARLEY_BOOTSTRAP": "0"}
    try:
        done = subprocess.run(
            list(command),
            cwd=stage.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as missing:
        return 127, f"{missing}\n"
    return done.returncode, done.stdout


def _counts(output: str, counted: Counted, *, is_ok: bool) -> tuple[int, int]:
    """Passed and failed. A stage that failed counts at least one failure, and one that ran nothing has failed."""
    passed, failed = _READERS[counted](output)
    if counted == "check":
        return (1, 0) if is_ok else (0, 1)
    if is_ok and not passed:
        failed = max(failed, 1)
    return passed, failed if is_ok else max(failed, 1)


def _no_tests(output: str) -> tuple[int, int]:
    return 0, 0


def _pytest_counts(output: str) -> tuple[int, int]:
    """From the closing line, such as "2 failed, 31 passed, 1 error in 4.20s"."""
    closing = next(
        (line for line in reversed(output.splitlines()) if re.search(r" in [\d.]+s", line)), ""
    )
    return _number(r"(\d+) passed", closing), _number(r"(\d+) failed", closing) + _number(
        r"(\d+) errors?", closing
    )


def _forge_counts(output: str) -> tuple[int, int]:
    """From "Ran 9 test suites in 1.2s: 143 tests passed, 0 failed, 0 skipped (143 total tests)"."""
    return _number(r"(\d+) tests passed, \d+ failed", output), _number(
        r"\d+ tests passed, (\d+) failed", output
    )


def _node_counts(output: str) -> tuple[int, int]:
    return _number(r"(?m)^(?:#|ℹ) pass (\d+)", output), _number(r"(?m)^(?:#|ℹ) fail (\d+)", output)


def _number(pattern: str, text: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


_READERS = {
    "check": _no_tests,
    "pytest": _pytest_counts,
    "forge": _forge_counts,
    "node": _node_counts,
}
