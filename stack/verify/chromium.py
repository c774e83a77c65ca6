"""The browser of the browser tests: Debian's Chromium, installed when we may. Standard library only."""

from __future__ import annotations

import os
import shutil
import subprocess

from stack.missing import MissingPrerequisite

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def program() -> str | None:
    """The browser to use: CHROMIUM, else the first known name on PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


def install() -> None:
    """Install Chromium from the system's packages unless some Chromium is there.

    Raises:
        MissingPrerequisite: we may not, or it failed.
    """
    if program():
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise MissingPrerequisite(
            "The browser tests need Chromium: install it (on Debian or Ubuntu: sudo apt install chromium), "
            "or set CHROMIUM to the program's path."
        )
    print("  installing Chromium", flush=True)
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        done = subprocess.run(
            ["apt-get", "-qq", *arguments],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise MissingPrerequisite(
                f"Chromium could not be installed:\n{done.stdout.strip()[-1500:]}"
            )
