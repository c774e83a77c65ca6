"""Rooms over HTTP, for pages without a socket: the same services, the same shapes."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import FileResponse, Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import topic
from chat.appending import hub_public_key
from chat.devices import add_stock, bound_device, stock_of
from chat.errors import (
    BadMessage,
    Conflict,
    FileTooLarge,
    MessageTooLong,
    NotAMember,
    NotBound,
    OutOfOrder,
    RoomClosed,
    TooManyFiles,
    UnknownKey,
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
    OutOfOrder: 409,
    UnknownKey: 409,
    RoomClosed: 409,
    MessageTooLong: 413,
    FileTooLarge: 413,
    TooManyFiles: 409,
    TooFast: 429,
}

_DEVICE = re.compile(r"0x[0-9a-f]{64}")
View = Callable[..., JsonResponse]


def _answered(view: View) -> View:
    """Lets in who is signed in, and gives a refusal its status and envelope."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        try:
            if not request.user.is_authenticated:
                raise SignedOut
            return view(request, *args, **kwargs)
        except Refused as refusal:
            return _refused(refusal)

    return answered


def _in_room(view: View) -> View:
    """The same, and gives the view its room."""

    @wraps(view)
    def in_room(request: HttpRequest, key: str) -> JsonResponse:
        return view(request, _room(request, key))

    return _answered(in_room)


@require_http_methods(["GET", "POST"])
@_answered
def entries(request: HttpRequest, key: str) -> JsonResponse:
    """GET ?after=&limit= reads a page; POST stores a message or a key: 201 {entry}, also when it was stored before."""
    if request.method == "POST":
        data = _json(request)
        entry = topic.store(topic.room_to_post(request.user, key, data), request.user, data)
        return JsonResponse({"entry": entry_json(entry)}, status=201)
    room = _room(request, key)
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


@require_http_methods(["GET", "POST"])
@_answered
def stock(request: HttpRequest) -> JsonResponse:
    """The stock of room keys of the session's device. GET {left, hasLast}; POST {statements: [base64]} adds and answers the same."""
    name = str(request.session.get("device", ""))
    if not _DEVICE.fullmatch(name):
        raise NotBound
    device = bound_device(cast(AbstractBaseUser, request.user), bytes.fromhex(name[2:]))
    if request.method == "POST":
        add_stock(device, _statements(_json(request)))
    return JsonResponse(stock_of(device))


@require_GET
def receipt_key(request: HttpRequest) -> JsonResponse:
    """The public half of the key that signs receipts, for whoever checks evidence."""
    return JsonResponse({"ed25519": hub_public_key().hex()})


def _statements(data: dict[str, Any]) -> list[bytes]:
    found = data.get("statements")
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise BadMessage("statements")
    try:
        return [base64.b64decode(one, validate=True) for one in found]
    except (binascii.Error, ValueError):
        raise BadMessage("statements") from None


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
