"""The page bundle: built from frontend/ into static/build, skipped while nothing it is made of has changed.

Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from stack import node
from stack.folders import ROOT
from stack.missing import MissingPrerequisite

BUILD = ROOT / "static" / "build"
SCRIPT = ROOT / "frontend" / "build.mjs"
# The page encodes calls from the contract's interface and the signed types, so they are bundled too.
_INPUTS = [
    ROOT / "frontend",
    ROOT / "escrow" / "chain" / "abi",
    ROOT / "escrow" / "chain" / "typed_data.json",
    ROOT / "escrow" / "chain" / "deployments.json",
    ROOT / "escrow" / "chain" / "errors.json",
    ROOT / "package-lock.json",
]
_STAMP = BUILD / ".inputs"


def is_current() -> bool:
    """Whether the built files belong to the sources as they are now."""
    return _is_whole() and _STAMP.exists() and _STAMP.read_text() == _fingerprint()


def command() -> list[str]:
    """What builds the bundle; run it at the root of the checkout."""
    return [node.program(), str(SCRIPT)]


def build() -> None:
    """Build unless current.

    Raises:
        MissingPrerequisite: the build failed, with its messages.
    """
    if is_current():
        return
    done = subprocess.run(
        command(), cwd=ROOT, env=node.environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise MissingPrerequisite(
            f"The page bundle could not be built:\n{done.stderr or done.stdout}"
        )
    note_built()


def note_built() -> None:
    """Remember what the present files were built from."""
    BUILD.mkdir(parents=True, exist_ok=True)
    _STAMP.write_text(_fingerprint())


def _is_whole() -> bool:
    """Whether every file that the manifest names is there."""
    try:
        named = json.loads((BUILD / "manifest.json").read_text())
    except (OSError, ValueError):
        return False
    return all((BUILD.parent / path).exists() for path in named.values())


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for file in _files():
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for source in _INPUTS:
        if source.is_file():
            yield source
        elif source.is_dir():
            yield from sorted(file for file in source.rglob("*") if file.is_file())
