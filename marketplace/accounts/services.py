"""Writes of people: sign-in challenges, sessions, names, roles, sanctions.

Signing in is two steps. `challenge` writes the whole message; `sign_in` burns it on the first attempt, whatever comes of it.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from escrow.chain import siwe
from escrow.chain.siwe import MalformedMessage, SignInMessage, SignInRefused
from escrow.chain.typed_data import SignatureRefused, is_signed_by
from escrow.fields import checksum_address
from marketplace.accounts.access import ROLES
from marketplace.accounts.backends import PATH as BACKEND
from marketplace.accounts.models import Challenge, Device, User
from marketplace.accounts.names import NameRefused, clean_name, name_key
from marketplace.accounts.selectors import DEVICE_SESSION_KEY

CHALLENGE_LIFE = timedelta(minutes=5)
OPEN_CHALLENGES = 5
# About 100 bits, short enough to be compared by eye.
NONCE_LETTERS = string.ascii_letters + string.digits
NONCE_LENGTH = 17
STATEMENT = "I sign in to Parley with this wallet, and this browser may read and write the chats of my trades. Nothing is sent and nothing is paid."


class NoChallenge(SignInRefused):
    """No open question fits this answer: answered before, too late, or asked in another browser."""

    code = "sign_in_nonce"

    def __init__(self) -> None:
        super().__init__(
            "This sign-in was used before, took too long, or began in another browser. Start again."
        )


class WrongSignature(SignInRefused):
    """The signature is not the account's."""

    code = "sign_in_signature"

    def __init__(self) -> None:
        super().__init__(
            "The signature does not belong to this account. Pick the same account in the wallet and sign again."
        )


class UnknownRole(ValueError):
    """No such role."""

    def __init__(self, role: str) -> None:
        super().__init__(f"“{role}” is no role. There are {', '.join(ROLES)}.")


@dataclass(frozen=True, slots=True)
class Asked:
    """A sign-in message ready to sign, and the same in words for the page."""

    message: str
    words: list[str]


# --- signing in ------------------------------------------------------------------------------


def challenge(request: HttpRequest, *, address: str, signing: str, agreement: str) -> Asked:
    """The message that `address` is to sign, good for five minutes in this browser session only.

    `signing` and `agreement` are the device's public keys as 64 hexadecimal digits.
    Raises: MalformedMessage.
    """
    keys = _device_keys(signing, agreement)
    if request.session.session_key is None:
        request.session.create()
    now = timezone.now()
    message = siwe.build(
        origin=settings.PUBLIC_ORIGIN,
        address=_address(address),
        chain_id=settings.CHAIN_ID,
        nonce=_nonce(),
        issued_at=_iso(now),
        expiration_time=_iso(now + CHALLENGE_LIFE),
        signing_key=keys[0],
        agreement_key=keys[1],
        statement=STATEMENT,
    )
    _keep_challenge(str(request.session.session_key), message, now=now)
    return Asked(message.text(), words_of(message))


def sign_in(request: HttpRequest, *, message: str, signature: str) -> User:
    """The person behind a signed message, with this session rotated and bound to him and his browser.

    The question asked is burnt first, so a second attempt of any kind must ask anew.
    Raises: SignInRefused (NoChallenge, MalformedMessage, WrongDomain, WrongChain, WrongTime, WrongSignature).
    """
    asked = _burn_challenge(request.session.session_key, message)
    parsed = SignInMessage.parse(message)
    parsed.check(
        origin=settings.PUBLIC_ORIGIN,
        chain_id=settings.CHAIN_ID,
        nonce=asked.nonce,
        now=timezone.now(),
    )
    if message != asked.message:
        raise NoChallenge
    try:
        is_his = is_signed_by(parsed.address, parsed.digest(), signature)
    except SignatureRefused as error:
        raise WrongSignature from error
    if not is_his:
        raise WrongSignature
    user, device = _arrive(parsed)
    login(request, user, backend=BACKEND)
    request.session[DEVICE_SESSION_KEY] = device.device_hash
    return user


def sign_out(request: HttpRequest) -> None:
    """Ends this session; the others of the same person go on."""
    logout(request)


def end_sessions(user: User) -> None:
    """Ends every session of `user`, on every device, from the next request on."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)


def words_of(message: SignInMessage) -> list[str]:
    """What the message says, in the words the page shows before the wallet does."""
    return [
        f"I sign in to {message.domain} as",
        message.address,
        "and this browser may read and write the chats of my trades.",
    ]


# --- people ----------------------------------------------------------------------------------


def rename(user: User, name: str) -> User:
    """Gives the person a name, or takes it away when empty.

    Raises: NameRefused, also when somebody has a name that looks the same.
    """
    cleaned = clean_name(name)
    try:
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(name=cleaned, name_key=name_key(cleaned))
    except IntegrityError:
        raise NameRefused("Somebody has this name, or one that looks the same.") from None
    user.name, user.name_key = cleaned, name_key(cleaned)
    return user


def grant(role: str, address: str) -> User:
    """Gives the role to the person of that address, who need not have signed in yet. Granting twice changes nothing.

    Raises: UnknownRole; ValidationError when the text is no address.
    """
    if role not in ROLES:
        raise UnknownRole(role)
    user, _ = User.objects.get_or_create(address=checksum_address(address))
    group, _ = Group.objects.get_or_create(name=role)
    user.groups.add(group)
    if role == "operator" and not user.is_superuser:
        user.is_staff = user.is_superuser = True
        user.save(update_fields=["is_staff", "is_superuser"])
    return user


def revoke(role: str, address: str) -> User:
    """Takes the role away again, and ends the person's sessions.

    Raises: UnknownRole; User.DoesNotExist.
    """
    if role not in ROLES:
        raise UnknownRole(role)
    user = User.objects.get(address=checksum_address(address))
    user.groups.remove(*Group.objects.filter(name=role))
    if role == "operator":
        user.is_staff = user.is_superuser = False
        user.save(update_fields=["is_staff", "is_superuser"])
    end_sessions(user)
    return user


def suspend(user: User, *, until: datetime, reason: str) -> User:
    """Closes new offers and takes to the person until then; open trades and the session stay."""
    user.suspended_until, user.suspension_reason = until, reason[:500]
    user.save(update_fields=["suspended_until", "suspension_reason"])
    return user


def lift_suspension(user: User) -> User:
    """Opens them again."""
    user.suspended_until, user.suspension_reason = None, ""
    user.save(update_fields=["suspended_until", "suspension_reason"])
    return user


# --- inside ----------------------------------------------------------------------------------


def _device_keys(signing: str, agreement: str) -> tuple[bytes, bytes]:
    try:
        keys = bytes.fromhex(signing), bytes.fromhex(agreement)
    except ValueError:
        keys = b"", b""
    if [len(key) for key in keys] != [32, 32]:
        raise MalformedMessage(
            "This browser could not make its keys. Reload the page and try again."
        )
    return keys


def _address(text: str) -> str:
    try:
        return checksum_address(text)
    except Exception as error:
        raise MalformedMessage(
            "That is not an account address. Pick an account in the wallet."
        ) from error


def _keep_challenge(session_key: str, message: SignInMessage, *, now: datetime) -> None:
    with transaction.atomic():
        Challenge.objects.filter(expires_at__lte=now).delete()
        mine = Challenge.objects.filter(session_key=session_key).order_by("-id")
        for old in mine[OPEN_CHALLENGES - 1 :]:
            old.delete()
        Challenge.objects.create(
            session_key=session_key,
            nonce=message.nonce,
            message=message.text(),
            expires_at=now + CHALLENGE_LIFE,
        )


def _burn_challenge(session_key: str | None, message: str) -> Challenge:
    """The open challenge that `message` names by its nonce line, deleted; of several answers at once only one finds it.

    A message that names none burns the newest one of the session: guessing is not free.
    """
    nonce = next((line[7:] for line in message.split("\n") if line.startswith("Nonce: ")), "")
    with transaction.atomic():
        mine = Challenge.objects.select_for_update().filter(
            session_key=session_key or "", expires_at__gt=timezone.now()
        )
        found = mine.filter(nonce=nonce[:32]).first() or mine.order_by("-id").first()
        if found is None:
            raise NoChallenge
        Challenge.objects.filter(pk=found.pk).delete()
    return found


def _arrive(message: SignInMessage) -> tuple[User, Device]:
    now = timezone.now()
    with transaction.atomic():
        user, _ = User.objects.get_or_create(address=message.address)
        User.objects.filter(pk=user.pk).update(last_seen_at=now)
        device, is_new = Device.objects.get_or_create(
            user=user,
            device_hash=message.device_hash,
            defaults={
                "signing_key": message.signing_key.hex(),
                "agreement_key": message.agreement_key.hex(),
            },
        )
        if not is_new:
            Device.objects.filter(pk=device.pk).update(last_used_at=now)
    return user, device


def _nonce() -> str:
    return "".join(secrets.choice(NONCE_LETTERS) for _ in range(NONCE_LENGTH))


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
