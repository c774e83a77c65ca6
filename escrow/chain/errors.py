"""The sentences of the contract's errors, from errors.json, which the page reads too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

ERRORS_PATH = Path(__file__).with_name("errors.json")

_ABOUT_TIME = {"TooEarly", "TooLate", "Expired", "PayByOutOfRange", "SignatureExpired"}
_DAY_SECONDS, _HOUR_SECONDS, _MINUTE_SECONDS = 86_400, 3_600, 60


class EscrowReverted(Exception):
    """The contract refused a call with one of its named errors; str() is the sentence for the person."""

    def __init__(self, name: str, args: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.arguments = dict(args or {})
        super().__init__(sentence_for(name, self.arguments))


def sentence_for(name: str, args: Mapping[str, Any]) -> str:
    """What was wrong, what is safe and what to do, with the error's values in readable form.

    A name without a sentence gets the one for refusals without a reason.
    """
    sentences = _catalogue()["errors"]
    readable = {key: _readable(name, key, str(value)) for key, value in args.items()}
    try:
        return str(sentences[name].format(**readable))
    except KeyError:
        return str(sentences["Unknown"])


def sentence_names() -> list[str]:
    """The names of all errors that have a sentence."""
    return sorted(_catalogue()["errors"])


@cache
def _catalogue() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(ERRORS_PATH.read_text(encoding="utf-8"))
    return loaded


def _readable(name: str, key: str, value: str) -> str:
    if key == "status":
        return str(_catalogue()["statuses"].get(value, value))
    if name in _ABOUT_TIME:
        return _moment(int(value))
    if name.endswith("WindowOutOfRange"):
        return _span(int(value))
    return value


def _moment(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %Y %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return str(seconds)


def _span(seconds: int) -> str:
    for unit, length in (
        ("day", _DAY_SECONDS),
        ("hour", _HOUR_SECONDS),
        ("minute", _MINUTE_SECONDS),
    ):
        if seconds >= length and seconds % length == 0:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"
