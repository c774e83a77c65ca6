"""Holds the contract against the model: `python tests/model/replay.py --sequences N --seed S`.

Writes the sequences into a file that git does not keep, one line each, and lets forge make every call of them for real:
the answer or the error, the events, and all figures after every step must be those of the model. A difference is told with
the steps that led to it. ESCROW_ARTIFACT names another build of the contract, as for all forge tests.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from stack import node  # noqa: E402
from tests.model import abi, cast  # noqa: E402
from tests.model.sequences import Step, Walk, shown  # noqa: E402

CONTRACTS = ROOT / "contracts"
FOLDER = CONTRACTS / "cache" / "replay"
TEST = "test/model/Replay.t.sol"
# A file of this many sequences has some 100 MB.
PORTION = 1_000
# Every call is made with gas to spare; what too little gas does is another test's business.
_WITHOUT_LIMIT = {"FOUNDRY_GAS_LIMIT": str(2**63 - 1), "FOUNDRY_MEMORY_LIMIT": str(2**30)}


class Different(Exception):
    """The contract did something else than the model; the text tells what and how it came to it."""


@dataclass
class Tally:
    """How much was replayed, and how often each function ended in which way."""

    sequences: int = 0
    steps: int = 0
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)

    def read(self, steps: Iterable[Step]) -> None:
        self.sequences += 1
        for step in steps:
            self.steps += 1
            self.ends[step.function, step.end] += 1
            self.events.update(str(event[0]) for event in step.events)

    def never(self) -> set[str]:
        """What a good number of sequences should have met at least once and did not."""
        done = {function for function, end in self.ends if not end}
        errors = {end for _, end in self.ends}
        return (
            (abi.FUNCTIONS.keys() - done)
            | (abi.ERRORS.keys() - errors)
            | (abi.EVENTS.keys() - self.events.keys())
        )


def replay(*, sequences: int, seed: int) -> Tally:
    """Make, replay and compare so many sequences.

    Raises: Different.
    """
    tally = Tally()
    for first in range(0, sequences, PORTION):
        numbers = range(first, min(first + PORTION, sequences))
        before = tally.sequences, tally.steps
        path = FOLDER / f"{os.getpid()}.txt"
        try:
            _write(path, seed, numbers, tally)
            _forge(path, seed, first, (tally.sequences - before[0], tally.steps - before[1]))
        finally:
            path.unlink(missing_ok=True)
    return tally


def _write(path: Path, seed: int, numbers: range, tally: Tally) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="ascii") as file:
        file.write(_line(_stage()))
        for number in numbers:
            walk = _walk(seed, number)
            tally.read(walk.steps)
            file.write(_line((walk.trade_ids, list(_encoded(walk)))))


def _walk(seed: int, number: int) -> Walk:
    return Walk(f"{seed}-{number}").run()


def _line(value: tuple[object, ...]) -> str:
    return "0x" + abi.encode([value]).hex() + "\n"


def _stage() -> tuple[object, ...]:
    """What must be there before the first call."""
    places = (cast.ESCROW, cast.PLAIN, cast.ODD, cast.TREASURY)
    balances = [cast.first_balance(coin, holder) for coin in cast.COINS for holder in cast.HOLDERS]
    return (*places, list(cast.ACTORS), list(cast.WALLETS), list(cast.HOLDERS), balances)


def _encoded(walk: Walk) -> Iterator[tuple[object, ...]]:
    """The steps, each with the figures that it changed: place, value, place, value."""
    before = cast.figures(cast.opening(), walk.trade_ids)
    for step in walk.steps:
        changes = [
            part
            for place, (was, now) in enumerate(zip(before, step.figures, strict=True))
            if was != now
            for part in (place, now)
        ]
        before = step.figures
        logs = [abi.log(event) for event in step.events]
        call = abi.call(step.function, step.arguments, cast.KEYS)
        yield (
            *(step.chain_id, step.time, step.sender, step.to, step.value, call),
            *(int(step.is_done), _answer(step), logs, changes),
        )


def _answer(step: Step) -> bytes:
    if step.is_done:
        return b"" if step.answer is None else abi.encode([step.answer])
    assert isinstance(step.answer, tuple)
    return abi.error(*step.answer)


def _forge(path: Path, seed: int, first: int, expected: tuple[int, int]) -> None:
    done = subprocess.run(
        [str(node.native_program("forge")), "test", "--match-path", TEST, "-vv"],
        cwd=CONTRACTS,
        env={**node.environment(), **_WITHOUT_LIMIT, "REPLAY_FILE": str(path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    counted = re.search(r"replayed: (\d+) sequences, (\d+) steps", done.stdout)
    if done.returncode == 0 and counted and tuple(map(int, counted.groups())) == expected:
        return
    raise Different(_told(done.stdout, seed, first))


def _told(output: str, seed: int, first: int) -> str:
    place = re.search(r"\[FAIL: sequence (\d+), step (\d+): (.*?)\] test_", output, re.DOTALL)
    if place is None:
        return output[-4_000:]
    number, last = first + int(place[1]), int(place[2])
    walk = _walk(seed, number)
    lines = [f"{shown(trade)}: {trade}" for trade in walk.trades + walk.wrong]
    lines += [f"{at:3} {step}" for at, step in enumerate(walk.steps[: last + 1])]
    return "\n".join([*lines, f"sequence {number} of seed {seed}, step {last}: {place[3]}"])


def main() -> int:
    """0 when all is equal."""
    parser = argparse.ArgumentParser(description="Hold the contract against the model.")
    parser.add_argument("--sequences", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        tally = replay(sequences=options.sequences, seed=options.seed)
    except Different as different:
        print(different)
        return 1
    print(f"{tally.sequences} sequences, {tally.steps} steps, equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
