"""A wire to the node that goes dead at a chosen request, by number or by method: before the node gets it, or after, so that only the answer is lost."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class CutWire(ThreadingHTTPServer):
    """Passes requests on until `dies_at`, a number from 0 or a method, and then nothing more; `seen` names the methods."""

    daemon_threads = True

    def __init__(self, node_url: str, dies_at: int | str, *, is_delivered: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.node_url = node_url
        self.dies_at = dies_at
        self.is_delivered = is_delivered
        self.seen: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def is_cut(self) -> bool:
        if isinstance(self.dies_at, str):
            return self.dies_at in self.seen
        return len(self.seen) > self.dies_at


@contextmanager
def cut_wire(node_url: str, dies_at: int | str, *, is_delivered: bool = False) -> Iterator[CutWire]:
    """The wire while the block runs."""
    wire = CutWire(node_url, dies_at, is_delivered=is_delivered)
    thread = threading.Thread(target=wire.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        wire.shutdown()
        wire.server_close()
        thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    server: CutWire
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_first = not self.server.is_cut
        asked = json.loads(body)
        self.server.seen.append(asked[0]["method"] if isinstance(asked, list) else asked["method"])
        if not self.server.is_cut:
            self._answer(self._ask(body))
            return
        if is_first and self.server.is_delivered:
            self._ask(body)
        self.close_connection = True

    def _ask(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.server.node_url, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            content: bytes = answer.read()
        return content

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_told: object) -> None:
        """Nothing is written."""
