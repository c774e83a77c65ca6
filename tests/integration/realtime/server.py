"""The site as its own process over the test database, to be killed; and clients that reach it by wire."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import uuid
from typing import Any

from django.conf import settings
from django.db import connection
from websockets.exceptions import ConnectionClosed, InvalidMessage
from websockets.sync.client import ClientConnection, connect

from chat.sealed.layout import KeyStatement
from chat.sealed.messages import text
from practice.voice import Voice
from stack.folders import ROOT
from stack.processes import LARGEST_FRAME_BYTES
from stack.services import free_port


class Server:
    """uvicorn with the site's own limits. `port` stays the same over restarts."""

    def __init__(self, application: str = "config.asgi:application") -> None:
        self.port = free_port()
        self.application = application
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", self.application),
                *("--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning"),
                *("--ws-max-size", str(LARGEST_FRAME_BYTES), "--ws-per-message-deflate", "false"),
            ],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": _database_url()},
        )
        deadline = time.monotonic() + 90
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                assert time.monotonic() < deadline, "the server did not start"
                assert self.process.poll() is None, "the server ended"
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)

    def resident_mib(self) -> float:
        """Memory of the process."""
        with open(f"/proc/{self.process.pid}/status") as status:
            line = next(line for line in status if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def open(self, cookie: str = "", origin: str | None = "", **more: Any) -> ClientConnection:
        """A raw socket; by default with the right Origin."""
        return connect(
            f"ws://127.0.0.1:{self.port}/ws/",
            origin=settings.PUBLIC_ORIGIN if origin == "" else origin,
            additional_headers={"Cookie": cookie} if cookie else {},
            compression=None,
            legacy=True,
            **more,
        )


class Chatter:
    """A browser in a room, as careful as the real one: keeps what is not acked, pulls from its cursor."""

    def __init__(self, server: Server, cookie: str, key: str, voice: Voice | None = None) -> None:
        """`voice`: who talks, with a device whose key is in the room's log; without one it only reads."""
        self.server, self.cookie, self.topic = server, cookie, f"room:{key}"
        self.voice = voice
        self.index, self.last = 0, bytes(32)
        self.log: dict[int, dict[str, Any]] = {}
        self.acked: dict[str, int] = {}
        self.socket: ClientConnection | None = None

    @property
    def cursor(self) -> int:
        return max(self.log, default=0)

    def send(self, words: str) -> None:
        """Seal a text and send it until it is acked, over as many connections as it takes."""
        client_id = uuid.uuid4().hex
        body = self._sealed(words, client_id)
        data = {
            "v": 2,
            "kind": "message",
            "clientId": client_id,
            "body": base64.b64encode(body).decode(),
        }
        entry = self.insist("act", action="post", data=data)["entry"]
        self.index, self.last = self.index + 1, hashlib.sha256(body).digest()
        self.acked[client_id] = entry["seq"]

    def _sealed(self, words: str, client_id: str) -> bytes:
        """As a page seals: from what it has pulled, and nothing else."""
        assert self.voice is not None
        if not self.log:
            self.pull()
        device = self.voice.device
        keys = [
            KeyStatement.parse(base64.b64decode(entry["body"]))
            for entry in self.log.values()
            if entry["kind"] == "key"
        ]
        envelope, _ = device.seal(
            text(words),
            own=next(key for key in keys if key.device == device.name),
            readers=keys,
            room=keys[0].room,
            client_id=bytes.fromhex(client_id),
            index=self.index + 1,
            previous=self.last,
            seen=self.cursor,
            seen_head=bytes.fromhex(self.log[self.cursor]["head"]),
        )
        return envelope.packed

    def pull(self) -> None:
        """Read everything after the cursor."""
        while True:
            page = self.insist("pull", data={"after": self.cursor, "limit": 50})
            for entry in page["entries"]:
                assert entry["seq"] == self.cursor + 1, "a gap"
                self.log[entry["seq"]] = entry
            if self.cursor >= page["last"]:
                return

    def insist(self, op: str, **more: Any) -> dict[str, Any]:
        deadline = time.monotonic() + 30
        while True:
            try:
                return self._ask(op, **more)
            # The last: killed while it answered the handshake.
            except (ConnectionClosed, OSError, EOFError, TimeoutError, InvalidMessage):
                assert time.monotonic() < deadline, "the server did not come back"
                self.socket = None
                time.sleep(0.05)

    def close(self) -> None:
        if self.socket:
            self.socket.close()

    def _ask(self, op: str, **more: Any) -> dict[str, Any]:
        if self.socket is None:
            self.socket = self.server.open(self.cookie, open_timeout=3)
            self._ask("subscribe")
        number = uuid.uuid4().hex
        self.socket.send(json.dumps({"v": 1, "op": op, "topic": self.topic, "id": number, **more}))
        while True:
            frame = json.loads(self.socket.recv(timeout=5))
            if frame.get("id") != number:
                continue
            if frame["kind"] == "error":
                raise AssertionError(frame["error"])
            answer: dict[str, Any] = frame["data"]
            return answer


def _database_url() -> str:
    """The test database under the address the tests were given."""
    given = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    return given._replace(path="/" + connection.settings_dict["NAME"]).geturl()
