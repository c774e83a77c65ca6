"""Whether contract, tables and practice world are what the code expects. Standard library only.

`manage.py prepare` leaves a note with a fingerprint of what it worked from. `up` reads it before it starts:
where nothing has changed, programs that need the tables may start beside the preparation.
"""

from __future__ import annotations

import hashlib

from stack.folders import ROOT, STATE

# It lies with the database that was prepared, and goes with it.
_NOTE = STATE / "postgres" / "prepared"
_APPS = ("escrow", "chat", "marketplace", "practice", "realtime", "stack")


def is_done() -> bool:
    """Whether this run's preparation has ended well."""
    return _NOTE.exists()


def begin() -> bool:
    """Forget the note of the run before; whether that run worked from the same sources."""
    was_same = _NOTE.exists() and _NOTE.read_text() == _fingerprint()
    _NOTE.unlink(missing_ok=True)
    return was_same


def note_done() -> None:
    """The preparation has ended well."""
    _NOTE.parent.mkdir(parents=True, exist_ok=True)
    _NOTE.write_text(_fingerprint())


def _fingerprint() -> str:
    digest = hashlib.sha256()
    files = [file for app in _APPS for file in (ROOT / app).glob("**/migrations/*.py")]
    files += (ROOT / "escrow" / "chain").glob("abi/*.json")
    files.append(ROOT / "escrow" / "chain" / "deployments.json")
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
