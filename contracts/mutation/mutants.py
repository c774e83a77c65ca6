"""What a mutant is: one change to one of our files, told apart by the text it leaves behind."""

import hashlib
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parent.parent
GENERATOR = Path(__file__).with_name("generate.py")

# A line that moves value, or checks who calls, what was signed, or when; a survivor there is named first.
GRAVE = re.compile(
    r"_pay|_push|_pull|transfer|creditOf|feesOf|fee\b|msg\.|_isSigned|_refuse|_check|_close|_isPassed|_rest|block\.timestamp"
    r"|seller|buyer|arbitrator|deadline|slot\.word|_GAS|MAX_|MIN_|GRACE|received",
)
FUNCTION = re.compile(r"^ *(?:function|modifier) (\w+)|^ *(constructor)")


@dataclass(frozen=True)
class Mutant:
    key: str
    operator: str
    file: str
    line: int
    # The function, and which of its lines when the same text stands there more than once.
    place: str
    old: str
    new: str
    text: str

    @property
    def is_grave(self) -> bool:
        return bool(GRAVE.search(self.old))

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.place} `{self.old}` -> `{self.new}`"


def every_mutant(python: Path) -> list[Mutant]:
    """All different ones, in the order of file and line; of equal ones the first operator's stays."""
    listed = subprocess.run([python, GENERATOR], cwd=CONTRACTS, stdout=subprocess.PIPE, text=True, check=True).stdout
    found: dict[str, Mutant] = {}
    for line in listed.splitlines():
        mutant = _mutant(**json.loads(line))
        if mutant.old != mutant.new:
            found.setdefault(mutant.key, mutant)
    return sorted(found.values(), key=lambda mutant: (mutant.file, mutant.line))


def _mutant(operator: str, file: str, start: int, end: int, new: str) -> Mutant:
    source = (CONTRACTS / file).read_bytes()
    text = (source[:start] + new.encode() + source[end:]).decode()
    before, after = source.decode().splitlines(), text.splitlines()
    top = min(_equal_lines(before, after), len(before) - 1)
    bottom = _equal_lines(before[top:][::-1], after[top:][::-1])
    changed = (before[top : len(before) - bottom], after[top : len(after) - bottom])
    old, left = (" ".join(" ".join(lines).split()) for lines in changed)
    key = hashlib.sha256(f"{file}\n{text}".encode()).hexdigest()[:16]
    return Mutant(key, operator, file, top + 1, _place(before, top), old, left, text)


def _equal_lines(some: list[str], others: list[str]) -> int:
    count = 0
    while count < min(len(some), len(others)) and some[count] == others[count]:
        count += 1
    return count


def _place(lines: list[str], at: int) -> str:
    begins = [i for i, line in enumerate(lines[: at + 1]) if FUNCTION.match(line)]
    if not begins or lines[begins[-1] : at].count(_end_of(lines[begins[-1]])):
        return "top"
    name = next(filter(None, FUNCTION.match(lines[begins[-1]]).groups()))
    twins = [line for line in lines[begins[-1] : at + 1] if line.strip() == lines[at].strip()]
    return name if len(twins) == 1 else f"{name}#{len(twins)}"


def _end_of(head: str) -> str:
    return head[: len(head) - len(head.lstrip())] + "}"
