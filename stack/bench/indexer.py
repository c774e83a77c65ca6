"""How fast the follower reads, against a bare loop that only asks for logs and decodes them, and how soon a page shows it.

Servers of its own: PostgreSQL, Redis, the devnet's node. 100,000 events of real trades in 1,000 blocks; then as many empty
blocks, which no devnet node can mine in time and which the repository's fault proxy serves with consistent headers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from stack import bundle, node, services
from stack.children import Child, Program
from stack.folders import ROOT

EVENTS = 100_000
# One offer each, of which a person may have thirty.
ROUNDS = 24


def measure(events: int = EVENTS) -> dict[str, float]:
    """Events and blocks per second, memory growth while catching up, and milliseconds from mined to shown."""
    if not bundle.is_current():
        subprocess.run(
            bundle.command(),
            cwd=ROOT,
            env={**os.environ, **node.environment()},
            stdout=sys.stderr,
            check=True,
        )
        bundle.note_built()
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        folder = Path(name)
        ports = services.free_port(), services.free_port()
        servers = [
            services.postgres(folder=folder / "postgres", log=folder / "postgres.log"),
            services.redis(folder=folder / "redis", port=ports[0], log=folder / "redis.log"),
            services.anvil(port=ports[1], log=folder / "anvil.log"),
        ]
        return _measured(servers, folder, ports, events)


def _measured(
    servers: list[Program], folder: Path, ports: tuple[int, int], events: int
) -> dict[str, float]:
    children = [Child(program) for program in servers]
    try:
        for child in children:
            child.wait_until_ready()
        services.create_database(folder / "postgres")
        environment = {
            **os.environ,
            "DATABASE_URL": services.database_url(folder / "postgres"),
            "REDIS_URL": services.redis_url(ports[0]),
            "CHAIN_RPC_URL": services.chain_rpc_url(ports[1]),
            "PARLEY_STATE": str(folder),
            "PUBLIC_ORIGIN": "http://localhost:8000",
            "DEVNET": "1",
            "NO_PROXY": "127.0.0.1,localhost",
        }
        command = [sys.executable, "-m", "tests.faultmachine.speed", str(events), str(ROUNDS)]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return figures
    finally:
        for child in reversed(children):
            child.stop()
