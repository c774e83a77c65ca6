"""Real servers for tests: PostgreSQL, Redis and the devnet's node, each started when a test first asks.

Loaded before Django's settings, which read their addresses from the environment. Every pytest process,
so every xdist worker too, has servers of its own; DATABASE_URL, REDIS_URL or CHAIN_RPC_URL given from
outside are used instead.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack import services
from stack.children import Child, Program

OWN = "PARLEY_TESTS_OWN"

FOLDER = Path(tempfile.mkdtemp(prefix="parley-tests-"))
REDIS_PORT = services.free_port()
CHAIN_PORT = services.free_port()
SITE_PORT = services.free_port()

_own_addresses = {
    "DATABASE_URL": services.database_url(FOLDER / "postgres", "parley"),
    "REDIS_URL": services.redis_url(REDIS_PORT),
    "CHAIN_RPC_URL": services.chain_rpc_url(CHAIN_PORT),
}
# A worker of xdist inherits the addresses its parent made up; those are not "given from outside".
_made_up_by_parent = os.environ.get(OWN, "").split()
OWN_SERVERS = [
    name for name in _own_addresses if name in _made_up_by_parent or name not in os.environ
]

os.environ.update({name: _own_addresses[name] for name in OWN_SERVERS})
os.environ[OWN] = " ".join(OWN_SERVERS) or "none"
os.environ["PUBLIC_ORIGIN"] = f"http://localhost:{SITE_PORT}"
os.environ["PARLEY_STATE"] = str(FOLDER)
os.environ["DEVNET"] = "1"
# All servers are on this machine. Said here, it also keeps threads from walking the environment for proxies
# while pytest notes the next test in it.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
# Playwright keeps a loop running in the main thread, where the tests use the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a running PostgreSQL."""
    folder = FOLDER / "postgres"
    yield from serve(
        "DATABASE_URL",
        lambda: services.postgres(folder=folder, log=FOLDER / "postgres.log", durable=False),
    )


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The URL of a running Redis."""
    yield from serve(
        "REDIS_URL",
        lambda: services.redis(folder=FOLDER / "redis", port=REDIS_PORT, log=FOLDER / "redis.log"),
    )


@pytest.fixture(scope="session")
def anvil_node() -> Iterator[str]:
    """The URL of a running devnet node that mines each transaction at once."""
    yield from serve(
        "CHAIN_RPC_URL", lambda: services.anvil(port=CHAIN_PORT, log=FOLDER / "anvil.log")
    )


def pytest_sessionfinish() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)


def pytest_report_header() -> str:
    given = [name for name in _own_addresses if name not in OWN_SERVERS]
    hosts = [f"{name} at {urllib.parse.urlsplit(os.environ[name]).hostname}" for name in given]
    return "servers: own" + (f", except {', '.join(hosts)}" if hosts else "")


def serve(variable: str, program: Callable[[], Program]) -> Iterator[str]:
    """The address in a variable: of a server given from outside, or of this one while it is wanted."""
    if variable not in OWN_SERVERS:
        yield os.environ[variable]
        return
    child = Child(program())
    try:
        child.wait_until_ready()
        yield os.environ[variable]
    finally:
        child.stop()
