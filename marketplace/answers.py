"""How JSON comes in and refusals go out, the same on every endpoint. It knows no slice."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, JsonResponse

from realtime.strict import depth_of

MAX_BODY = 64 * 1024
MAX_DEPTH = 8


class BadRequest(Exception):
    """A body that is not the JSON object the endpoint asks for; `field` names the part that is wrong."""

    code = "bad_request"

    def __init__(self, text: str, *, field: str | None = None) -> None:
        self.field = field
        super().__init__(text)


class NodeSilent(Exception):
    """A contract wallet could not be asked, because the network's node does not answer."""

    code = "node_silent"

    def __init__(self) -> None:
        super().__init__(
            "The network does not answer right now. Nothing was changed; try again in a minute."
        )


def json_body(request: HttpRequest) -> dict[str, Any]:
    """The object in a request's body; one meaning only.

    Raises: BadRequest for other content, too much, repeated keys, NaN, lone surrogates or deep nesting.
    """
    if request.content_type != "application/json":
        raise BadRequest("This address takes JSON.")
    raw = request.body
    if len(raw) > MAX_BODY:
        raise BadRequest("That is too much at once.")
    try:
        text = raw.decode("utf-8")
        # Before it is parsed: what is deep enough ends the process, whatever is caught.
        if depth_of(text) > MAX_DEPTH:
            raise BadRequest("This is not the JSON we expect.")
        body = json.loads(
            text,
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse,
            parse_float=_refuse,
        )
    except (ValueError, RecursionError) as error:
        raise BadRequest("This is not the JSON we expect.") from error
    if not isinstance(body, dict) or _has_surrogates(body):
        raise BadRequest("This is not the JSON we expect.")
    return body


def text_of(body: dict[str, Any], field: str, *, longest: int = 400) -> str:
    """The text under `field`.

    Raises: BadRequest.
    """
    value = body.get(field)
    if not isinstance(value, str) or len(value) > longest or "\x00" in value:
        raise BadRequest(f"“{field}” is missing or not a text.", field=field)
    return value


def object_of(body: dict[str, Any], field: str) -> dict[str, Any]:
    """The object under `field`.

    Raises: BadRequest.
    """
    value = body.get(field)
    if not isinstance(value, dict):
        raise BadRequest(f"“{field}” is missing or not an object.", field=field)
    return value


def refusal(error: Exception, *, status: int = 400, field: str | None = None) -> JsonResponse:
    """A named refusal as every client reads it: its code, its sentence, the field it is about."""
    return JsonResponse(
        {
            "error": {
                "code": getattr(error, "code", "refused"),
                "text": str(error),
                "field": field or getattr(error, "field", None),
            }
        },
        status=status,
    )


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is not taken here; amounts are texts")


def _has_surrogates(value: Any) -> bool:
    if isinstance(value, str):
        return any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, dict):
        return any(_has_surrogates(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_has_surrogates(part) for part in value)
