"""On which chain and contract a room is: part of its id. The floor above says so, since the chat knows no chain."""

from __future__ import annotations

from collections.abc import Callable

Place = tuple[int, str]
NOWHERE: Place = (0, "0x" + "00" * 20)

_sources: list[Callable[[], Place]] = []


def register(source: Callable[[], Place]) -> None:
    """Let `source` answer chain id and contract address of rooms that open from now on."""
    _sources[:] = [source]


def place_now() -> Place:
    """Chain id and contract of a room that opens now."""
    return _sources[0]() if _sources else NOWHERE
