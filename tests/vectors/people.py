"""Who speaks in the vectors: devices whose every secret comes from a name."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from chat.sealed.device import SealingDevice
from chat.sealed.layout import ZEROS, Front, room_id

CHAIN: Final = 72731
CONTRACT: Final = "0x" + "5f" * 20
ROOMS: Final = ("trade-7F3K-22", "trade-AAAA-11")
AT: Final = 1_796_000_000
Vector = dict[str, Any]


def drawn(name: str, size: int = 32) -> bytes:
    """Bytes that this name always gives."""
    return hashlib.shake_256(b"parley vectors " + name.encode()).digest(size)


def ed25519(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(drawn(name))


def x25519(name: str) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(drawn(name))


def device(name: str, address: bytes = b"") -> SealingDevice:
    """A person's device with secrets of its own."""
    return SealingDevice(
        address=address or drawn(f"{name} address", 20),
        signing=ed25519(f"{name} signing"),
        agreement=x25519(f"{name} agreement"),
    )


PEOPLE: Final = {name: device(name) for name in ("alice", "bob", "carol", "dana")}
ROOM_IDS: Final = {room: room_id(CHAIN, CONTRACT, room) for room in ROOMS}
STATEMENTS: Final = {
    (name, room): who.room_key(ROOM_IDS[room], x25519(f"{name} {room}"), AT)
    for name, who in PEOPLE.items()
    for room in ROOMS
}


def front_of(sender: str, room: str, number: int, *, index: int) -> Front:
    """The front of the message of this number."""
    who = PEOPLE[sender]
    return Front(
        room=ROOM_IDS[room],
        address=who.address,
        device=who.name,
        statement=STATEMENTS[sender, room].name,
        client_id=drawn(f"client {number}", 16),
        index=index,
        previous=ZEROS if index == 1 else drawn(f"previous {number}"),
        seen=number,
        seen_head=drawn(f"head {number}"),
        at=AT + number,
    )
