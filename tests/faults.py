"""Lists the attacks and faults of docs/FAULTS.md by ID, each with the tests that name it.

    python tests/faults.py            every ID that a test names
    python tests/faults.py C S        these families, or single IDs; exit 1 when one of them has no test

Standard library only.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("tests", "contracts/test")
SUFFIXES = {".py", ".sol", ".mjs"}

# How many cases each family has that must be proven; the others are worked through with their own parts of the product.
COMPLETE = {"C": 37, "S": 17, "I": 27, "Q": 17, "E": 17}

_ID = re.compile(r"\b([A-Z])(\d\d)(?:-\1?(\d\d))?\b")
# A test that begins on this line: its name, or for the page its sentence.
_BEGINS = re.compile(
    r"^\s*(?:async )?def (test_\w+)"
    r"|^\s*function ((?:test|invariant|check|statefulFuzz)\w*|afterInvariant)"
    r"|^\s*test\(\s*[\"'`](.+?)[\"'`]"
)


def places_by_id() -> dict[str, list[str]]:
    """Every ID that occurs in a test, with "file: test" for each place."""
    found: dict[str, list[str]] = defaultdict(list)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in SUFFIXES and path != Path(__file__).resolve():
                for identifier, name in _named(path):
                    place = f"{path.relative_to(ROOT)}: {name}"
                    if place not in found[identifier]:
                        found[identifier].append(place)
    return found


def wanted_ids(names: list[str]) -> list[str]:
    """The IDs of families and single IDs; a family that is not complete yet gives those that some test names."""
    wanted: list[str] = []
    for name in names:
        if len(name) > 1:
            wanted.append(name)
        elif name in COMPLETE:
            wanted += [f"{name}{number:02}" for number in range(1, COMPLETE[name] + 1)]
        else:
            wanted += sorted(found for found in places_by_id() if found[0] == name)
    return wanted


def _named(path: Path) -> Iterator[tuple[str, str]]:
    """Each ID with its test: in Solidity a comment belongs to the test that follows, in Python and for the page to the one above."""
    lines = path.read_text(encoding="utf-8").splitlines()
    begins = [(at, _name(line)) for at, line in enumerate(lines) if _BEGINS.match(line)]
    for at, line in enumerate(lines):
        for identifier in _ids(line):
            yield identifier, _test_of(at, line, begins, looks_down=path.suffix == ".sol")


def _ids(line: str) -> Iterator[str]:
    for family, first, last in _ID.findall(line):
        for number in range(int(first), int(last or first) + 1):
            yield f"{family}{number:02}"


def _test_of(at: int, line: str, begins: list[tuple[int, str]], *, looks_down: bool) -> str:
    if looks_down and line.lstrip().startswith(("//", "*", "/*")):
        return next((name for begin, name in begins if begin >= at), "the whole file")
    return next((name for begin, name in reversed(begins) if begin <= at), "the whole file")


def _name(line: str) -> str:
    match = _BEGINS.match(line)
    assert match
    return str(next(filter(None, match.groups())))


def main(names: list[str]) -> int:
    """Print the list; 1 when a wanted ID has no test."""
    found = places_by_id()
    wanted = wanted_ids(names) if names else sorted(found)
    for identifier in wanted:
        print(identifier)
        for place in found.get(identifier, ["no test"]):
            print(f"    {place}")
    missing = [identifier for identifier in wanted if identifier not in found]
    print(f"{len(wanted)} cases, {len(missing)} without a test {' '.join(missing)}".rstrip())
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
