"""Proves the table of moves: runs test/halmos through halmos and prints what was proved, by function and role.

    python contracts/audit/prove.py             everything
    python contracts/audit/prove.py --quick     who may not move, what overlaps, that closed is closed: under a minute
    options: --only TEXT (in contract.function), --jobs N (at most 2 by default)

A function named check_ must hold for all values. One named reach_ is about a single scene and claims that nothing can be done there: it
must be refuted, which shows that the check_ of the same name speaks of something. Exit 1 when a check_ fails, or is not decided (a
time-out, a path that halmos gave up, a loop cut off, no path at all), or when a reach_ is not refuted.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import environment  # noqa: E402

PROOFS = environment.CONTRACTS / "test" / "halmos"
OUT = "out/halmos"
QUICK = ("RefusalsProof", "ClosedProof", "OverlapsProof")
CONTRACT = re.compile(r"^contract (\w+Proof) is", re.MULTILINE)

# What halmos says of one function.
PROVED, REFUTED = 0, 1
VERDICTS = {0: "proved", 1: "REFUTED", 2: "TIMED OUT", 3: "GIVEN UP", 4: "NO PATH", 5: "BROKEN"}

# Longer than the default, so that impossible paths are left at the fork and not followed to their end; longer than any question takes.
AT_A_FORK = "200ms"
AT_THE_END = "300s"
# More turns than any loop here takes.
TURNS = "12"


@dataclass(frozen=True)
class Result:
    contract: str
    function: str
    code: int
    seconds: float
    is_whole: bool
    """Every path was followed to its end, and one of them led through."""

    @property
    def is_proof(self) -> bool:
        return self.function.startswith("check_")

    @property
    def is_good(self) -> bool:
        if self.is_proof:
            return self.code == PROVED and self.is_whole
        return self.code == REFUTED

    @property
    def verdict(self) -> str:
        if not self.is_proof:
            return "reached" if self.is_good else "NOT REACHED"
        return VERDICTS[self.code] if self.is_good or self.code else "CUT SHORT"


def main() -> int:
    parser = argparse.ArgumentParser(description="Prove the table of moves.")
    parser.add_argument("--quick", action="store_true", help="a part of it, in under a minute")
    parser.add_argument("--only", metavar="TEXT", default="", help="contract.function contains this")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args()

    started = time.monotonic()
    contracts = [name for name in every_contract() if name in QUICK or not options.quick]
    contracts = [name for name in contracts if options.only.split(".")[0] in name or "." not in options.only]
    build()
    with ThreadPoolExecutor(max_workers=options.jobs) as pool:
        found = list(pool.map(lambda name: run(name, options.only.split(".")[-1]), contracts))
    results = [result for of_one in found for result in of_one]
    show(results)
    good = sum(result.is_good for result in results if result.is_proof)
    reached = sum(result.is_good for result in results if not result.is_proof)
    print(f"\n{good} proved, {reached} shown to speak of something, in {time.monotonic() - started:.0f} s")
    return 0 if results and all(result.is_good for result in results) else 1


def every_contract() -> list[str]:
    """The heaviest last: a long one in front of the short ones would leave a processor idle at the end."""
    names = [name for file in sorted(PROOFS.glob("*.t.sol")) for name in CONTRACT.findall(file.read_text())]
    return sorted(names, key=lambda name: name not in QUICK)


def build() -> None:
    """The Escrow as it will be deployed, the proofs, and Permit2's code where they look for it."""
    subprocess.run(
        ["forge", "build", "--ast", "--extra-output", "storageLayout", "metadata"],
        cwd=environment.CONTRACTS,
        env=_variables(),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    code = json.loads((environment.ROOT / "escrow" / "chain" / "abi" / "Permit2.json").read_text())["deployedBytecode"]
    (environment.CONTRACTS / OUT / "Permit2.json").write_text(json.dumps({"bytecode": {"object": code}}))


def run(contract: str, function: str) -> list[Result]:
    """Everything in one contract whose name contains `function`."""
    command = [environment.program("halmos"), "--root", ".", "--forge-build-out", OUT, "--contract", contract]
    command += ["--match-test", f"^(check|reach)_.*{re.escape(function)}|^(check|reach)_{re.escape(function)}"]
    command += ["--solver-timeout-branching", AT_A_FORK, "--solver-timeout-assertion", AT_THE_END]
    command += ["--loop", TURNS, "--solver-threads", "1", "--no-status"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "results.json"
        done = subprocess.run(
            [*command, "--json-output", str(file)],
            cwd=environment.CONTRACTS,
            env=_variables(),
            capture_output=True,
            text=True,
            check=False,
        )
        if not file.exists():
            if "No tests with" in done.stdout + done.stderr:
                return []
            raise SystemExit(f"halmos broke on {contract}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return [_result(contract, said) for said in _said(file)]


def _said(file: Path) -> list[dict[str, object]]:
    by_path = json.loads(file.read_text())["test_results"]
    return [said for of_one in by_path.values() for said in of_one]


def _result(contract: str, said: dict) -> Result:
    _, finished, stuck = said["num_paths"] or (0, 0, 0)
    return Result(
        contract=contract,
        function=said["name"].split("(")[0],
        code=said["exitcode"],
        seconds=(said["time"] or [0.0])[0],
        is_whole=finished > 0 and stuck == 0 and not said["num_bounded_loops"],
    )


def show(results: list[Result]) -> None:
    """A row a proof: the function, who and how, what came of it."""
    reached = {(result.contract, result.function[6:]): result for result in results if not result.is_proof}
    for contract in dict.fromkeys(result.contract for result in results):
        print(f"\n{contract}")
        for result in results:
            if result.contract != contract or not result.is_proof:
                continue
            name, _, rest = result.function[6:].partition("_")
            companion = reached.get((contract, result.function[6:]))
            also = f", {companion.verdict}" if companion else ""
            print(f"  {name:<16} {rest.replace('_', ' '):<44} {result.verdict + also:<20} {result.seconds:6.1f} s")


def _variables() -> dict[str, str]:
    return {**environment.variables(), "FOUNDRY_PROFILE": "halmos"}


if __name__ == "__main__":
    sys.exit(main())
