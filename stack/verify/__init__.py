"""`python manage.py verify`: every check of the project in one command. Standard library only."""

from __future__ import annotations

import argparse
import sys
import time

from stack.missing import MissingPrerequisite
from stack.verify import chromium
from stack.verify.report import Report
from stack.verify.running import run
from stack.verify.stages import Stage, chosen


def main(arguments: list[str]) -> int:
    """Run the chosen stages and print the table; 0 when all passed."""
    parser = argparse.ArgumentParser(prog="manage.py verify", description="Check everything.")
    parser.add_argument(
        "--fast",
        action="store_true",
        help="format, lint, types, floors, unit tests: under a minute",
    )
    parser.add_argument(
        "--deep", action="store_true", help="everything, with long fuzzing of contract and parsers"
    )
    parser.add_argument(
        "--only", metavar="STAGE", action="append", help="this stage alone; may be repeated"
    )
    options = parser.parse_args(arguments)
    stages = chosen(fast=options.fast, deep=options.deep, only=options.only)
    try:
        if any(stage.needs_browser for stage in stages):
            chromium.install()
    except MissingPrerequisite as missing:
        print(f"\n{missing}", file=sys.stderr)
        return 1
    return _run_all(stages)


def _run_all(stages: list[Stage]) -> int:
    report = Report()
    started_at = time.monotonic()
    for stage in stages:
        print(f"  {stage.name:<12} {stage.what}", flush=True)
        report.add(run(stage))
    report.show(total_seconds=time.monotonic() - started_at)
    return 0 if report.is_passed else 1
