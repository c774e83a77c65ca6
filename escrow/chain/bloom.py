"""The bloom of a block header: which logs it cannot be without. Pure numbers of 2,048 bits.

A log sets three bits for its address and three for each topic. So a bloom that is wholly explained by the logs at hand
leaves no room for another one, and a log whose bits are missing was not in that block.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from eth_utils.crypto import keccak

from escrow.chain.types import RawLog

BITS = 2_048


def bloom_of(logs: Iterable[RawLog]) -> int:
    """The bits that these logs set together."""
    bits = 0
    for log in logs:
        bits |= bits_of(log.address.lower())
        for topic in log.topics:
            bits |= bits_of(topic.lower())
    return bits


@lru_cache(maxsize=8_192)
def bits_of(value: str) -> int:
    """The three bits of an address or topic, given as "0x" text in small letters."""
    hashed = keccak(hexstr=value)
    bits = 0
    for at in (0, 2, 4):
        bits |= 1 << (int.from_bytes(hashed[at : at + 2], "big") % BITS)
    return bits
