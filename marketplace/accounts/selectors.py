"""Reads of people and their browsers."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest

from chat.models import Device
from escrow.fields import checksum_address
from marketplace.accounts.models import User

DEVICE_SESSION_KEY = "device"


def user_by_address(address: str) -> User | None:
    """The person behind an address written in any case, or None."""
    try:
        canonical = checksum_address(address)
    except ValidationError:
        return None
    return User.objects.filter(address=canonical).first()


def device_of(request: HttpRequest) -> Device | None:
    """The browser this session was signed in with, or None."""
    device_hash = request.session.get(DEVICE_SESSION_KEY)
    if not device_hash or not request.user.is_authenticated:
        return None
    return Device.objects.filter(user_id=request.user.pk, device_hash=device_hash).first()


def latest_device(user: User) -> Device | None:
    """The browser `user` signed in with last; the one a new trade's terms name."""
    return Device.objects.filter(user=user).order_by("-last_used_at", "-id").first()
