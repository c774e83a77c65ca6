"""The one way an entry gets into a room's log: numbered, hashed, chained and signed for, under the room's row lock.

The lock is held to the end of the transaction, so a later number can never become visible before an earlier one and a
reader's cursor skips nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils import timezone

from chat.models import Entry, Room
from chat.sealed.log import entry_hash, next_head, sign_receipt
from realtime.hints import hint


def hub_key() -> Ed25519PrivateKey:
    """The key of the hub's receipts. It signs what was stored and nothing else; it opens nothing."""
    return _hub_key(settings.RECEIPT_KEY, settings.SECRET_KEY)


def hub_public_key() -> bytes:
    """Its public half, 32 bytes."""
    return hub_key().public_key().public_bytes_raw()


def lock(room: Room) -> Room:
    """The room's row, locked until the end of the transaction: two writers would take the same number."""
    return Room.objects.select_for_update(of=("self",), no_key=True).get(pk=room.pk)


def append(locked: Room, *, kind: str, content: bytes, **fields: Any) -> Entry:
    """The next entry of a locked room; `content` are the bytes that its hash covers."""
    now = timezone.now()
    seq, at = locked.last_seq + 1, int(now.timestamp())
    digest = entry_hash(seq, at, kind, content)
    head = next_head(locked.head_now, digest)
    entry = Entry.objects.create(
        room=locked,
        seq=seq,
        kind=kind,
        hash=digest,
        head=head,
        receipt=sign_receipt(hub_key(), locked.room_id, seq, at, head),
        created_at=now,
        **fields,
    )
    locked.last_seq, locked.head = seq, head
    locked.save(update_fields=["last_seq", "head"])
    hint(locked.topic, seq)
    return entry


@cache
def _hub_key(seed: str, secret: str) -> Ed25519PrivateKey:
    # Without a key of its own the hub's secret stands in; a new secret then is a new hub to every page.
    made = hmac.digest(secret.encode(), b"parley receipt key", hashlib.sha256)
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed) if seed else made)
