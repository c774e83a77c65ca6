"""Pages' sockets for tests: one inside the process, one over a real server."""

from __future__ import annotations

import itertools
import json
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client
from django.urls import path

from realtime.consumer import Bounds, Socket
from realtime.origin import ExactOrigin

_numbers = itertools.count()


def signed_in_cookie(user: Any) -> str:
    """The Cookie header of a browser in which `user` has signed in."""
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


class Tab:
    """A socket inside the process; `cookie` "" is a visitor."""

    def __init__(self, cookie: str = "", bounds: Bounds | None = None) -> None:
        application = ExactOrigin(
            AuthMiddlewareStack(URLRouter([path("ws/", Socket.as_asgi(bounds=bounds))])),
            settings.PUBLIC_ORIGIN,
        )
        headers = [(b"origin", settings.PUBLIC_ORIGIN.encode()), (b"cookie", cookie.encode())]
        self.socket = WebsocketCommunicator(application, "/ws/", headers)
        self.frames: list[dict[str, Any]] = []

    async def open(self) -> Tab:
        connected, _ = await self.socket.connect(timeout=5)
        assert connected
        self.welcome = await self.next()
        assert self.welcome["kind"] == "welcome"
        return self

    async def ask(self, op: str, topic: str | None = None, **more: Any) -> dict[str, Any]:
        """The reply or error to one request; hints that come first are kept in `frames`."""
        number = str(next(_numbers))
        request = {"v": 1, "op": op, "id": number, "topic": topic, **more}
        await self.socket.send_to(text_data=json.dumps(request))
        while True:
            answer = await self.next()
            if answer.get("id") == number:
                return answer
            self.frames.append(answer)

    async def next(self, timeout: float = 5) -> dict[str, Any]:
        """The next frame."""
        frame: dict[str, Any] = json.loads(await self.socket.receive_from(timeout))
        return frame

    async def next_hint(self, topic: str) -> dict[str, Any]:
        """The next hint of `topic`, also one that came before an answer."""
        while True:
            frame = self.frames.pop(0) if self.frames else await self.next()
            if frame["kind"] == "hint" and frame["topic"] == topic:
                return frame

    async def closed_with(self, timeout: float = 6) -> int:
        """The code the server closes with; frames before it are kept."""
        while True:
            message = await self.socket.receive_output(timeout)
            if message["type"] == "websocket.close":
                return int(message["code"])
            self.frames.append(json.loads(message["text"]))

    async def close(self) -> None:
        await self.socket.disconnect()
