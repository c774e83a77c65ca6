"""Builds the contracts and writes what Python, TypeScript and the deployer need of them to escrow/chain/abi.

    python contracts/build_abi.py           compile, write
    python contracts/build_abi.py --check   compile, compare, exit 1 naming the files that differ

Each file holds {"abi", "bytecode", "deployedBytecode"}; immutables in deployedBytecode are zero. The compiler adds no metadata,
so that the same sources give the same bytes on every machine.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parent
ROOT = CONTRACTS.parent
sys.path.insert(0, str(ROOT))

from stack import node  # noqa: E402

ABI = ROOT / "escrow" / "chain" / "abi"
NAMES = ("Escrow", "TestUSDC", "TestDAI", "PriceFeed")


def build() -> dict[str, str]:
    """The text of each file by contract name, from a compilation that uses no cache.

    Raises: stack.missing.MissingPrerequisite when forge is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [node.native_program("forge"), "build", "src", "--skip", "test", "--out", f"{folder}/out"]
            + ["--cache-path", f"{folder}/cache"],
            cwd=CONTRACTS,
            env=node.environment(),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return {name: _file_text(Path(folder) / "out" / f"{name}.sol" / f"{name}.json") for name in NAMES}


def _file_text(artifact: Path) -> str:
    built = json.loads(artifact.read_text())
    kept = {
        "abi": built["abi"],
        "bytecode": built["bytecode"]["object"],
        "deployedBytecode": built["deployedBytecode"]["object"],
    }
    return json.dumps(kept, indent=1) + "\n"


def main(arguments: list[str]) -> int:
    texts = build()
    if arguments == ["--check"]:
        stale = [name for name, text in texts.items() if (ABI / f"{name}.json").read_text() != text]
        print(f"stale: {', '.join(stale)}; run python contracts/build_abi.py" if stale else "the committed files are current")
        return 1 if stale else 0
    ABI.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (ABI / f"{name}.json").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
