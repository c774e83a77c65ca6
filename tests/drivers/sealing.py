"""People who talk sealed, without a browser: each has a device that his wallet signed for."""

from __future__ import annotations

import uuid
from typing import Any

from eth_account import Account
from eth_typing import Hash32

from chat.models import Entry, Room
from chat.sealed.device import SealingDevice
from escrow.chain.keys import DEVNET_ACCOUNTS, cast_account
from marketplace.accounts.models import User
from practice.voice import Voice, sign_in

_NUMBERS = uuid.UUID("5f0e7a1c-4b0c-4c6f-9a51-1f1f6a0d2b77")


def client_id(name: str) -> str:
    """A client id that this name always gives."""
    return uuid.uuid5(_NUMBERS, name).hex


def voice_of(user: User) -> Voice:
    """The person with a new device, signed in."""
    device = SealingDevice(address=bytes.fromhex(user.address[2:]))
    sign_in(user, device, wallet_of(user))
    return Voice(user, device)


def bare_voice_of(user: User) -> Voice:
    """The same for an account that nobody has the key of: its sign-in is signed with nothing."""
    device = SealingDevice(address=bytes.fromhex(user.address[2:]))
    sign_in(user, device, lambda digest: "0x" + "00" * 65)
    return Voice(user, device)


def wallet_of(user: User) -> Any:
    """His devnet wallet: a digest in, the signature as 0x text out."""
    account = next(
        a for a in map(cast_account, range(DEVNET_ACCOUNTS)) if a.address == user.address
    )

    def signed(digest: bytes) -> str:
        raw = account.unsafe_sign_hash(Hash32(digest)).signature.hex()
        return "0x" + raw.removeprefix("0x")

    return signed


def recovered(digest: bytes, signature: str) -> str:
    """Whose key signed these 32 bytes."""
    return str(Account._recover_hash(Hash32(digest), signature=signature))


class Talk:
    """A room and the voices of those who talk in it, made on first use."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.voices: dict[int, Voice] = {}

    def voice(self, user: User) -> Voice:
        """His device in this room, the same each time; its key is in the log."""
        if user.pk not in self.voices:
            self.voices[user.pk] = voice_of(user)
            self.voices[user.pk].join(self.room)
        return self.voices[user.pk]

    def say(self, user: User, words: str = "Hello.", name: str | None = None) -> Entry:
        """A sealed text; `name` stands for its client id."""
        return self.voice(user).say(self.room, words, client_id(name) if name else None)

    def messages(self) -> list[Entry]:
        """The room's messages in order."""
        return list(self.room.entries.filter(kind="message").order_by("seq"))
