"""Rooms over HTTP, for pages without a socket: the same services, the same shapes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import FileResponse, Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import topic
from chat.errors import (
    BadMessage,
    Conflict,
    FileTooLarge,
    MessageTooLong,
    NotAMember,
    RoomClosed,
    TooManyFiles,
)
from chat.files import LARGEST_SEALED, open_file, store_file
from chat.models import Room
from chat.selectors import PAGE, entry_json, page_of, room_for
from realtime.allowance import TooFast
from realtime.envelope import MOST_BYTES, strict_json
from realtime.identity import SignedOut
from realtime.topics import Refused

_STATUS: dict[type[Refused], int] = {
    SignedOut: 401,
    NotAMember: 404,
    Conflict: 409,
    RoomClosed: 409,
    MessageTooLong: 413,
    FileTooLarge: 413,
    TooManyFiles: 409,
    TooFast: 429,
}

View = Callable[..., JsonResponse]


def _in_room(view: View) -> View:
    """Gives the view its room, and a refusal its status and envelope."""

    @wraps(view)
    def answered(request: HttpRequest, key: str) -> JsonResponse:
        try:
            if not request.user.is_authenticated:
                raise SignedOut
            return view(request, _room(request, key))
        except Refused as refusal:
            return _refused(refusal)

    return answered


@require_http_methods(["GET", "POST"])
@_in_room
def entries(request: HttpRequest, room: Room) -> JsonResponse:
    """GET ?after=&limit= reads a page; POST stores a message: 201 {entry}, also when it was stored before."""
    if request.method == "POST":
        entry = topic.store_message(room, request.user, _json(request))
        return JsonResponse({"entry": entry_json(entry)}, status=201)
    cursor, limit = _number(request, "after", 0), _number(request, "limit", PAGE)
    return JsonResponse(page_of(room, request.user, cursor, limit))


@require_POST
@_in_room
def marks(request: HttpRequest, room: Room) -> JsonResponse:
    """POST {delivered?, read?} moves the marks forward."""
    return JsonResponse(topic.mark(request.user, room.key, _json(request)))


@require_POST
@_in_room
def files(request: HttpRequest, room: Room) -> JsonResponse:
    """POST the sealed bytes themselves, their SHA-256 in hex as X-Sha256: 201 {file: {id, size}}."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_SEALED:
        raise FileTooLarge
    # `_in_room` lets nobody in who is not signed in.
    sender = cast(AbstractBaseUser, request.user)
    sha256 = request.headers.get("X-Sha256", "")
    row = store_file(room=room, sender=sender, source=request, sha256=sha256)
    return JsonResponse({"file": {"id": str(row.name), "size": row.size}}, status=201)


@require_GET
@never_cache
def file(request: HttpRequest, key: str, name: uuid.UUID) -> FileResponse:
    """The sealed bytes of a file: nothing that a browser would show or run."""
    room = room_for(request.user, key)
    response = FileResponse(
        open_file(room, str(name)), as_attachment=True, filename=f"{name}.sealed"
    )
    response["Content-Type"] = "application/octet-stream"
    return response


def _room(request: HttpRequest, key: str) -> Room:
    try:
        return room_for(request.user, key)
    except Http404:
        raise NotAMember from None


def _number(request: HttpRequest, field: str, default: int) -> int:
    text = request.GET.get(field, str(default))
    try:
        return int(text) if len(text) <= 20 else default
    except ValueError:
        raise BadMessage(field) from None


def _json(request: HttpRequest) -> dict[str, Any]:
    if len(request.body) > MOST_BYTES:
        raise MessageTooLong(len(request.body))
    data = strict_json(request.body)
    if not isinstance(data, dict):
        raise BadMessage("body")
    return data


def _refused(refusal: Refused) -> JsonResponse:
    error = {"code": refusal.code, "text": str(refusal), "field": None} | refusal.details
    status = next((code for kind, code in _STATUS.items() if isinstance(refusal, kind)), 400)
    response = JsonResponse({"error": error}, status=status)
    if isinstance(refusal, TooFast):
        response["Retry-After"] = str(refusal.retry_seconds)
    return response
