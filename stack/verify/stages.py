"""What `verify` runs, in order: a table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from stack import node, tools
from stack.folders import ROOT, VENV
from stack.missing import MissingPrerequisite

Counted = Literal["check", "pytest", "forge", "node"]


@dataclass(frozen=True)
class Stage:
    """One row of the table. `counted` says how to read the number of tests from the last command's output;
    a "check" counts as one."""

    name: str
    what: str
    commands: Sequence[Sequence[str]]
    counted: Counted = "check"
    is_fast: bool = False
    needs_browser: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT


def chosen(*, fast: bool, deep: bool, only: list[str] | None) -> list[Stage]:
    """The stages to run.

    Raises:
        SystemExit: a name in `only` is not one of them.
    """
    stages = _stages(deep=deep)
    if only:
        unknown = set(only) - {stage.name for stage in stages}
        if unknown:
            names = ", ".join(stage.name for stage in stages)
            raise SystemExit(
                f"No stage is called {', '.join(sorted(unknown))}; there are: {names}."
            )
        return [stage for stage in stages if stage.name in only]
    return [stage for stage in stages if stage.is_fast or not fast]


def _stages(*, deep: bool) -> list[Stage]:
    deeper = {"HYPOTHESIS_PROFILE": "deep", "FOUNDRY_PROFILE": "deep"} if deep else {}
    return [
        Stage(
            "format",
            "ruff format",
            [_venv("ruff", "format", "--check", "--quiet", ".")],
            is_fast=True,
        ),
        Stage("lint", "ruff", [_venv("ruff", "check", "--quiet", ".")], is_fast=True),
        Stage("floors", "import-linter", [_venv("lint-imports")], is_fast=True),
        Stage("types", "mypy", [_venv("mypy")], is_fast=True),
        Stage("packages", "pins agree", [_package_check()], is_fast=True),
        Stage(
            "unit",
            "pytest: unit, architecture",
            [_pytest("unit", "architecture")],
            "pytest",
            is_fast=True,
            environment=deeper,
        ),
        Stage(
            "migrations",
            "no change without a migration",
            [_manage("makemigrations", "--check", "--dry-run")],
        ),
        Stage(
            "artifacts",
            "committed ABI and bytecode are what the sources give",
            [_python("contracts/build_abi.py", "--check")],
        ),
        Stage(
            "contract",
            "forge test",
            [[_forge(), "test"]],
            "forge",
            environment=deeper,
            folder=ROOT / "contracts",
        ),
        Stage(
            "plain build",
            "forge test against the contract without optimizer",
            [_python("contracts/build_plain.py")],
        ),
        Stage(
            "reach",
            "every line and branch of the contract is reached",
            [_python("contracts/coverage.py")],
        ),
        Stage(
            "model",
            "the contract does what the model does, on random sequences",
            [_python("tests/model/replay.py", "--sequences", "20000" if deep else "1000")],
        ),
        Stage(
            "slither",
            "no finding about the contract that is not explained",
            [_python("contracts/audit/check_slither.py")],
        ),
        Stage(
            "proofs",
            "halmos: who may move, and when",
            [_python("contracts/audit/prove.py", *([] if deep else ["--quick"]))],
        ),
        *_mutants(deep=deep),
        Stage(
            "page types",
            "tsc",
            [["node", "node_modules/typescript/bin/tsc", "--noEmit", "-p", "frontend"]],
        ),
        Stage("page", "node tests", [["node", "--test", "tests/frontend/"]], "node"),
        Stage(
            "integration",
            "pytest: database, Redis, sockets",
            [_pytest("integration", spread=True)],
            "pytest",
            environment=deeper,
        ),
        # One at a time: they build in one folder.
        Stage(
            "clients",
            "pytest: the contract's builds and clients",
            [_pytest("chain/contracts")],
            "pytest",
        ),
        Stage(
            "chain",
            "pytest: a real node",
            [_pytest("chain/escrow", "chain/stack", spread=True)],
            "pytest",
            environment=deeper,
        ),
        Stage("browser", "pytest: Chromium", [_pytest("browser")], "pytest", needs_browser=True),
    ]


def _mutants(*, deep: bool) -> list[Stage]:
    """Takes hours: a night's work."""
    if not deep:
        return []
    command = _python("contracts/mutation/run.py", "--strict")
    return [Stage("mutants", "a test notices each fault put into the contract", [command])]


def _venv(program: str, *arguments: str) -> list[str]:
    return [str(VENV / "bin" / program), *arguments]


def _python(*arguments: str) -> list[str]:
    return _venv("python", *arguments)


def _manage(*arguments: str) -> list[str]:
    return _python("manage.py", *arguments)


def _pytest(*folders: str, spread: bool = False) -> list[str]:
    """A process of its own per stage: the browser's loop and coroutine tests do not share one."""
    workers = ["-n", str(min(os.cpu_count() or 1, 4)), "--dist", "loadfile"] if spread else []
    there = [
        f"tests/{folder}" for folder in folders if any((ROOT / "tests" / folder).rglob("test_*.py"))
    ]
    return _python("-m", "pytest", "-q", *workers, *there)


def _package_check() -> list[str]:
    uv = tools.uv()
    if uv is None:
        raise MissingPrerequisite(
            "uv could not be fetched; check the network and the package index."
        )
    return [str(uv), "pip", "check", "--quiet", "--python", str(VENV / "bin" / "python")]


def _forge() -> str:
    return str(node.native_program("forge"))
