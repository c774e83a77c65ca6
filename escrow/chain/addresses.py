"""Addresses as EIP-55 writes them."""

from __future__ import annotations

from functools import lru_cache

from eth_utils.address import to_checksum_address


@lru_cache(maxsize=16_384)
def checksum(address: str) -> str:
    """An address as EIP-55 writes it; the same few come again and again."""
    return str(to_checksum_address(address))
