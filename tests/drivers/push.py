"""A browser and its push service: real HTTP, and what arrives is opened with the browser's keys and checked against the hub's."""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VAPID = base64.urlsafe_b64encode((7).to_bytes(32, "big")).decode().rstrip("=")


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Arrived:
    """One post: where, the opened payload, the headers, and the claims that the hub signed."""

    path: str
    payload: dict[str, Any]
    headers: dict[str, str]
    claims: dict[str, Any]
    key: str


class PushService:
    """Speaks for one browser. `status` is its next answers."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = secrets.token_bytes(16)
        self.arrived: list[Arrived] = []
        self.asked: list[str] = []
        self.status = 201
        self.location = ""
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                service.take(
                    self.path, {name.title(): value for name, value in self.headers.items()}, body
                )
                self.send_response(service.status)
                if service.location:
                    self.send_header("Location", service.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                service.asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def subscription(self, name: str = "one") -> dict[str, Any]:
        """What a browser's PushSubscription says of itself."""
        point = self.private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        keys = {"p256dh": text_of(point), "auth": text_of(self.auth)}
        return {"endpoint": f"{self.origin}/send/{name}", "keys": keys}

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.asked.append(path)
        if self.status >= 300:
            return
        opened = http_ece.decrypt(
            body, private_key=self.private, auth_secret=self.auth, version="aes128gcm"
        )
        claims, key = self._checked(headers["Authorization"])
        self.arrived.append(Arrived(path, json.loads(opened), headers, claims, key))

    def _checked(self, authorization: str) -> tuple[dict[str, Any], str]:
        """The claims of a VAPID header whose signature is right (RFC 8292)."""
        scheme, _, rest = authorization.partition(" ")
        assert scheme == "vapid"
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        signed, _, signature = parts["t"].rpartition(".")
        raw = bytes_of(signature)
        numbers = [int.from_bytes(half, "big") for half in (raw[:32], raw[32:])]
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes_of(parts["k"]))
        public.verify(encode_dss_signature(*numbers), signed.encode(), ec.ECDSA(hashes.SHA256()))
        return json.loads(bytes_of(signed.split(".")[1])), parts["k"]


@contextmanager
def push_service(settings: Any) -> Iterator[PushService]:
    """A service that the hub may post to while the block runs, and a key of the hub."""
    service = PushService()
    service.start()
    settings.VAPID_PRIVATE_KEY = VAPID
    settings.PUSH_ORIGINS = (*settings.PUSH_ORIGINS, service.origin)
    try:
        yield service
    finally:
        service.stop()
