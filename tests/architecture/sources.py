"""The files of the project, as git knows them."""

import subprocess
from pathlib import Path

from stack.folders import ROOT


def tracked(*patterns):
    """Paths of all files that are or will be in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


def lines_of(paths):
    """(where, line) of every line of every text file."""
    for path in paths:
        for number, line in enumerate(Path(path).read_text().splitlines(), start=1):
            yield f"{path.relative_to(ROOT)}:{number}", line
