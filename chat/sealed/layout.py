"""Where each byte of a key statement and of an envelope lies (docs/CHAT.md). Signatures and keys are checked in `keys`."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from Crypto.Hash import keccak

from chat.sealed.errors import Unsealed, must
from chat.sealed.reading import Reader, label, u8, u32, u64

VERSION: Final = 1
MADE, STOCK, LAST = 1, 2, 3
MOST_WRAPS: Final = 16
BUCKETS: Final = (256, 512, 1024, 2048, 4096, 8192)
TAG: Final = 16
SIGNATURE: Final = 64
STATEMENT_BYTES: Final = 256
ZEROS: Final = bytes(32)
# Beyond them JavaScript's numbers are not whole; both readers refuse what one of them would round.
LARGEST_WHOLE: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class KeyStatement:
    """A device's X25519 key, for one room or for the stock, signed by the device. `made` is in Unix seconds."""

    kind: int
    room: bytes
    address: bytes
    device: bytes
    signing: bytes
    agreement: bytes
    key: bytes
    made: int
    signature: bytes

    @classmethod
    def parse(cls, data: bytes) -> KeyStatement:
        """The statement in these bytes; its signature is not checked here.

        Raises: Unsealed.
        """
        from_ = Reader(data)
        from_.expect(b"PK", "magic", "This is no key statement.")
        must(from_.whole(1) == VERSION, "version", "This version of a key statement is unknown.")
        kind = from_.whole(1)
        must(kind in (MADE, STOCK, LAST), "kind", "This kind of key statement is unknown.")
        room = from_.take(32)
        must(
            (room == ZEROS) is (kind != MADE), "room", "The statement's room does not fit its kind."
        )
        address, device = from_.take(20), from_.take(32)
        signing, agreement, key = from_.take(32), from_.take(32), from_.take(32)
        made = _whole(from_)
        signature = from_.take(SIGNATURE)
        from_.end()
        named = device == device_of(signing, agreement)
        must(named, "device", "The statement does not spell its device.")
        return cls(kind, room, address, device, signing, agreement, key, made, signature)

    @property
    def body(self) -> bytes:
        """Everything before the signature."""
        return b"".join(
            (
                b"PK",
                u8(VERSION),
                u8(self.kind),
                self.room,
                self.address,
                self.device,
                self.signing,
                self.agreement,
                self.key,
                u64(self.made),
            )
        )

    @property
    def packed(self) -> bytes:
        """The 256 bytes."""
        return self.body + self.signature

    @property
    def signed(self) -> bytes:
        """What the device signs."""
        return label("parley key 1") + self.body

    @property
    def name(self) -> bytes:
        """What envelopes call it: the hash of its bytes."""
        return sha256(self.packed).digest()


@dataclass(frozen=True, slots=True)
class Wrap:
    """The message key for one reader: the name of his statement, and the key sealed for it."""

    reader: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Front:
    """Everything of an envelope before its commitment. `at` is the sender's clock in Unix seconds."""

    room: bytes
    address: bytes
    device: bytes
    statement: bytes
    client_id: bytes
    index: int
    previous: bytes
    seen: int
    seen_head: bytes
    at: int

    @property
    def packed(self) -> bytes:
        """Its bytes."""
        return b"".join(
            (
                b"PM",
                u8(VERSION),
                self.room,
                self.address,
                self.device,
                self.statement,
                self.client_id,
                u32(self.index),
                self.previous,
                u64(self.seen),
                self.seen_head,
                u64(self.at),
            )
        )


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed message as it travels."""

    front: Front
    commitment: bytes
    wraps: tuple[Wrap, ...]
    ciphertext: bytes
    signature: bytes

    @classmethod
    def parse(cls, data: bytes) -> Envelope:
        """The envelope in these bytes; its signature is not checked here.

        Raises: Unsealed.
        """
        from_ = Reader(data)
        front = _front(from_)
        commitment = from_.take(32)
        wraps = _wraps(from_)
        size = from_.whole(4)
        fits = size - TAG in BUCKETS
        must(fits, "size", "The ciphertext's size is none of those allowed.")
        ciphertext, signature = from_.take(size), from_.take(SIGNATURE)
        from_.end()
        return cls(front, commitment, wraps, ciphertext, signature)

    @property
    def header(self) -> bytes:
        """`front ‖ commitment`: what both ciphers bind."""
        return self.front.packed + self.commitment

    @property
    def body(self) -> bytes:
        """Everything before the signature."""
        wraps = b"".join(wrap.reader + wrap.key for wrap in self.wraps)
        count, size = u8(len(self.wraps)), u32(len(self.ciphertext))
        return self.header + count + wraps + size + self.ciphertext

    @property
    def packed(self) -> bytes:
        """Its bytes."""
        return self.body + self.signature

    @property
    def signed(self) -> bytes:
        """What the sender's device signs."""
        return label("parley message 1") + self.body

    @property
    def name(self) -> bytes:
        """The hash of its bytes: what the next one's `previous` and an opening say."""
        return sha256(self.packed).digest()


def room_id(chain_id: int, contract: str, name: str) -> bytes:
    """The 32 bytes that stand in everything said in the room called `name`; `contract` is an address with 0x."""
    place = u64(chain_id) + bytes.fromhex(contract.removeprefix("0x"))
    return sha256(label("parley room 1") + place + name.encode()).digest()


def device_of(signing: bytes, agreement: bytes) -> bytes:
    """The 32 bytes that name a device: keccak256 of both public keys."""
    return keccak.new(digest_bits=256, data=signing + agreement).digest()


def _whole(from_: Reader) -> int:
    value = from_.whole(8)
    if value > LARGEST_WHOLE:
        raise Unsealed("range", "A number is out of its range.")
    return value


def _front(from_: Reader) -> Front:
    from_.expect(b"PM", "magic", "This is no sealed message.")
    must(from_.whole(1) == VERSION, "version", "This version of a sealed message is unknown.")
    room, address, device = from_.take(32), from_.take(20), from_.take(32)
    statement, client_id = from_.take(32), from_.take(16)
    index, previous = from_.whole(4), from_.take(32)
    fits = index >= 1 and (previous == ZEROS) is (index == 1)
    must(fits, "chain", "The message's index and predecessor do not fit each other.")
    seen, seen_head, at = _whole(from_), from_.take(32), _whole(from_)
    return Front(room, address, device, statement, client_id, index, previous, seen, seen_head, at)


def _wraps(from_: Reader) -> tuple[Wrap, ...]:
    count = from_.whole(1)
    must(1 <= count <= MOST_WRAPS, "readers", "The number of readers is out of its range.")
    wraps = tuple(Wrap(from_.take(32), from_.take(48)) for _ in range(count))
    once = len({wrap.reader for wrap in wraps}) == count
    must(once, "readers", "A reader is named twice.")
    return wraps
