"""The site with one more address: a bare consumer that echoes through the channel layer, as the measure of the layer alone."""

from __future__ import annotations

from typing import Any

from config.asgi import application as site

from channels.generic.websocket import AsyncWebsocketConsumer  # isort: skip
from channels.routing import URLRouter  # isort: skip
from django.urls import path  # isort: skip


class Echo(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Sends what one says to everybody at the same address. It stores nothing and asks nobody's right."""

    async def connect(self) -> None:
        self.group = f"echo.{self.scope['url_route']['kwargs']['room']}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str = "", bytes_data: bytes = b"") -> None:
        await self.channel_layer.group_send(self.group, {"type": "said", "text": text_data})

    async def said(self, event: dict[str, Any]) -> None:
        """One more of the group's texts."""
        await self.send(event["text"])


_echo = URLRouter([path("echo/<slug:room>/", Echo.as_asgi())])


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The echo under /echo/, the site everywhere else."""
    is_echo = scope["type"] == "websocket" and scope["path"].startswith("/echo/")
    await (_echo if is_echo else site)(scope, receive, send)
