"""JSON read strictly: nothing repeated, nothing deep, no NaN. Needs nothing but the standard library."""

from __future__ import annotations

import json
import re
from typing import Any

MOST_DEPTH = 8
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]')


class TooDeep(ValueError):
    """The brackets of the text nest more than MOST_DEPTH levels."""


def strict_value(text: str | bytes) -> Any:
    """The value of `text`: no repeated keys, no NaN, at most MOST_DEPTH levels.

    Raises: TooDeep, ValueError.
    """
    if depth_of(text if isinstance(text, str) else text.decode()) > MOST_DEPTH:
        raise TooDeep("depth")
    return json.loads(text, object_pairs_hook=_unrepeated, parse_constant=_no_constant)


def depth_of(text: str) -> int:
    """How deep brackets nest, counted before the parser may run out of stack."""
    depth = deepest = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        if found.group() in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found.group() in "]}":
            depth -= 1
    return deepest


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("repeated key")
    return made


def _no_constant(name: str) -> Any:
    raise ValueError(name)
