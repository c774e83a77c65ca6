"""What Python, the page and the deployer use of the contracts is what the sources give today."""

import subprocess
import sys

from stack.folders import ROOT


def test_the_committed_abi_and_bytecode_are_what_the_sources_give():
    done = subprocess.run(
        [sys.executable, "contracts/build_abi.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
