"""The picture of an address, the same one that wallets and explorers draw (ethereum-blockies)."""

from __future__ import annotations

from functools import lru_cache

SIZE = 8


@lru_cache(maxsize=4096)
def drawing(address: str) -> str:
    """SVG elements for an 8 by 8 view box."""
    random = _Random(address.lower())
    ink, ground, spot = random.colour(), random.colour(), random.colour()
    paths = {1: "", 2: ""}
    for y in range(SIZE):
        half = [int(random.next() * 2.3) for _ in range(SIZE // 2)]
        for x, kind in enumerate(half + half[::-1]):
            if kind:
                paths[kind] += f"M{x} {y}h1v1h-1z"
    drawn = [f'<rect width="8" height="8" fill="{ground}"/>']
    drawn += [
        f'<path fill="{fill}" d="{paths[kind]}"/>'
        for kind, fill in ((1, ink), (2, spot))
        if paths[kind]
    ]
    return "".join(drawn)


class _Random:
    """Xorshift on four signed 32-bit words, as the original computes it in JavaScript."""

    def __init__(self, seed: str) -> None:
        self.words = [0, 0, 0, 0]
        for place, letter in enumerate(seed):
            word = self.words[place % 4]
            self.words[place % 4] = _int32(word << 5) - word + ord(letter)

    def next(self) -> float:
        first, _, _, last = self.words
        mixed = _int32(first) ^ _int32(first << 11)
        new = _int32(last) ^ (_int32(last) >> 19) ^ mixed ^ (mixed >> 8)
        self.words = [*self.words[1:], _int32(new)]
        return (self.words[3] & 0xFFFFFFFF) / 2**31

    def colour(self) -> str:
        hue = int(self.next() * 360)
        saturation = self.next() * 60 + 40
        lightness = (self.next() + self.next() + self.next() + self.next()) * 25
        return f"hsl({hue} {saturation:.1f}% {lightness:.1f}%)"


def _int32(value: int) -> int:
    return (value & 0xFFFFFFFF) - ((value & 0x80000000) << 1)
