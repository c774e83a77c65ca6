"""Puts faults into the Escrow, one at a time, and asks whether a test notices.

    python contracts/mutation/run.py                  every mutant that these sources and tests have not judged yet
    python contracts/mutation/run.py --new            only those that were never judged: to end a run that was broken off, after adding tests
    python contracts/mutation/run.py --survivors      after adding tests: only those that survived when last judged
    python contracts/mutation/run.py --report         judge nothing, show what is known
    options: --strict (exit 1 unless 95 % are killed and each survivor is explained), --jobs N, --only TEXT (in file:line text)

A mutant is compiled plainly, in half a second; the tests deploy it from that artifact, and stop at the first failure. Its fate:

    killed            a test failed, named in the result
    survived          none did: a test is missing, or survivors.md says why none is possible
    does not compile
    same code         compiles to the code of the original, plainly or as deployed: no fault at all
    twin              compiles to the code of a mutant judged before

Verdicts are kept in verdicts.jsonl beside this file, a line as soon as it is known, so a run can be broken off and taken up again,
here or elsewhere: it judges two thousand mutants for an hour or more. `suite` is the hash of the sources and tests that gave a verdict.
slither-analyzer lives in an environment of its own, see audit/environment.py.
"""

import argparse
import json
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

CONTRACTS = Path(__file__).resolve().parent.parent
sys.path[0:1] = [str(CONTRACTS), str(CONTRACTS.parent), str(CONTRACTS / "audit")]

import environment  # noqa: E402
from mutation import survivors  # noqa: E402
from mutation.mutants import Mutant, every_mutant  # noqa: E402
from mutation.project import FAST_STAGES, WHOLE_STAGE, Project, suite_hash  # noqa: E402
from stack.folders import ROOT  # noqa: E402

# Inside the checkout, whatever the state folder: forge lets tests read nothing else.
FOLDER = ROOT / ".parley" / "mutation"
VERDICTS = Path(__file__).with_name("verdicts.jsonl")
HASH_LENGTH = 16
TARGET_PERCENT = 95

# Those whose faults are coarse come last: a test that finds the others mostly finds them too.
COARSE = ("CR", "RR")

Result = dict[str, object]


class Campaign:
    """Judges mutants in a few projects at a time."""

    def __init__(self, suite: str, known: dict[str, Result]) -> None:
        self.suite = suite
        self.explained = survivors.explained()
        self.seen = {result["code"]: key for key, result in known.items() if "code" in result}
        self.projects: SimpleQueue[Project] = SimpleQueue()
        self.lock = threading.Lock()
        self.done = 0

    def run(self, mutants: list[Mutant], jobs: int) -> None:
        for number in range(jobs):
            self.projects.put(Project(FOLDER / f"copy-{number}"))
        try:
            self._check_original()
            with ThreadPoolExecutor(jobs) as pool:
                for _ in pool.map(lambda mutant: self._judge(mutant, len(mutants)), mutants):
                    pass
        finally:
            while not self.projects.empty():
                self.projects.get().close()

    def _check_original(self) -> None:
        project = self.projects.get()
        self.original = (project.code({}) or "")[:HASH_LENGTH]
        self.original_as_deployed = project.code({}, as_deployed=True)
        killer = project.killer(WHOLE_STAGE)
        self.projects.put(project)
        if killer:
            raise SystemExit(f"the tests fail without any mutant: {killer}")

    def _judge(self, mutant: Mutant, total: int) -> None:
        project = self.projects.get()
        try:
            result = self._fate(project, mutant)
        finally:
            self.projects.put(project)
        result |= {"key": mutant.key, "suite": self.suite, "operator": mutant.operator}
        with self.lock:
            self.done += 1
            with VERDICTS.open("a") as file:
                file.write(_line(result))
            if result["fate"] == "survived" or self.done % 100 == 0:
                print(f"{self.done}/{total}  {result['fate']}: {mutant}", flush=True)

    def _fate(self, project: Project, mutant: Mutant) -> Result:
        patched = {mutant.file: mutant.text}
        code = project.code(patched)
        code = code and code[:HASH_LENGTH]
        if code is None:
            return {"fate": "does not compile"}
        if code == self.original:
            return {"fate": "same code"}
        with self.lock:
            first = self.seen.setdefault(code, mutant.key)
        if first != mutant.key:
            return {"fate": "twin", "of": first}
        killer = project.killer(*FAST_STAGES)
        if not killer and project.code(patched, as_deployed=True) == self.original_as_deployed:
            return {"fate": "same code", "code": code}
        # One that survivors.md explains is taken at its word: it counts as a survivor without the long search for a killer.
        if not killer and survivors.signature(mutant) not in self.explained:
            killer = project.killer(WHOLE_STAGE)
        return {"fate": "killed", "by": killer, "code": code} if killer else {"fate": "survived", "code": code}


def known_results() -> dict[str, Result]:
    """The last result of each mutant, by its key."""
    if not VERDICTS.exists():
        return {}
    return {result["key"]: result for result in map(json.loads, VERDICTS.read_text().splitlines())}


def tidy(mutants: list[Mutant]) -> None:
    """Keep the last verdict of each mutant of these sources, in an order that does not depend on who was faster."""
    known = known_results()
    kept = [known[key] for key in sorted(mutant.key for mutant in mutants) if key in known]
    VERDICTS.write_text("".join(map(_line, kept)))


def _line(result: Result) -> str:
    return json.dumps(result, sort_keys=True) + "\n"


def report(mutants: list[Mutant], suite: str) -> bool:
    """Prints what is known of them; whether it is good enough for --strict."""
    known = known_results()
    results = {mutant.key: known[mutant.key] for mutant in mutants if mutant.key in known}
    fates = Counter(str(result["fate"]) for result in results.values())
    survived = [mutant for mutant in mutants if results.get(mutant.key, {}).get("fate") == "survived"]
    reasons = survivors.explained()
    unexplained = [mutant for mutant in survived if survivors.signature(mutant) not in reasons]
    stale = set(reasons) - {survivors.signature(mutant) for mutant in survived}
    unknown = len(mutants) - len(results)

    for mutant in sorted(unexplained, key=lambda mutant: not mutant.is_grave):
        print(f"survived{' on a grave line' if mutant.is_grave else ''}: {mutant}")
    for entry in sorted(stale):
        print("survivors.md explains what did not survive: {} {} `{}` -> `{}`".format(*entry))
    print("killed by:", ", ".join(f"{test} {n}" for test, n in Counter(r["by"] for r in results.values() if "by" in r).most_common(12)))
    _print_operators(results)
    judged = fates["killed"] + len(survived)
    percent = 100 * fates["killed"] / judged if judged else 0.0
    older = sum(result["suite"] != suite for result in results.values())
    print(
        f"{len(mutants)} mutants: {fates['killed']} killed, {len(survived)} survived ({len(survived) - len(unexplained)} explained), "
        f"{fates['does not compile']} do not compile, {fates['same code']} same code, {fates['twin']} twins, {unknown} not judged"
    )
    print(f"killed: {percent:.1f} % of {judged}" + (f"; {older} results are of older tests" if older else ""))
    return percent >= TARGET_PERCENT and not unexplained and not stale and not unknown


def _print_operators(results: dict[str, Result]) -> None:
    rows: dict[str, Counter[str]] = {}
    for result in results.values():
        rows.setdefault(str(result["operator"]), Counter())[str(result["fate"])] += 1
    for operator, fates in sorted(rows.items()):
        print(f"  {operator:<14} {fates['killed']:>4} killed {fates['survived']:>4} survived")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="mutation/run.py", description=__doc__.splitlines()[0])
    parser.add_argument("--new", action="store_true")
    parser.add_argument("--survivors", action="store_true")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="")
    options = parser.parse_args(arguments)

    FOLDER.mkdir(parents=True, exist_ok=True)
    mutants = every_mutant(Path(environment.program("python")))
    suite = suite_hash()
    known = known_results()
    if not options.report:
        due = {m.key for m in mutants if _is_due(known.get(m.key), suite, options)}
        chosen = [m for m in mutants if m.key in due and options.only in str(m)]
        keys = {mutant.key for mutant in mutants}
        fresh = {key: result for key, result in known.items() if key in keys - due}
        # Otherwise in no order, so that a run broken off has seen a little of everything.
        chosen.sort(key=lambda mutant: (mutant.operator in COARSE, mutant.key))
        print(f"{len(chosen)} of {len(mutants)} mutants to judge", flush=True)
        if chosen:
            Campaign(suite, fresh).run(chosen, options.jobs)
            tidy(mutants)
    good = report(mutants, suite)
    return 1 if options.strict and not good else 0


def _is_due(result: Result | None, suite: str, options: argparse.Namespace) -> bool:
    if result is None:
        return True
    if options.new or result["suite"] == suite:
        return False
    return result["fate"] == "survived" if options.survivors else True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
