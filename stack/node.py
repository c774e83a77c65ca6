"""Node and its packages, for the page bundle, the devnet's node and the contract tools. Standard library only."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

from stack import tools
from stack.folders import NODE_MODULES, ROOT
from stack.missing import MissingPrerequisite

LOCK = ROOT / "package-lock.json"
OLDEST_NODE = 20


def environment() -> dict[str, str]:
    """This process's environment with a good enough node first on PATH."""
    folder = _node_folder()
    if folder is None:
        return dict(os.environ)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def program() -> str:
    """The node to run scripts with.

    Raises:
        MissingPrerequisite: there is none.
    """
    found = shutil.which("node", path=environment().get("PATH"))
    if not found:
        raise MissingPrerequisite("node is missing; run `python manage.py up` once to fetch it.")
    return found


def native_program(name: str) -> Path:
    """The machine-code file behind a Foundry package, such as `anvil`; the one in .bin is a script around it.

    Raises:
        MissingPrerequisite: the package has none for this machine.
    """
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system(), "win32")
    machine = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}.get(
        platform.machine(), platform.machine()
    )
    found = NODE_MODULES / "@foundry-rs" / f"{name}-{system}-{machine}" / "bin" / name
    if not found.exists():
        raise MissingPrerequisite(
            f"{name} is not installed for this machine ({system}, {machine}); "
            "remove node_modules and run `python manage.py up` again."
        )
    return found


def has_packages(*, development: bool) -> bool:
    """Whether every package of the lock that this machine needs lies there in its locked version."""
    return all(_version(name) == version for name, version in _wanted(development=development))


def install_packages(*, development: bool) -> None:
    """Install from the lock, without install scripts; fetch node itself first where there is none.

    Raises:
        MissingPrerequisite: npm failed, with its last words.
    """
    if _node_folder() is None and not _is_new_enough("node"):
        tools.install_node()
        _node_folder.cache_clear()
    command = [
        *_npm(),
        "install",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
    ]
    # Packages of a developer who ran `verify` before are left in place.
    if not development and not _has_development_packages():
        command.append("--omit=dev")
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode or not has_packages(development=development):
        raise MissingPrerequisite(
            f"npm could not install the node packages:\n{done.stdout.strip()[-2000:]}\n"
            "Check the network and the package registry, then run the same command again."
        )


def _npm() -> list[str]:
    """npm's own launcher is a link, and a wheel has no links; so the unpacked one is called by its script."""
    folder = _node_folder()
    if folder is None:
        return ["npm"]
    return ["node", str(folder.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


@cache
def _node_folder() -> Path | None:
    """The folder to put first on PATH: the unpacked node, or None where the machine's own will do."""
    if _is_new_enough("node") and shutil.which("npm"):
        return None
    unpacked = tools.node_folder()
    return unpacked if (unpacked / "node").exists() else None


@cache
def _is_new_enough(node: str) -> bool:
    found = shutil.which(node)
    if not found:
        return False
    answer = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().lstrip("v").split(".")[0]
    return answer.returncode == 0 and major.isdigit() and int(major) >= OLDEST_NODE


def _wanted(*, development: bool) -> list[tuple[str, str]]:
    packages = json.loads(LOCK.read_text())["packages"]
    return [
        (place, entry["version"])
        for place, entry in packages.items()
        if place and (development or not entry.get("dev")) and _is_for_this_machine(entry)
    ]


def _is_for_this_machine(entry: dict[str, object]) -> bool:
    """Optional packages are native builds, at most one of which fits; npm itself decides about them."""
    return not entry.get("optional")


def _has_development_packages() -> bool:
    packages = json.loads(LOCK.read_text())["packages"]
    return any(entry.get("dev") and (ROOT / place).exists() for place, entry in packages.items())


def _version(place: str) -> str:
    try:
        return str(json.loads((ROOT / place / "package.json").read_text())["version"])
    except (OSError, ValueError, KeyError):
        return ""
