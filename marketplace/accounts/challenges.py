"""Sign-in messages that wait for their signature: each is good for one sign-in, in the browser session that asked for it.

A quick one is for a key: five minutes, one try. A slow one is for a wallet whose owners sign one after the other:
24 hours, a few tries, and the same browser that asks again gets the same message, so that no owner signs in vain.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from escrow.chain.siwe import SignInMessage, SignInRefused
from marketplace.accounts.models import Challenge

QUICK_LIFE = timedelta(minutes=5)
SLOW_LIFE = timedelta(hours=24)
QUICK_TRIES = 1
SLOW_TRIES = 20
# Open at once in one session; the oldest gives way.
OPEN_QUICK = 5
OPEN_SLOW = 2


class NoChallenge(SignInRefused):
    """No open question fits this answer: answered before, too late, or asked in another browser."""

    code = "sign_in_nonce"

    def __init__(self) -> None:
        super().__init__(
            "This sign-in was used before, took too long, or began in another browser. Start again."
        )


def life_of(*, is_slow: bool) -> timedelta:
    """How long a message is good."""
    return SLOW_LIFE if is_slow else QUICK_LIFE


def open_slow_one(
    session_key: str, *, address: str, device_hash: str, now: datetime
) -> Challenge | None:
    """The slow question that this session asked before for the same account and browser keys, if it is still good."""
    mine = Challenge.objects.filter(
        session_key=session_key, is_slow=True, tries_left__gt=0, expires_at__gt=now
    ).order_by("-id")
    for row in mine:
        asked = SignInMessage.parse(row.message)
        if (asked.address, asked.device_hash) == (address, device_hash):
            return row
    return None


def keep(
    session_key: str, message: SignInMessage, *, expires_at: datetime, is_slow: bool, now: datetime
) -> Challenge:
    """A new open question. Questions that are too old go, and of too many in one session the oldest of its kind."""
    with transaction.atomic():
        Challenge.objects.filter(expires_at__lte=now).delete()
        mine = Challenge.objects.filter(session_key=session_key, is_slow=is_slow).order_by("-id")
        for old in mine[(OPEN_SLOW if is_slow else OPEN_QUICK) - 1 :]:
            old.delete()
        return Challenge.objects.create(
            session_key=session_key,
            nonce=message.nonce,
            message=message.text(),
            is_slow=is_slow,
            tries_left=SLOW_TRIES if is_slow else QUICK_TRIES,
            expires_at=expires_at,
        )


def take_try(session_key: str | None, message: str, *, now: datetime) -> Challenge:
    """The open question that `message` names by its nonce line, with one try less.

    A message that names none takes a try of the session's newest: guessing is not free. Of several answers at once to a
    question with one try left, one gets it.
    Raises: NoChallenge.
    """
    nonce = next((line[7:] for line in message.split("\n") if line.startswith("Nonce: ")), "")
    mine = Challenge.objects.filter(
        session_key=session_key or "", expires_at__gt=now, tries_left__gt=0
    )
    found = mine.filter(nonce=nonce[:32]).first() or mine.order_by("-id").first()
    if found is None:
        raise NoChallenge
    with transaction.atomic():
        # Another answer may have spent or closed it since it was found.
        held = mine.select_for_update().filter(pk=found.pk).first()
        if held is None:
            raise NoChallenge
        held.tries_left -= 1
        held.save(update_fields=["tries_left"])
    return held


def give_back(asked: Challenge) -> None:
    """The try did not count: nobody could be asked."""
    Challenge.objects.filter(pk=asked.pk).update(tries_left=F("tries_left") + 1)


def drop_if_spent(asked: Challenge) -> None:
    """After a refusal: a question without tries is gone."""
    Challenge.objects.filter(pk=asked.pk, tries_left=0).delete()


def close(asked: Challenge) -> None:
    """The question was answered; of several right answers at once only the first gets this far.

    Raises: NoChallenge.
    """
    deleted, _ = Challenge.objects.filter(pk=asked.pk).delete()
    if not deleted:
        raise NoChallenge


def carry_over(before: str | None, after: str | None) -> None:
    """Signing in gives the browser another session key; what else it waits for goes on under that one."""
    if before and after and before != after:
        Challenge.objects.filter(session_key=before).update(session_key=after)
