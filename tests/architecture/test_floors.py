"""Who may import whom."""

import subprocess

from stack.folders import ROOT, VENV


def test_calls_go_down_the_floors_only():
    done = subprocess.run(
        [VENV / "bin" / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_bootstrap_needs_nothing_but_the_standard_library():
    """A bare checkout has no packages: what runs before they are installed must not want any."""
    modules = "manage, stack.bootstrap, stack.cli, stack.environment, stack.up, stack.verify"
    done = subprocess.run(
        [
            VENV / "bin" / "python",
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {modules}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
