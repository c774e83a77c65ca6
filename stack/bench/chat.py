"""How many sealed messages the hub stores in a second, and how soon the other side has them, against a bare echo through the layer.

Servers of its own: PostgreSQL, Redis and one web process. 300 people in 150 rooms, 16 messages on their way at once, beside 1,000
sockets that only listen; the load comes from a process of its own, which seals and opens as browsers do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from stack import services
from stack.children import Child
from stack.folders import ROOT

SECONDS = 20


def measure() -> dict[str, float]:
    """Stored messages and echoes per second, milliseconds until they arrive, KiB of the server per idle socket."""
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        folder = Path(name)
        port = services.free_port()
        children = [
            Child(services.postgres(folder=folder / "postgres", log=folder / "postgres.log")),
            Child(services.redis(folder=folder / "redis", port=port, log=folder / "redis.log")),
        ]
        try:
            for child in children:
                child.wait_until_ready()
            services.create_database(folder / "postgres")
            environment = {
                **os.environ,
                "DATABASE_URL": services.database_url(folder / "postgres"),
                "REDIS_URL": services.redis_url(port),
                "PARLEY_STATE": str(folder),
                "PUBLIC_ORIGIN": "http://localhost:8000",
                "DEVNET": "1",
                "NO_PROXY": "127.0.0.1,localhost",
            }
            done = subprocess.run(
                [sys.executable, "-m", "tests.faultmachine.chatter", str(SECONDS)],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
            return figures
        finally:
            for child in reversed(children):
                child.stop()
