"""Takes fields from the front of bytes, strictly."""

from __future__ import annotations

from chat.sealed.errors import Unsealed, must


class Reader:
    """Every field is asked for in its order; nothing may be missing and nothing left."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        """The next bytes.

        Raises: Unsealed.
        """
        must(self.at + size <= len(self._data), "cut", "Bytes are missing at the end.")
        self.at += size
        return self._data[self.at - size : self.at]

    def whole(self, size: int) -> int:
        """The next whole number, big-endian and unsigned."""
        return int.from_bytes(self.take(size), "big")

    def expect(self, data: bytes, code: str, text: str) -> None:
        """Take what must stand here."""
        must(self.take(len(data)) == data, code, text)

    def end(self) -> None:
        """Nothing may be left.

        Raises: Unsealed.
        """
        if self.at != len(self._data):
            raise Unsealed("surplus", "There are surplus bytes at the end.")


def u8(value: int) -> bytes:
    """One byte."""
    return value.to_bytes(1, "big")


def u32(value: int) -> bytes:
    """Four bytes, big-endian."""
    return value.to_bytes(4, "big")


def u64(value: int) -> bytes:
    """Eight bytes, big-endian."""
    return value.to_bytes(8, "big")


def label(text: str) -> bytes:
    """A label of a formula: its text and one zero byte."""
    return text.encode("ascii") + b"\0"
