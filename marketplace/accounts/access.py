"""Who somebody is allowed to be: signed in, in a role, free to start trades.

Roles are Django groups of the same name; `python manage.py grant ROLE ADDRESS` fills them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeGuard
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.timezone import localtime

from marketplace.accounts.models import User

ROLES = ("arbitrator", "moderator", "operator")

View = Callable[..., HttpResponse]


class Suspended(Exception):
    """A suspended person may finish open trades, and start none."""

    code = "suspended"

    def __init__(self, user: User) -> None:
        until = (
            localtime(user.suspended_until).strftime("%-d %b %Y, %H:%M")
            if user.suspended_until
            else "further notice"
        )
        reason = f" Reason: {user.suspension_reason}" if user.suspension_reason else ""
        super().__init__(
            f"You cannot start new trades or offers until {until} (UTC).{reason} Trades that are open can be finished as always."
        )


def is_known(user: User | AnonymousUser) -> TypeGuard[User]:
    """Whether a request's user has signed in."""
    return user.is_authenticated


def viewer_of(request: HttpRequest) -> User | None:
    """The signed-in person of a request, or None."""
    user: Any = request.user
    return user if is_known(user) else None


def has_role(user: User | AnonymousUser | None, role: str) -> bool:
    """Whether `user` holds the role; the groups are read once per request."""
    if user is None or not is_known(user):
        return False
    held = getattr(user, "_held_roles", None)
    if held is None:
        held = set(user.groups.values_list("name", flat=True))
        user._held_roles = held  # type: ignore[attr-defined]
    return role in held


def active_trader(user: User) -> User:
    """`user`, if free to start an offer or a trade.

    Raises: Suspended.
    """
    if user.is_suspended:
        raise Suspended(user)
    return user


def signed_in(view: View) -> View:
    """Sends a stranger to the sign-in page and brings him back; what he posted is not repeated."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if viewer_of(request) is not None:
            return view(request, *args, **kwargs)
        back = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
        return redirect("/connect/?" + urlencode({"next": back}))

    return guarded


def role_required(*roles: str) -> Callable[[View], View]:
    """404 unless the viewer holds one of `roles`: to everybody else the page does not exist."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            viewer = viewer_of(request)
            if not any(has_role(viewer, role) for role in roles):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return decorate
