"""Signatures and room keys: who signed, and that a key belongs to one person only."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from chat.sealed.errors import Unsealed, must
from chat.sealed.layout import Envelope, KeyStatement, device_of

# The points of small order of X25519 (RFC 7748, section 6.1 warns of them) and of Ed25519, little-endian, without the
# top bit: an agreement with one is known to everybody, and one as a signing key makes signatures that fit every message.
SMALL_X25519: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)
SMALL_ED25519: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


def is_room_point(key: bytes) -> bool:
    """Whether a point may be anybody's room key."""
    return len(key) == 32 and _without_top_bit(key) not in SMALL_X25519


def is_signing_point(key: bytes) -> bool:
    """Whether a point may be a device's signing key."""
    return len(key) == 32 and _without_top_bit(key) not in SMALL_ED25519


def verifies(signing: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the holder of `signing` signed `data`."""
    if not is_signing_point(signing):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(signing).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def checked_statement(data: bytes) -> KeyStatement:
    """A statement whose signature and key hold.

    Raises: Unsealed.
    """
    statement = KeyStatement.parse(data)
    must(is_room_point(statement.key), "weak_key", "The statement's key belongs to everybody.")
    signed = verifies(statement.signing, statement.signature, statement.signed)
    must(signed, "signature", "The statement is not signed by its device.")
    return statement


def check_signed(envelope: Envelope, statement: KeyStatement) -> None:
    """That the device of `statement` signed the envelope, and that it is the one that the envelope names.

    Raises: Unsealed.
    """
    front = envelope.front
    named = (front.statement, front.device, front.address)
    must(
        named == (statement.name, statement.device, statement.address),
        "statement",
        "The message names another key than its sender's.",
    )
    signed = verifies(statement.signing, envelope.signature, envelope.signed)
    must(signed, "signature", "The message is not signed by its sender's device.")


def agree(secret: X25519PrivateKey, other: bytes) -> bytes:
    """The 32 bytes that only the two keys' owners know.

    Raises: Unsealed for a point of small order.
    """
    weak = Unsealed("weak_key", "This key belongs to everybody.")
    if not is_room_point(other):
        raise weak
    try:
        shared = secret.exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError as error:
        raise weak from error
    must(any(shared), weak.code, str(weak))
    return shared


def make_statement(
    *,
    signing: Ed25519PrivateKey,
    agreement: bytes,
    address: bytes,
    key: bytes,
    kind: int,
    room: bytes,
    made: int,
) -> KeyStatement:
    """The statement of a room key, signed by its device; `room` is 32 zeros for the stock, `agreement` the device's public key."""
    public = signing.public_key().public_bytes_raw()
    device = device_of(public, agreement)
    bare = KeyStatement(kind, room, address, device, public, agreement, key, made, b"")
    signature = signing.sign(bare.signed)
    return KeyStatement(kind, room, address, device, public, agreement, key, made, signature)


def _without_top_bit(key: bytes) -> bytes:
    return key[:31] + bytes([key[31] & 0x7F])
