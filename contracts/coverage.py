"""Measures what the contract's tests reach: lines and branches of src/Escrow.sol and src/types.

    python contracts/coverage.py        exit 1 naming every line and branch that no test reaches

Works in a copy, because forge wants the libraries inside of the project for this, compiles without
the optimizer, and would else overwrite the build that is deployed. Forge counts the functions of
contracts and libraries only, so in the copy the free functions of src/types stand in a library each;
no line moves. The random walks of test/invariant and test/model are left out: nothing may depend on luck.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parent
ROOT = CONTRACTS.parent
sys.path.insert(0, str(ROOT))

from stack import node  # noqa: E402

MEASURED = ("src/Escrow.sol", "src/types/Trade.sol", "src/types/Word.sol")
LEFT_OUT = shutil.ignore_patterns("invariant", "halmos", "model")
READ_BY_TESTS = ("escrow/chain/abi", "tests/vectors")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "contracts"
        make_copy(copy)
        measured = parse(run_forge(copy))
    missing = [f"{file} is not in the report" for file in MEASURED if file not in measured]
    for file, (lines, branches) in measured.items():
        reached = [sum(hits > 0 for _, hits in counted) for counted in (lines, branches)]
        print(f"{file:20} lines {reached[0]}/{len(lines)}  branches {reached[1]}/{len(branches)}")
        missing += [f"{file}:{line} is reached by no test" for line, hits in lines if not hits]
        missing += [
            f"{file}:{line} has a branch that no test takes" for line, hits in branches if not hits
        ]
    for finding in missing:
        print(finding)
    return 1 if missing else 0


def make_copy(copy: Path) -> None:
    shutil.copytree(CONTRACTS / "src", copy / "src")
    shutil.copytree(CONTRACTS / "test", copy / "test", ignore=LEFT_OUT)
    shutil.copy(CONTRACTS / "solc-wrap.mjs", copy)
    for folder in READ_BY_TESTS:
        shutil.copytree(ROOT / folder, copy.parent / folder)
    settings = (CONTRACTS / "foundry.toml").read_text()
    (copy / "foundry.toml").write_text(settings.replace("../node_modules", "node_modules"))
    for library in libraries(settings):
        shutil.copytree(CONTRACTS / library, copy / library.removeprefix("../"))
    (copy / "node_modules" / "solc").symlink_to((ROOT / "node_modules" / "solc").resolve())
    for file in sorted((copy / "src" / "types").glob("*.sol")):
        put_into_library(file, copy)


def libraries(settings: str) -> list[str]:
    """Where foundry.toml finds them, such as `../node_modules/solady/`."""
    remappings = tomllib.loads(settings)["profile"]["default"]["remappings"]
    return [remapping.split("=")[1].rstrip("/") for remapping in remappings]


def put_into_library(file: Path, copy: Path) -> None:
    """Its free functions become internal ones of a library, and so do their uses. No line moves."""
    text = file.read_text()
    names = re.findall(r"^function (\w+)", text, re.MULTILINE)
    if not names:
        return
    library = f"{file.stem}Functions"
    attached = " ".join(re.findall(r"^using \{(.*?)\}", text, re.MULTILINE | re.DOTALL))
    text = re.sub(
        r"^using \{.*?\} for",
        lambda using: _in_as_many_lines(using, library),
        text,
        flags=re.M | re.S,
    )
    text = re.sub(r"^(function .*?\))(\s+pure)", r"\1 internal\2", text, flags=re.M)
    first = re.search(r"\n\n(?:///[^\n]*\n)*function ", text)
    assert first is not None
    start = first.start() + 1
    file.write_text(f"{text[:start]}library {library} {{{text[start:].rstrip()}}}\n")
    for name in set(names) - set(re.findall(r"\w+", attached)):
        _rename_uses(name, library, copy, but=file)


def _in_as_many_lines(using: re.Match[str], library: str) -> str:
    return f"using {library}{using[0].count(chr(10)) * chr(10)} for"


def _rename_uses(name: str, library: str, copy: Path, *, but: Path) -> None:
    for file in [*copy.glob("src/**/*.sol"), *copy.glob("test/**/*.sol")]:
        if file == but:
            continue
        text = re.sub(rf"\b{name}\(", f"{library}.{name}(", file.read_text())
        file.write_text(re.sub(rf"(import \{{[^}}]*)\b{name}\b", rf"\1{library}", text))


def run_forge(copy: Path) -> str:
    """The lcov report of all tests.

    Raises: SystemExit naming the tests that failed.
    """
    report = copy / "lcov.info"
    finished = subprocess.run(
        [
            str(node.native_program("forge")),
            "coverage",
            "--exclude-tests",
            "--report=lcov",
            f"--report-file={report}",
        ],
        cwd=copy,
        env=node.environment(),
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    if finished.returncode:
        lines = finished.stdout.splitlines()
        sys.exit("\n".join([line for line in lines if "[FAIL" in line] or lines[-20:]))
    return report.read_text()


Counted = list[tuple[int, int]]


def parse(report: str) -> dict[str, tuple[Counted, Counted]]:
    """Of each measured file the lines and the branches, each as (line, hits)."""
    found = {}
    for record in report.split("end_of_record"):
        name = re.search(r"^SF:(.*)$", record, re.MULTILINE)
        if name is None or name[1] not in MEASURED:
            continue
        lines = [
            (int(line), int(hits)) for line, hits in re.findall(r"^DA:(\d+),(\d+)", record, re.M)
        ]
        taken = re.findall(r"^BRDA:(\d+),\d+,\d+,(\d+|-)", record, re.M)
        found[name[1]] = (
            lines,
            [(int(line), 0 if hits == "-" else int(hits)) for line, hits in taken],
        )
    return found


if __name__ == "__main__":
    sys.exit(main())
