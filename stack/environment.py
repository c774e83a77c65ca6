"""What the processes of one machine are told by their environment. Standard library only.

`up` decides it and writes it down, so that any other command meets the same database and chain.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

from stack.folders import STATE

FILE = STATE / "environment.json"
# Names the variables whose servers `up` runs itself, so that nobody takes them for given.
OWN = "PARLEY_OWN"
_SECRET_BYTES = 48
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def write(values: dict[str, str]) -> None:
    """Keep the values for other commands; only this user may read them."""
    _private(FILE, json.dumps(values, indent=2) + "\n")


def kept() -> dict[str, str]:
    """The values of the last `up`; empty before the first."""
    try:
        return dict(json.loads(FILE.read_text()))
    except (OSError, ValueError):
        return {}


def load() -> None:
    """Give this process the kept values, unless it was told otherwise."""
    for name, value in kept().items():
        os.environ.setdefault(name, value)


def secret_key() -> str:
    """This checkout's own secret, made on first use."""
    file = STATE / "secret-key"
    if not file.exists():
        _private(file, secrets.token_urlsafe(_SECRET_BYTES))
    return file.read_text().strip()


def vapid_key() -> str:
    """This checkout's own key for browser notices, made on first use: a number below the order of P-256, as base64url."""
    file = STATE / "vapid-key"
    if not file.exists():
        number = 1 + secrets.randbelow(_P256_ORDER - 1)
        _private(file, base64.urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("="))
    return file.read_text().strip()


def _private(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text)
