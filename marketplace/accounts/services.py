"""Writes of people: sign-in, sessions, names, roles, sanctions.

Signing in is two steps. `challenge` writes the whole message; `sign_in` takes it back signed, once.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from chat.devices import bind_device
from chat.models import Device
from chat.sealed.keys import is_signing_point
from escrow.chain import siwe
from escrow.chain.contract_wallets import Answer, ask_account, is_key_signature
from escrow.chain.rpc import NodeUnavailable
from escrow.chain.siwe import MalformedMessage, SignInMessage, SignInRefused
from escrow.chain.typed_data import device_hash
from escrow.fields import checksum_address
from marketplace.accounts import challenges
from marketplace.accounts.access import ROLES
from marketplace.accounts.backends import PATH as BACKEND
from marketplace.accounts.challenges import NoChallenge
from marketplace.accounts.models import Challenge, User
from marketplace.accounts.names import NameRefused, clean_name, name_key
from marketplace.accounts.selectors import DEVICE_SESSION_KEY

# About 100 bits, short enough to be compared by eye.
NONCE_LETTERS = string.ascii_letters + string.digits
NONCE_LENGTH = 17
STATEMENT = "I sign in to Parley with this wallet, and this browser may read and write the chats of my trades. Nothing is sent and nothing is paid."


class WrongSignature(SignInRefused):
    """The signature is not the account's."""

    code = "sign_in_signature"

    def __init__(self) -> None:
        super().__init__(
            "The signature does not belong to this account. Pick the same account in the wallet and sign again."
        )


class WalletSaidNo(SignInRefused):
    """A wallet contract stands at the address and does not accept the signature."""

    code = "sign_in_wallet_refused"

    def __init__(self, asked: Challenge) -> None:
        if asked.tries_left:
            rest = (
                "If owners still have to sign, or their approval is not on the network yet, try again afterwards: "
                f"the message stays good until {asked.expires_at:%H:%M} UTC on {asked.expires_at:%-d %B}, for {asked.tries_left} more tries."
            )
        else:
            rest = "Start again, and let all its owners sign."
        super().__init__(f"The wallet at this address does not accept the signature. {rest}")


class WalletNotThere(SignInRefused):
    """No wallet contract stands at the address on this network."""

    code = "sign_in_wallet_not_there"

    def __init__(self) -> None:
        super().__init__(
            "There is no wallet contract at this address on this network. A contract wallet counts only where it stands: "
            "make its first transaction here, or pick the network it was made on, then sign in again."
        )


class UnknownRole(ValueError):
    """No such role."""

    def __init__(self, role: str) -> None:
        super().__init__(f"“{role}” is no role. There are {', '.join(ROLES)}.")


@dataclass(frozen=True, slots=True)
class Asked:
    """A sign-in message ready to sign, the same in words for the page, and until when it is good."""

    message: str
    words: list[str]
    expires_at: datetime
    is_slow: bool


# --- signing in ------------------------------------------------------------------------------


def challenge(
    request: HttpRequest,
    *,
    address: str,
    signing: str,
    agreement: str,
    is_slow: bool = False,
    is_fresh: bool = False,
    now: datetime | None = None,
) -> Asked:
    """The message that `address` is to sign, good in this browser session only: five minutes, or slow, 24 hours.

    `signing` and `agreement` are the device's public keys as 64 hexadecimal digits. A slow message that is still open is
    given again, unless a fresh one is asked for.
    Raises: MalformedMessage.
    """
    keys = _device_keys(signing, agreement)
    account = _address(address)
    if request.session.session_key is None:
        request.session.create()
    session_key = str(request.session.session_key)
    # The message tells time in whole seconds, and must not be good for longer than it says.
    now = (now or timezone.now()).replace(microsecond=0)
    if is_slow and not is_fresh:
        open_one = challenges.open_slow_one(
            session_key, address=account, device_hash=device_hash(*keys), now=now
        )
        if open_one is not None:
            return _asked(open_one)
    expires_at = now + challenges.life_of(is_slow=is_slow)
    message = siwe.build(
        origin=settings.PUBLIC_ORIGIN,
        address=account,
        chain_id=settings.CHAIN_ID,
        nonce=_nonce(),
        issued_at=_iso(now),
        expiration_time=_iso(expires_at),
        signing_key=keys[0],
        agreement_key=keys[1],
        statement=STATEMENT,
    )
    return _asked(
        challenges.keep(session_key, message, expires_at=expires_at, is_slow=is_slow, now=now)
    )


def sign_in(
    request: HttpRequest, *, message: str, signature: str, now: datetime | None = None
) -> User:
    """The person behind a signed message, with this session rotated and bound to him and his browser.

    A try is taken first, so that guessing is not free; it is given back when the node could not be asked.
    Raises: SignInRefused (NoChallenge, MalformedMessage, WrongDomain, WrongChain, WrongTime, WrongSignature, WalletSaidNo,
    WalletNotThere), NodeUnavailable.
    """
    now = now or timezone.now()
    asked = challenges.take_try(request.session.session_key, message, now=now)
    try:
        parsed = _checked(asked, message, now=now)
        _check_signature(asked, parsed, signature)
    except NodeUnavailable:
        challenges.give_back(asked)
        raise
    except SignInRefused:
        challenges.drop_if_spent(asked)
        raise
    challenges.close(asked)
    user, device = _arrive(parsed, message, signature)
    before = request.session.session_key
    login(request, user, backend=BACKEND)
    request.session[DEVICE_SESSION_KEY] = device.device_hash
    challenges.carry_over(before, request.session.session_key)
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
    if [len(key) for key in keys] != [32, 32] or not is_signing_point(keys[0]):
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


def _asked(row: Challenge) -> Asked:
    words = words_of(SignInMessage.parse(row.message))
    return Asked(row.message, words, row.expires_at, row.is_slow)


def _checked(asked: Challenge, message: str, *, now: datetime) -> SignInMessage:
    """The message, which must be the one that was asked, for this site and now."""
    parsed = SignInMessage.parse(message)
    parsed.check(
        origin=settings.PUBLIC_ORIGIN,
        chain_id=settings.CHAIN_ID,
        nonce=asked.nonce,
        now=now,
        longest=challenges.SLOW_LIFE if asked.is_slow else siwe.MAX_AGE,
    )
    if message != asked.message:
        raise NoChallenge
    return parsed


def _check_signature(asked: Challenge, message: SignInMessage, signature: str) -> None:
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        raise WrongSignature from None
    answer = ask_account(message.address, message.digest(), raw)
    if answer is Answer.REFUSED:
        raise WalletSaidNo(asked)
    if answer is Answer.NOT_THERE:
        # A key's signature for an account without code is most likely that of another account in the same wallet.
        raise WrongSignature if is_key_signature(raw) and not asked.is_slow else WalletNotThere


def _arrive(message: SignInMessage, text: str, signature: str) -> tuple[User, Device]:
    with transaction.atomic():
        user, _ = User.objects.get_or_create(address=message.address)
        User.objects.filter(pk=user.pk).update(last_seen_at=timezone.now())
        device = bind_device(
            user,
            device_hash=message.device_hash,
            signing_key=message.signing_key.hex(),
            agreement_key=message.agreement_key.hex(),
            message=text,
            signature=signature.lower(),
        )
    return user, device


def _nonce() -> str:
    return "".join(secrets.choice(NONCE_LETTERS) for _ in range(NONCE_LENGTH))


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
