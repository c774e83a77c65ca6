"""Sockets are opened by our own pages only: the Origin header must be exactly the public origin."""

from __future__ import annotations

from typing import Any


class ExactOrigin:
    """Refuses the handshake (403) unless there is one Origin header and it equals `origin`."""

    def __init__(self, application: Any, origin: str) -> None:
        self._application = application
        self._origin = origin.encode("ascii")

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        origins = [value for name, value in scope["headers"] if name.lower() == b"origin"]
        if origins == [self._origin]:
            await self._application(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 4403})
