"""Two clean builds give the same bytes, wherever the checkout lies: nothing of the machine gets into them."""

import shutil
import subprocess
import sys

from stack.folders import NODE_MODULES, ROOT

FILES = ("contracts/foundry.toml", "contracts/solc-wrap.mjs", "contracts/build_abi.py")
FOLDERS = ("contracts/src", "stack", "escrow/chain/abi")
# What forge reads is copied, so that no link leads it back; the programs themselves may stay where they are.
SOURCES = ("@openzeppelin/contracts", "solady/src")


def test_a_build_in_another_folder_gives_the_committed_bytes(tmp_path):
    """C35."""
    copy = tmp_path / "some other" / "place"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy2(ROOT / name, copy / name)
    for name in SOURCES:
        shutil.copytree(NODE_MODULES / name, copy / "node_modules" / name)
    for folder in NODE_MODULES.iterdir():
        linked = copy / "node_modules" / folder.name
        if not linked.exists():
            linked.symlink_to(folder)
    done = subprocess.run(
        [sys.executable, "contracts/build_abi.py", "--check"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "the committed files are current\n", done.stdout + done.stderr
