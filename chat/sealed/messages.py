"""Sealing a message and opening one: keys, wraps and the commitment. Who may be believed is not decided here."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chat.sealed.errors import Unsealed, must
from chat.sealed.keys import agree
from chat.sealed.layout import BUCKETS, ZEROS, Envelope, Front, KeyStatement, Wrap
from chat.sealed.log import parsed_json
from chat.sealed.reading import Reader, label, u8, u32

TEXT, ACCOUNT, FILE, OPENING = 1, 2, 3, 4
MOST_TEXT_BYTES: Final = 4_000
MOST_OPENED: Final = 120
_NONCE: Final = bytes(12)
_FIXED: Final = 32 + 1 + 4


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says: `data` by its `type`."""

    type: int
    data: bytes

    @property
    def framed(self) -> bytes:
        """What the commitment covers: `u8 type ‖ u32 length ‖ content`."""
        return u8(self.type) + u32(len(self.data)) + self.data


@dataclass(frozen=True, slots=True)
class Chance:
    """What is random in a message; vectors hand in their own."""

    f: bytes = field(default_factory=lambda: os.urandom(32))
    key: bytes = field(default_factory=lambda: os.urandom(32))


def text(words: str) -> Content:
    """A message of type 1."""
    return Content(TEXT, words.encode())


def opening(keys: Sequence[tuple[bytes, bytes]]) -> Content:
    """A message of type 4: pairs of a message's name and its key."""
    return Content(OPENING, b"".join(name + key for name, key in keys))


def seal(
    front: Front,
    content: Content,
    *,
    signing: Ed25519PrivateKey,
    statement: KeyStatement,
    secret: X25519PrivateKey,
    readers: Sequence[KeyStatement],
    chance: Chance | None = None,
) -> tuple[Envelope, bytes]:
    """The envelope of a message from the device of `statement`, whose room key is `secret`; and the message key.

    Raises: Unsealed when the content is none of its type, or a reader's key is weak.
    """
    chance = chance or Chance()
    plain = pack(chance.f, content)
    commitment = commit(chance.f, front, content)
    header = front.packed + commitment
    ciphertext = AESGCM(chance.key).encrypt(_NONCE, plain, header)
    wraps = tuple(
        Wrap(
            reader.name,
            AESGCM(wrapping_key(secret, reader.key, statement, reader, header)).encrypt(
                _NONCE, chance.key, header
            ),
        )
        for reader in readers
    )
    bare = Envelope(front, commitment, wraps, ciphertext, b"")
    signed = Envelope(front, commitment, wraps, ciphertext, signing.sign(bare.signed))
    return signed, chance.key


def unwrap(
    envelope: Envelope, *, sender: KeyStatement, reader: KeyStatement, secret: X25519PrivateKey
) -> bytes:
    """The message key, from the reader's own wrap.

    Raises: Unsealed if there is none or it does not open.
    """
    wrap = next((one for one in envelope.wraps if one.reader == reader.name), None)
    if wrap is None:
        raise Unsealed("no_wrap", "The message is not sealed for this device.")
    header = envelope.header
    wrapping = wrapping_key(secret, sender.key, sender, reader, header)
    return _decrypted(wrapping, wrap.key, header)


def open_with(envelope: Envelope, key: bytes) -> Content:
    """What a message says, by its key; only the one text that fits the commitment.

    Raises: Unsealed.
    """
    f, content = unpack(_decrypted(key, envelope.ciphertext, envelope.header))
    fits = hmac.compare_digest(commit(f, envelope.front, content), envelope.commitment)
    must(fits, "commitment", "The text does not fit the message's commitment.")
    return content


def commit(f: bytes, front: Front, content: Content) -> bytes:
    """The 32 bytes that bind front and content under f."""
    said = label("parley commitment 1") + front.packed + content.framed
    return hmac.digest(f, said, hashlib.sha256)


def pack(f: bytes, content: Content) -> bytes:
    """The padded plaintext.

    Raises: Unsealed if the content is none of its type or too long.
    """
    _check(content)
    plain = f + content.framed
    return plain.ljust(_bucket(len(plain)), b"\0")


def unpack(plain: bytes) -> tuple[bytes, Content]:
    """f and the content of a plaintext.

    Raises: Unsealed.
    """
    from_ = Reader(plain)
    f, kind, length = from_.take(32), from_.whole(1), from_.whole(4)
    content = Content(kind, from_.take(length))
    fits = _bucket(_FIXED + length) == len(plain)
    must(fits, "padding", "The padding is not the one that fits.")
    must(not any(plain[_FIXED + length :]), "padding", "The padding is not zero.")
    _check(content)
    return f, content


def opened_keys(content: Content) -> list[tuple[bytes, bytes]]:
    """The pairs of name and key in a message of type 4.

    Raises: Unsealed.
    """
    count, rest = divmod(len(content.data), 64)
    fits = content.type == OPENING and not rest and 1 <= count <= MOST_OPENED
    must(fits, "content", "The opening is not a list of keys.")
    from_ = Reader(content.data)
    return [(from_.take(32), from_.take(32)) for _ in range(count)]


def wrapping_key(
    secret: X25519PrivateKey,
    other: bytes,
    sender: KeyStatement,
    reader: KeyStatement,
    header: bytes,
) -> bytes:
    """The key that seals a message key for one reader: `secret` is the one's, `other` the other's public room key."""
    salt = hashlib.sha256(sender.packed + reader.packed).digest()
    info = label("parley wrap 1") + hashlib.sha256(header).digest()
    return HKDF(SHA256(), 32, salt, info).derive(agree(secret, other))


def _decrypted(key: bytes, sealed: bytes, header: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(_NONCE, sealed, header)
    except (InvalidTag, ValueError) as error:
        raise Unsealed("key", "The key does not open this.") from error


def _bucket(size: int) -> int:
    for bucket in BUCKETS:
        if size <= bucket:
            return bucket
    raise Unsealed("content", "The content is too long.")


def _check(content: Content) -> None:
    if content.type == TEXT:
        fits = 1 <= len(content.data) <= MOST_TEXT_BYTES
        must(fits, "content", "The text is empty or too long.")
        _utf8(content.data)
    elif content.type in (ACCOUNT, FILE):
        parsed_json(_utf8(content.data))
    elif content.type == OPENING:
        opened_keys(content)
    else:
        raise Unsealed("content", "This type of content is unknown.")


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Unsealed("content", "The text is not well-formed UTF-8.") from error


__all__ = [
    "ACCOUNT",
    "FILE",
    "OPENING",
    "TEXT",
    "ZEROS",
    "Chance",
    "Content",
    "commit",
    "open_with",
    "opened_keys",
    "opening",
    "pack",
    "seal",
    "text",
    "unpack",
    "unwrap",
    "wrapping_key",
]
