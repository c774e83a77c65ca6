"""The one address of sockets."""

from __future__ import annotations

from django.urls import path

from realtime.consumer import Socket

websocket_urlpatterns = [path("ws/", Socket.as_asgi())]
