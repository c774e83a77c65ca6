"""Puts a plain build of the Escrow to the tests: no optimizer, not through the IR. Both builds pass, or the optimizer changed a meaning.

    python contracts/build_plain.py           compile, run the whole forge suite against it
    python contracts/build_plain.py --build   compile only, print where the artifact is

No test is left out: the gas that the contract asks for leaves room enough for the plain build too.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parent
ROOT = CONTRACTS.parent
sys.path.insert(0, str(ROOT))

from stack import node  # noqa: E402

# Inside the checkout, whatever the state folder: forge lets tests read nothing else.
ARTIFACT = ROOT / ".parley" / "plain" / "Escrow.json"


def build() -> Path:
    """Where the artifact lies.

    Raises: RuntimeError with the compiler's words; stack.missing.MissingPrerequisite when there is no node.
    """
    ARTIFACT.parent.mkdir(parents=True, exist_ok=True)
    answer = subprocess.run(
        [node.program(), CONTRACTS / "plain.mjs"],
        input=json.dumps({"to": str(ARTIFACT)}),
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(answer.stdout)
    if not result["ok"]:
        raise RuntimeError(result["why"])
    return ARTIFACT


def main(arguments: list[str]) -> int:
    artifact = build()
    if arguments == ["--build"]:
        print(artifact)
        return 0
    environment = {**node.environment(), "ESCROW_ARTIFACT": os.path.relpath(artifact, CONTRACTS)}
    return subprocess.run([node.native_program("forge"), "test"], cwd=CONTRACTS, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
