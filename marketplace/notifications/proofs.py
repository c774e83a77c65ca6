"""The one-time words that show that a test arrived: in a mail's link, or in what the service worker sends back.

The row keeps a nonce, the word is its signature: reading the database is not enough to confirm somebody's channel.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.core import signing

from marketplace.notifications.models import Channel

_SALT = "marketplace.notifications.proof"
LIFE = timedelta(hours=24)


def open_proof(channel: Channel, now: datetime) -> None:
    """A new nonce; words given before are good no more. Saves the row."""
    channel.proof, channel.proof_until = secrets.token_urlsafe(16), now + LIFE
    channel.save(update_fields=["proof", "proof_until"])


def token_of(channel: Channel) -> str:
    """The word for the open nonce, "" when none is open."""
    return signing.dumps([channel.pk, channel.proof], salt=_SALT) if channel.proof else ""


def read_token(token: str) -> tuple[int, str] | None:
    """The channel's id and the nonce of a word that we signed."""
    try:
        pk, nonce = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return (pk, nonce) if isinstance(pk, int) and isinstance(nonce, str) and nonce else None
