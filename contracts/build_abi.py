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
ABI = ROOT / "escrow" / "chain" / "abi"
NAMES = ("Escrow", "TestUSDC", "TestDAI", "PriceFeed")


class ToolMissing(Exception):
    """The compiler is not installed: run `npm install --ignore-scripts` first."""


def forge() -> Path:
    """The native forge of this platform, out of node_modules.

    Raises: ToolMissing.
    """
    for binary in sorted(ROOT.glob("node_modules/@foundry-rs/forge-*/bin/forge*")):
        return binary
    raise ToolMissing(ToolMissing.__doc__)


def build() -> dict[str, str]:
    """The text of each file by contract name, from a compilation that uses no cache."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [forge(), "build", "src", "--skip", "test", "--out", f"{folder}/out", "--cache-path", f"{folder}/cache"],
            cwd=CONTRACTS,
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
