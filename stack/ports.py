"""The ports of one machine: chosen once, kept, and moved only on request. Standard library only.

The site's port is part of its origin, to which wallets and browser keys are bound; the node's port is
written into people's wallets. So neither moves silently.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from dataclasses import dataclass
from pathlib import Path

from stack.folders import STATE
from stack.missing import MissingPrerequisite
from stack.services import HOST

SITE_PORT = 7273
CHAIN_PORT = 7274
REDIS_PORT = 7275
_STEP = 10
_TRIES = 200


class PortTaken(MissingPrerequisite):
    """Another program listens where we always did."""


@dataclass(frozen=True)
class Ports:
    """Where this checkout's programs listen."""

    site: int
    chain: int
    redis: int


def choose(wanted_site: int | None = None) -> Ports:
    """The kept ports, or on the first start the first free ones; kept from now on.

    Raises:
        PortTaken: another program listens where the site or the node always did.
    """
    return Ports(site=_site_port(wanted_site), chain=_chain_port(), redis=_redis_port())


def _site_port(wanted: int | None) -> int:
    file = STATE / "port"
    port = wanted or _kept(file) or _first_free(SITE_PORT)
    if not is_free(port):
        raise PortTaken(
            f"Port {port} is taken by {holder(port)}: stop that program, or move Parley with "
            f"`python manage.py up --port {_first_free(port + _STEP)}` (people then sign in again at the new "
            "address, and the keys that browsers made for the old one stay behind)."
        )
    _keep(file, port)
    return port


def _chain_port() -> int:
    file = STATE / "chain-port"
    port = _kept(file) or _first_free(CHAIN_PORT)
    if not is_free(port):
        raise PortTaken(
            f"Port {port}, where the devnet's node always listens, is taken by {holder(port)}: stop that program, "
            f"or remove {file} to let the node move (wallets that know the old address then need the new one)."
        )
    _keep(file, port)
    return port


def _redis_port() -> int:
    """It may move, since nobody but our own processes knows it."""
    file = STATE / "redis-port"
    port = _kept(file)
    if port is None or not is_free(port):
        port = _first_free(REDIS_PORT)
    _keep(file, port)
    return port


def is_free(port: int) -> bool:
    """Whether nobody listens there, by either version of the protocol: browsers try both for `localhost`."""
    return _can_bind(socket.AF_INET, HOST, port) and _can_bind(socket.AF_INET6, "::1", port)


def holder(port: int) -> str:
    """Who listens on a port, as far as this user may see."""
    for pid in _listeners(port):
        words = (Path("/proc") / pid / "cmdline").read_bytes().split(b"\0")
        command = b" ".join(words).decode("utf-8", "replace").strip()
        return f"`{command[:80]}` (process {pid})"
    return "another program"


def _can_bind(family: socket.AddressFamily, host: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        # A machine without IPv6 has nothing listening there.
        return error.errno not in (errno.EADDRINUSE, errno.EACCES)
    return True


def _first_free(start: int) -> int:
    for port in range(start, min(start + _TRIES * _STEP, 65000), _STEP):
        if is_free(port):
            return port
    raise PortTaken(f"No free port was found from {start} on; name one with `--port`.")


def _listeners(port: int) -> list[str]:
    sockets = _listening_sockets(port)
    return [
        process.name for process in Path("/proc").glob("[0-9]*") if _open_files(process) & sockets
    ]


def _open_files(process: Path) -> set[str]:
    """What a process holds open; nothing of what it closes meanwhile or hides from us."""
    found = set()
    with contextlib.suppress(OSError):
        for link in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                found.add(str(link.readlink()))
    return found


def _listening_sockets(port: int) -> set[str]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    return inodes


def _kept(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _keep(file: Path, port: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{port}\n")
