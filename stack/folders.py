"""Where things lie on this machine. Standard library only: the bootstrap imports it."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = Path(os.environ.get("PARLEY_STATE") or ROOT / ".parley").resolve()

VENV = ROOT / ".venv"
NODE_MODULES = ROOT / "node_modules"
# Programs from wheels are the same for every state folder of this checkout.
TOOLS = ROOT / ".parley" / "tools"

LOGS = STATE / "log"
RUN = STATE / "run"


def venv_python() -> Path:
    """The interpreter of this checkout's own environment, whether it exists yet or not."""
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return VENV / folder / name
