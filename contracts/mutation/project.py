"""A copy of the contracts in which mutants are built and tested, so that neither a change of the sources in the meantime nor a second
copy at work can disturb. Forge keeps counterexamples between runs; here they are thrown away, so no mutant sees those of another."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from stack import node
from stack.folders import NODE_MODULES, ROOT

CONTRACTS = ROOT / "contracts"
COPIED = ("contracts/src", "contracts/test", "tests/vectors", "escrow/chain/abi")
FILES = ("contracts/foundry.toml", "contracts/solc-wrap.mjs", "contracts/plain.mjs")
# What decides a verdict: the same sources and tests give the same one.
DECISIVE = ("contracts/src", "contracts/test", "tests/vectors", *FILES)

# Each stage is for what survived the one before: small suites, that kill nearly all; larger ones, with few fuzz runs; everything,
# the random walks shortened: a mutant that only a longer one would meet counts as survivor.
LARGE = "batch*,payouts,signatures"
SLOW = "golden,halmos,invariant,model,moves"
FEW_RUNS = {"FOUNDRY_FUZZ_RUNS": "16"}
Stage = tuple[tuple[str, ...], dict[str, str]]
FAST_STAGES: tuple[Stage, ...] = (
    (("--no-match-path", f"test/{{{LARGE},{SLOW}}}/**"), FEW_RUNS),
    (("--match-path", f"test/{{{LARGE}}}/**"), FEW_RUNS),
)
WHOLE_STAGE: Stage = ((), {"FOUNDRY_INVARIANT_RUNS": "20"})
PATIENCE_SECONDS = 600


class Broken(Exception):
    """The tests could not be run at all."""


def suite_hash() -> str:
    """Of all that decides a verdict."""
    hashed = hashlib.sha256()
    for name in DECISIVE:
        place = ROOT / name
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file():
                hashed.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return hashed.hexdigest()[:16]


class Project:
    """One copy, with a compiler that stays alive. Used by one thread. What forge has compiled there stays for the next time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.contracts = folder / "contracts"
        for name in COPIED:
            shutil.rmtree(folder / name, ignore_errors=True)
            shutil.copytree(ROOT / name, folder / name)
        for name in FILES:
            shutil.copy2(ROOT / name, folder / name)
        if not (folder / "node_modules").is_symlink():
            (folder / "node_modules").symlink_to(NODE_MODULES)
        self._compiler = subprocess.Popen(
            [node.program(), self.contracts / "plain.mjs"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._keep_compiler_version()
        self._forge("build")

    def close(self) -> None:
        self._compiler.kill()
        self._compiler.wait()

    def code(self, patched: dict[str, str], *, as_deployed: bool = False) -> str | None:
        """The hash of the code after it was built to where `killer` finds it; None when it does not compile."""
        artifact = self.folder / ("deployed.json" if as_deployed else "Escrow.json")
        request = {"patched": patched, "asDeployed": as_deployed, "to": str(artifact)}
        self._compiler.stdin.write(json.dumps(request) + "\n")
        self._compiler.stdin.flush()
        if not json.loads(self._compiler.stdout.readline())["ok"]:
            return None
        return hashlib.sha256(json.loads(artifact.read_text())["bytecode"]["object"].encode()).hexdigest()

    def killer(self, *stages: Stage) -> str | None:
        """The first test that fails with what was built last; None when all pass."""
        for arguments, variables in stages:
            for name in ("fuzz", "invariant", "test-failures"):
                shutil.rmtree(self.contracts / "cache" / name, ignore_errors=True)
            try:
                failed = _first_failure(self._forge("test", "--json", "--fail-fast", *arguments, **variables))
            except subprocess.TimeoutExpired:
                return f"no answer within {PATIENCE_SECONDS} s"
            if failed:
                return failed
        return None

    def _keep_compiler_version(self) -> None:
        """Forge asks for it at each start, and the compiler takes longer to load than most mutants to die."""
        wrapper = self.contracts / "solc-wrap.mjs"
        version = subprocess.run([node.program(), wrapper, "--version"], capture_output=True, text=True, check=True).stdout
        (self.folder / "version.txt").write_text(version)
        script = self.folder / "solc"
        script.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec cat {self.folder}/version.txt\nexec {wrapper} "$@"\n')
        script.chmod(0o755)

    def _forge(self, *arguments: str, **variables: str) -> str:
        inherited = {name: value for name, value in node.environment().items() if not name.startswith("FOUNDRY_")}
        answer = subprocess.run(
            [node.native_program("forge"), *arguments],
            cwd=self.contracts,
            env={
                **inherited,
                "RAYON_NUM_THREADS": "1",
                "FOUNDRY_SOLC": str(self.folder / "solc"),
                "ESCROW_ARTIFACT": "../Escrow.json",
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=None if arguments == ("build",) else PATIENCE_SECONDS,
            check=False,
        )
        if answer.returncode not in (0, 1) or (answer.returncode and "--json" not in arguments):
            raise Broken(answer.stderr or answer.stdout)
        return answer.stdout


def _first_failure(answer: str) -> str | None:
    try:
        suites: dict[str, Any] = json.loads(answer)
    except json.JSONDecodeError as error:
        raise Broken(answer[-2000:]) from error
    if not suites:
        raise Broken("no test was run")
    for suite, results in suites.items():
        for test, result in results["test_results"].items():
            if result["status"] == "Failure":
                return f"{suite.partition(':')[2]}.{test.partition('(')[0]}"
    return None
