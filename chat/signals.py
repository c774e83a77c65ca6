"""What other floors may hear of the chat."""

from __future__ import annotations

from django.dispatch import Signal

# Sent inside the transaction when a member opened messages: room (chat.models.Room), audience (text).
opened = Signal()
