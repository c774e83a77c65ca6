"""The chat app; its topic is registered when Django is ready."""

from __future__ import annotations

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Label `chat`."""

    name = "chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from chat import topic

        topic.register()
