"""How sending something can go wrong, as far as anybody can know. Success is no exception."""

from __future__ import annotations


class NotSent(Exception):
    """It certainly did not leave; another try may do. `is_server` when the whole way is down, not only this one."""

    def __init__(self, reason: str, *, is_server: bool = False) -> None:
        self.is_server = is_server
        super().__init__(reason)


class NobodyThere(Exception):
    """The other side says for good that this address takes nothing; the channel ends."""


class OutcomeUnknown(Exception):
    """It was handed over and no answer came. It may have arrived."""
