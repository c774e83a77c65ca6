"""What is wrong with sealed bytes."""

from __future__ import annotations


class Unsealed(ValueError):
    """The bytes are not what docs/CHAT.md describes; `code` names the reason, str() is the sentence for a person."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


def must(met: bool, code: str, text: str) -> None:
    """Go on only if it is so.

    Raises: Unsealed.
    """
    if not met:
        raise Unsealed(code, text)
