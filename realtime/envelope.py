"""The frames of the socket: strict JSON in, one version, typed errors out. See docs for the shapes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from realtime.strict import TooDeep, strict_value
from realtime.topics import Refused

VERSION = 1
MOST_BYTES = 65_536
OPS = ("subscribe", "unsubscribe", "act", "pull", "ping")

_ID = re.compile(r"[A-Za-z0-9_\-]{1,64}")
_ACTION = re.compile(r"[a-z][a-z_]{0,31}")


class BadFrame(Refused):
    """The frame is not what this version of the page sends."""

    code = "bad_frame"

    def __init__(self, reason: str) -> None:
        super().__init__("This page sent something the site does not understand. Reload the page.")
        self.details = {"reason": reason}


@dataclass(frozen=True)
class Envelope:
    """One request of a page. `id` comes back with the answer; `topic` is not yet checked."""

    op: str
    id: str | None
    topic: str
    action: str
    data: dict[str, Any]


def strict_json(text: str | bytes) -> Any:
    """The value of `text`: no repeated keys, no NaN, few levels deep.

    Raises: BadFrame.
    """
    try:
        return strict_value(text)
    except TooDeep:
        raise BadFrame("depth") from None
    except ValueError:
        raise BadFrame("json") from None


def parse(text: str) -> Envelope:
    """The request in a frame.

    Raises: BadFrame.
    """
    frame = strict_json(text)
    if not isinstance(frame, dict):
        raise BadFrame("object")
    if type(frame.get("v")) is not int or frame["v"] != VERSION:
        raise BadFrame("v")
    if frame.get("op") not in OPS:
        raise BadFrame("op")
    return Envelope(
        op=frame["op"],
        id=_text(frame, "id", _ID) or None,
        topic=_text(frame, "topic", None),
        action="pull" if frame["op"] == "pull" else _text(frame, "action", _ACTION),
        data=_data(frame),
    )


def frame(kind: str, **fields: Any) -> str:
    """The text of one frame to the page; empty fields are left out."""
    present = {name: value for name, value in fields.items() if value is not None}
    return json.dumps({"v": VERSION, "kind": kind} | present, separators=(",", ":"))


def error_frame(refusal: Refused, request: Envelope | None = None) -> str:
    """The typed error of a refusal."""
    error = {"code": refusal.code, "text": str(refusal)} | refusal.details
    return frame(
        "error",
        id=request.id if request else None,
        topic=request.topic or None if request else None,
        error=error,
    )


def _text(frame: dict[str, Any], field: str, shape: re.Pattern[str] | None) -> str:
    value = frame.get(field)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 100 or (shape and not shape.fullmatch(value)):
        raise BadFrame(field)
    return value


def _data(frame: dict[str, Any]) -> dict[str, Any]:
    value = frame.get("data")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadFrame("data")
    return value
