"""E05: one ciphertext of AES-GCM that two keys open.

Under the first it is a whole message, with f, type, length and a well-formed text, so that nothing but the commitment can
tell; under the second it has the same type and length, and its text is noise. Two things make it: two keys whose streams
agree where type and length lie (found once among two million), and a block of f solved for one tag, which is linear in
the ciphertext (NIST SP 800-38D, 6.3: 128 bits, the first is the lowest power).

Two well-formed texts cannot be had: they differ by the two streams, which is noise, and half of it would have to turn
letters into the right bytes of longer characters. Nor can the commitment be made to fit: it stands in the header, which the
tag covers, and covers f and the text in turn.
"""

from __future__ import annotations

from hashlib import shake_256
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chat.sealed.reading import u32

# Found by search: the streams of these two keys are the same in bytes 32 to 36.
NUMBERS: Final = (826527, 1689707)
KEYS: Final = tuple(shake_256(b"parley vectors two-faced %d" % n).digest(32) for n in NUMBERS)
SIZE: Final = 256
HEAD: Final = 32 + 1 + 4
LENGTH: Final = SIZE - HEAD
TEXT: Final = b"I never got a single cent of it. ".ljust(LENGTH, b".")


def ciphertext(f: bytes, header: bytes) -> bytes:
    """The ciphertext, tag included. The first block of `f` comes out as something else, by key."""
    head = b"\x01" + u32(LENGTH)
    plain = f + head + TEXT
    sealed = bytearray(bytes(16) + _xor(plain, stream(KEYS[0]))[16:])
    hashes, masks = [_block(key, 0) for key in KEYS], [_block(key, 1) for key in KEYS]
    # Each tag as a function of the first block X of `blocks`: tag = rest ^ X*h^(blocks + 1).
    rests = [ghash(h, header, bytes(sealed)) ^ m for h, m in zip(hashes, masks, strict=True)]
    weights = [power(h, SIZE // 16 + 1) for h in hashes]
    solved = multiply(rests[0] ^ rests[1], inverse(weights[0] ^ weights[1]))
    sealed[:16] = solved.to_bytes(16, "big")
    tag = ghash(hashes[0], header, bytes(sealed)) ^ masks[0]
    made = bytes(sealed) + tag.to_bytes(16, "big")
    whole, noise = (AESGCM(key).decrypt(bytes(12), made, header) for key in KEYS)
    assert (whole[16:], noise[32:HEAD]) == (plain[16:], head)
    return made


def stream(key: bytes) -> bytes:
    """What the first 256 bytes of a plaintext are added to."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(b"".join(bytes(12) + u32(n) for n in range(2, 2 + SIZE // 16)))


# --- GCM's field -------------------------------------------------------------------------------------


def multiply(x: int, y: int) -> int:
    product, v = 0, x
    for bit in range(127, -1, -1):
        if y >> bit & 1:
            product ^= v
        v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
    return product


def power(x: int, exponent: int) -> int:
    result = 1 << 127
    for _ in range(exponent):
        result = multiply(result, x)
    return result


def inverse(x: int) -> int:
    """x^(2^128 - 2)."""
    result, square = 1 << 127, x
    for _ in range(127):
        square = multiply(square, square)
        result = multiply(result, square)
    return result


def ghash(h: int, header: bytes, sealed: bytes) -> int:
    padded = header.ljust(-(-len(header) // 16) * 16, b"\0") + sealed
    lengths = (8 * len(header)).to_bytes(8, "big") + (8 * len(sealed)).to_bytes(8, "big")
    y = 0
    for at in range(0, len(padded) + 16, 16):
        y = multiply(y ^ int.from_bytes((padded + lengths)[at : at + 16], "big"), h)
    return y


def _block(key: bytes, counter: int) -> int:
    """The cipher's block of a counter: 0 is the key of the hash, 1 the mask of the tag."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return int.from_bytes(encryptor.update(bytes(12) + u32(counter)), "big")


def _xor(one: bytes, two: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, two, strict=True))
