"""Reads survivors.md: mutants that no test can kill, because nothing that anybody can see differs. A line of its list reads

    - FILE FUNCTION `the line as it stands` -> `the line as mutated`: why nothing differs

FUNCTION is `top` outside of one, and ends in #2 for the second line of that text within it, as the report prints them."""

import re
from pathlib import Path

from mutation.mutants import Mutant

FILE = Path(__file__).with_name("survivors.md")
LINE = re.compile(r"^- (\S+) (\S+) `(.*?)` -> `(.*?)`: (.+)$")

Explained = dict[tuple[str, str, str, str], str]


def explained() -> Explained:
    """The reason by file, place, old and new text.

    Raises: ValueError for an entry that cannot be read.
    """
    reasons: Explained = {}
    for line in FILE.read_text().splitlines():
        if line.startswith("- "):
            found = LINE.match(line)
            if found is None:
                raise ValueError(f"{FILE.name}: cannot read: {line}")
            file, place, old, new, reason = found.groups()
            reasons[file, place, old, new] = reason
    return reasons


def signature(mutant: Mutant) -> tuple[str, str, str, str]:
    return mutant.file, mutant.place, mutant.old, mutant.new
