"""People: an address, a name they chose, the browsers they signed in with. No password, no e-mail.

It must not know offers or trades.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from escrow.fields import AddressField

NAME_LENGTH = 32


class Users(BaseUserManager["User"]):
    """Finds users by address; the only key they have."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(address=username)


class User(AbstractBaseUser, PermissionsMixin):
    """One wallet address. Staff roles are groups; see `access.has_role`."""

    password = None  # type: ignore[assignment]
    address = AddressField(unique=True)
    name = models.CharField(max_length=NAME_LENGTH, blank=True)
    name_key = models.CharField(max_length=NAME_LENGTH * 4, blank=True)
    is_staff = models.BooleanField(default=False)
    session_epoch = models.PositiveIntegerField(default=0)
    suspended_until = models.DateTimeField(null=True, blank=True)
    suspension_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "address"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[Users] = Users()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["name_key"], condition=~models.Q(name_key=""), name="user_name_once"
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """What pages call this person."""
        return self.name or self.short_address

    @property
    def short_address(self) -> str:
        """0x3f08…9A1c, for lists; confirm views show the whole address."""
        return f"{self.address[:6]}…{self.address[-4:]}"

    @property
    def is_suspended(self) -> bool:
        """Whether new offers and takes are closed to this person; open trades never are."""
        return self.suspended_until is not None and self.suspended_until > timezone.now()

    def get_session_auth_hash(self) -> str:
        """Sessions die when `session_epoch` moves: there is no password whose change could end them."""
        return salted_hmac(
            "marketplace.accounts", f"{self.address}:{self.session_epoch}", algorithm="sha256"
        ).hexdigest()

    def get_session_auth_fallback_hash(self) -> Any:
        """Old secret keys are not honoured for sessions."""
        return iter(())

    # There is no password to change, check or forget.
    set_password: Callable[..., None] = None  # type: ignore[assignment]


class Challenge(models.Model):
    """A sign-in message the server wrote, waiting for its signature; gone after its last try (see `challenges`)."""

    session_key = models.CharField(max_length=40)
    nonce = models.CharField(max_length=32, unique=True)
    message = models.TextField()
    is_slow = models.BooleanField(default=False)
    tries_left = models.PositiveSmallIntegerField(default=1)
    expires_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["session_key"], name="challenge_session")]

    def __str__(self) -> str:
        return self.nonce
