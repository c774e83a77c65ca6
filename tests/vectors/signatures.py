"""Ed25519 signatures at its edges, where programs differ: points with a part of small order, and spellings of s.

Made with the curve's own arithmetic (RFC 8032, 5.1), because no library signs like this.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha512
from itertools import count
from typing import Final

from tests.vectors.people import Vector

P: Final = 2**255 - 19
L: Final = 2**252 + 27742317777372353535851937790883648493
D: Final = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
NEUTRAL: Final[Point] = (0, 1)


def add(one: Point, two: Point) -> Point:
    (x1, y1), (x2, y2) = one, two
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P)
    return x % P, y % P


def times(number: int, point: Point) -> Point:
    result = NEUTRAL
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def packed(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def point_of(data: bytes) -> Point:
    y = int.from_bytes(data, "little") & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == square
    return (x if x & 1 == data[31] >> 7 else P - x), y


BASE: Final = point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
# A point of order 8.
SMALL: Final = point_of(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
)
SECRET, NONCE = 123_456_789, 987_654_321
DATA: Final = b"parley vectors"


def signatures() -> Iterator[Vector]:
    """`holds` by the equation without cofactor."""
    key, nonce = times(SECRET, BASE), times(NONCE, BASE)
    yield signed("plain", key, nonce, holds=True)
    yield signed("a key with a part of small order", add(key, SMALL), nonce, holds=False)
    yield signed("R with a part of small order", key, add(nonce, SMALL), holds=False)
    both = add(key, SMALL), add(nonce, SMALL)
    yield signed("both", *both, holds=challenge(*both) % 8 == 7)
    mixed = add(key, SMALL)
    lucky = next(n for n in count(NONCE) if challenge(mixed, times(n, BASE)) % 8 == 0)
    yield signed("a key with a part that falls away", mixed, times(lucky, BASE), lucky, holds=True)
    yield signed("s and the order", key, nonce, more=L, holds=False)
    yield signed("s and eight times the order", key, nonce, more=8 * L, holds=False)
    yield signed("another s", key, nonce, more=1, holds=False)


def signed(why: str, key: Point, commitment: Point, nonce: int = NONCE, *, more: int = 0, holds: bool) -> Vector:  # fmt: skip
    s = (nonce + challenge(key, commitment) * SECRET) % L + more
    return {
        "why": why,
        "signing": packed(key).hex(),
        "data": DATA.hex(),
        "signature": (packed(commitment) + s.to_bytes(32, "little")).hex(),
        "holds": holds,
    }


def challenge(key: Point, commitment: Point) -> int:
    digest = sha512(packed(commitment) + packed(key) + DATA).digest()
    return int.from_bytes(digest, "little") % L
