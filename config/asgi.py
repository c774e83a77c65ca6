"""One port for pages and sockets: pages run in a thread pool, sockets on the event loop."""

from __future__ import annotations

import os
from typing import Any, cast

from a2wsgi import WSGIMiddleware

from config.wsgi import application as pages

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.conf import settings

from realtime.origin import ExactOrigin
from realtime.routing import websocket_urlpatterns

PAGE_THREADS = 8

_http: Any = WSGIMiddleware(cast(Any, pages), workers=PAGE_THREADS)
_websocket = ExactOrigin(
    AuthMiddlewareStack(URLRouter(websocket_urlpatterns)), settings.PUBLIC_ORIGIN
)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Hand the connection to its kind; header names with an underscore are dropped, since WSGI would merge them with dashes."""
    if "headers" in scope:
        scope["headers"] = [(name, value) for name, value in scope["headers"] if b"_" not in name]
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        await _http(scope, receive, send)
    else:
        await _websocket(scope, receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
