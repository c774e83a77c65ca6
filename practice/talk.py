"""What the practice partner says in the room."""

from __future__ import annotations

import uuid

from chat.selectors import room_for
from marketplace.trades.models import Trade
from practice.player import Player

STORIES = {
    "hold": "The payment is not in my account yet. I keep the coins on hold until it is.",
    "other_name": "The money came from another name than the one in our terms. I will send it back.",
    "wrong_amount": "The amount in my account is not the one we agreed on.",
    "not_released": "I have paid in full and the coins were not released.",
}
_WORDS = uuid.UUID("6f0d2f9e-7a3c-4a51-9a59-0c1d1f0e7b11")


def say(trade: Trade, player: Player, text: str, *, key: str) -> None:
    """Say `text` once, sealed: the same `key` in the same trade is the same message."""
    if not text:
        return
    voice = player.voice()
    number = uuid.uuid5(_WORDS, f"{trade.ref}:{player.address}:{key}").hex
    voice.say(room_for(voice.user, trade.room_key), text, number)
