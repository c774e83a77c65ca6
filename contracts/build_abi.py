"""Builds the contracts and writes what Python, TypeScript and the deployer need of them to escrow/chain/abi.

    python contracts/build_abi.py           compile, write
    python contracts/build_abi.py --check   compile, compare, exit 1 naming the files that differ

NAME.json holds {"abi", "bytecode", "deployedBytecode"}; immutables in deployedBytecode are zero. The compiler adds no metadata,
so that the same sources give the same bytes on every machine. Escrow.build.json holds what anybody needs to get the Escrow's
bytes again, and to fill in its immutables: {"compiler", "contract", "immutables", "input"}, the last in the compiler's own form.
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
NAMES = ("Escrow", "AskWallet", "TestUSDC", "TestDAI", "PriceFeed")
SOURCE = "src/Escrow.sol"
PACKAGES = "../node_modules/"


def build() -> dict[str, str]:
    """The text of each file by its name, from a compilation that uses no cache.

    Raises: stack.missing.MissingPrerequisite when forge is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [node.native_program("forge"), "build", "src", "--skip", "test", "--build-info", "--out", f"{folder}/out"]
            + ["--cache-path", f"{folder}/cache"],
            cwd=CONTRACTS,
            env=node.environment(),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        out = Path(folder) / "out"
        artifacts = {name: json.loads((out / f"{name}.sol" / f"{name}.json").read_text()) for name in NAMES}
        (build_info,) = (out / "build-info").glob("*.json")
        texts = {f"{name}.json": _artifact_text(artifact) for name, artifact in artifacts.items()}
        texts["Escrow.build.json"] = _build_text(artifacts["Escrow"], json.loads(build_info.read_text()))
        return texts


def _artifact_text(artifact: dict) -> str:
    kept = {
        "abi": artifact["abi"],
        "bytecode": artifact["bytecode"]["object"],
        "deployedBytecode": artifact["deployedBytecode"]["object"],
    }
    return json.dumps(kept, indent=1) + "\n"


def _build_text(escrow: dict, build_info: dict) -> str:
    """Forge's own input, cut to what the Escrow imports, with each source under the name by which it is imported.

    So the input needs no remapping, names no folder of this machine, and the compiler needs nothing beside it.
    """
    given, metadata = build_info["input"], json.loads(escrow["rawMetadata"])
    sources = {name.removeprefix(PACKAGES): given["sources"][name]["content"] for name in sorted(metadata["sources"])}
    kept = ("optimizer", "metadata", "evmVersion", "viaIR")
    settings = {
        **{name: given["settings"][name] for name in kept},
        "outputSelection": {SOURCE: {"Escrow": ["abi", "evm.bytecode.object", "evm.deployedBytecode"]}},
    }
    made = {
        "compiler": metadata["compiler"]["version"],
        "contract": f"{SOURCE}:Escrow",
        "immutables": _immutables(escrow, build_info["output"]["sources"]),
        "input": {
            "language": given["language"],
            "sources": {name: {"content": text} for name, text in sources.items()},
            "settings": settings,
        },
    }
    return json.dumps(made, indent=1) + "\n"


def _immutables(escrow: dict, sources: dict) -> dict[str, list[int]]:
    """Where in the runtime code the 32 bytes of each immutable stand, by its name."""
    names = {
        part["id"]: part["name"]
        for source in sources.values()
        for contract in source["ast"]["nodes"]
        for part in contract.get("nodes", [])
        if part.get("mutability") == "immutable"
    }
    places = escrow["deployedBytecode"]["immutableReferences"]
    return {names[int(key)]: sorted(place["start"] for place in found) for key, found in sorted(places.items())}


def main(arguments: list[str]) -> int:
    texts = build()
    if arguments == ["--check"]:
        stale = [name for name, text in texts.items() if not (ABI / name).exists() or (ABI / name).read_text() != text]
        print(f"stale: {', '.join(stale)}; run python contracts/build_abi.py" if stale else "the committed files are current")
        return 1 if stale else 0
    ABI.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (ABI / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
