"""A device with its secrets in memory: for programs that talk as a browser does, such as the practice partner and tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from chat.sealed.keys import make_statement
from chat.sealed.layout import LAST, MADE, STOCK, ZEROS, Envelope, Front, KeyStatement, device_of
from chat.sealed.messages import Content, open_with, seal, unwrap


@dataclass(slots=True)
class SealingDevice:
    """Signing and agreement keys of one account's device, and the room keys it has made, by the name of their statement."""

    address: bytes
    signing: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    agreement: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    keys: dict[bytes, tuple[KeyStatement, X25519PrivateKey]] = field(default_factory=dict)
    clock: Callable[[], float] = time.time

    @property
    def signing_key(self) -> bytes:
        """The public half, 32 bytes."""
        return self.signing.public_key().public_bytes_raw()

    @property
    def agreement_key(self) -> bytes:
        """The public half, 32 bytes."""
        return self.agreement.public_key().public_bytes_raw()

    @property
    def name(self) -> bytes:
        """What everything calls the device: 32 bytes."""
        return device_of(self.signing_key, self.agreement_key)

    def room_key(
        self, room: bytes, secret: X25519PrivateKey | None = None, made: int | None = None
    ) -> KeyStatement:
        """A statement for this room, of a fresh key and of now unless they are given."""
        return self._made(MADE, room, secret, made)

    def stock_key(
        self,
        *,
        is_last: bool = False,
        secret: X25519PrivateKey | None = None,
        made: int | None = None,
    ) -> KeyStatement:
        """A statement to leave with the hub."""
        return self._made(LAST if is_last else STOCK, ZEROS, secret, made)

    def seal(
        self,
        content: Content,
        *,
        own: KeyStatement,
        readers: Sequence[KeyStatement],
        room: bytes,
        client_id: bytes,
        index: int,
        previous: bytes,
        seen: int,
        seen_head: bytes,
    ) -> tuple[Envelope, bytes]:
        """A message of this device under its statement `own`, and its key."""
        front = Front(
            room, self.address, self.name, own.name, client_id,
            index, previous, seen, seen_head, int(self.clock()),
        )  # fmt: skip
        secret = self.keys[own.name][1]
        return seal(
            front, content, signing=self.signing, statement=own, secret=secret, readers=readers
        )

    def key_of(self, envelope: Envelope, sender: KeyStatement) -> bytes | None:
        """The message's key, None when it is not sealed for this device.

        Raises: Unsealed.
        """
        for wrap in envelope.wraps:
            if wrap.reader in self.keys:
                own, secret = self.keys[wrap.reader]
                return unwrap(envelope, sender=sender, reader=own, secret=secret)
        return None

    def open(self, envelope: Envelope, sender: KeyStatement) -> Content | None:
        """What the message says, None when it is not sealed for this device.

        Raises: Unsealed.
        """
        key = self.key_of(envelope, sender)
        return None if key is None else open_with(envelope, key)

    def _made(
        self, kind: int, room: bytes, secret: X25519PrivateKey | None, made: int | None
    ) -> KeyStatement:
        secret = secret or X25519PrivateKey.generate()
        statement = make_statement(
            signing=self.signing,
            agreement=self.agreement_key,
            address=self.address,
            key=secret.public_key().public_bytes_raw(),
            kind=kind,
            room=room,
            made=int(self.clock()) if made is None else made,
        )
        self.keys[statement.name] = (statement, secret)
        return statement
