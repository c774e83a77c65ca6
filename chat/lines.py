"""The sentences of system and staff lines. Other floors register theirs; members can only send bytes."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chat.text import shown

FALLBACK = "A step was recorded."


class UnknownLine(Exception):
    """Nobody registered this code."""


class LineIncomplete(Exception):
    """The sentence needs a value that was not given."""


@dataclass(frozen=True)
class Line:
    """A registered sentence; a `slip` line also shows params["rows"] as a small table."""

    code: str
    template: str
    slip: bool


_lines: dict[str, Line] = {}


def register(code: str, template: str, *, slip: bool = False) -> None:
    """Let `code` become `template` with its `{names}` filled from a line's params.

    A slip's params carry `rows`: a list of {"label", "now"} and, where it changed, "was".
    """
    _lines[code] = Line(code, template, slip)


def check(code: str, params: Mapping[str, Any]) -> None:
    """Refuse a line that could not be read later.

    Raises: UnknownLine, LineIncomplete.
    """
    if code not in _lines:
        raise UnknownLine(code)
    needed = {name for _, name, _, _ in string.Formatter().parse(_lines[code].template) if name}
    if missing := needed - params.keys():
        raise LineIncomplete(f"{code} lacks {', '.join(sorted(missing))}")


def text_of(code: str, params: Mapping[str, Any]) -> str:
    """The sentence of a stored line; a code that is no longer known has a neutral one."""
    line = _lines.get(code)
    if line is None:
        return FALLBACK
    try:
        return line.template.format_map({name: shown(str(value)) for name, value in params.items()})
    except KeyError:
        return FALLBACK


def rows_of(code: str, params: Mapping[str, Any]) -> list[dict[str, str]]:
    """The slip's table, every cell as text; empty for ordinary lines."""
    line = _lines.get(code)
    if line is None or not line.slip:
        return []
    return [
        {name: shown(str(row.get(name) or "")) for name in ("label", "was", "now")}
        for row in params.get("rows", [])
    ]


register(
    "restored",
    "The hub's data was restored from a copy. Messages {first} to {last} were lost or never were: say again what mattered",
)
register("disclosed", "{name} let the arbitrator read {what} of this chat")
