"""Writes of a person's channels: set one up, test it, confirm the test, stop it, remove it."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.notifications import push
from marketplace.notifications.models import Channel, Delivery
from marketplace.notifications.proofs import LIFE, open_proof, read_token
from marketplace.notifications.selectors import waiting_deliveries, ways_set_up
from marketplace.notifications.states import Ended, Way
from realtime.allowance import TooFast, spend
from realtime.hints import hint

MOST_CHANNELS = 10
ADDRESS_LENGTH = 254
TESTS_PER_PERSON, TESTS_PER_ADDRESS = "10/hour", ("3/hour", "6/day")


class BadAddress(Exception):
    """No mail can be sent to what was written."""

    code = "bad_address"

    def __init__(self) -> None:
        super().__init__("This is no mail address. It looks like name@example.org.")


class NotSetUp(Exception):
    """The hub itself cannot use this way."""

    code = "not_set_up"

    def __init__(self) -> None:
        super().__init__("This hub has not set up this way to reach you. Nothing was changed.")


class TooManyChannels(Exception):
    """One person has as many as anybody needs."""

    code = "too_many_channels"

    def __init__(self) -> None:
        super().__init__(f"You have {MOST_CHANNELS} already. Remove one you no longer use first.")


def add_mail(user: User, address: str) -> Channel:
    """The person's channel to a mail address, with a mail on its way that asks to confirm it. Nothing else goes there before.

    The answer is the same whoever else may use the address.

    Raises: BadAddress, NotSetUp, TooManyChannels, TooFast.
    """
    _must_be_set_up(Way.MAIL)
    address = address.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise BadAddress from error
    if len(address) > ADDRESS_LENGTH:
        raise BadAddress
    name, _, host = address.rpartition("@")
    with transaction.atomic():
        channel = _own(user, Way.MAIL, f"{name}@{host.lower()}", label="")
        _send_test(channel)
    return channel


def add_push(user: User, *, endpoint: str, p256dh: str, auth: str, label: str) -> Channel:
    """The person's channel to the browser he sits at, with a test on its way. A subscription somebody else had here is his no more.

    Raises: BadSubscription, NotSetUp, TooManyChannels, TooFast.
    """
    _must_be_set_up(Way.PUSH)
    keys = push.checked(endpoint, p256dh, auth)
    with transaction.atomic():
        Channel.objects.filter(way=Way.PUSH, address=endpoint).exclude(user=user).delete()
        channel = _own(user, Way.PUSH, endpoint, label=label[:80])
        channel.keys, channel.verified_at = keys, timezone.now()
        channel.save(update_fields=["keys", "verified_at"])
        _send_test(channel)
    return channel


@transaction.atomic
def send_test(channel: Channel) -> None:
    """Send a test, which its owner confirms. A channel that had ended is asked again first.

    Raises: NotSetUp, TooFast.
    """
    _must_be_set_up(Way(channel.way))
    _reopen(channel)
    _send_test(channel)


def confirm(token: str) -> Channel | None:
    """The channel whose test this word belongs to, now verified and tested; None when the word is wrong, used or too old."""
    named = read_token(token)
    if named is None:
        return None
    pk, nonce = named
    now = timezone.now()
    # Compare and set: of two who use the same word, one does.
    done = Channel.objects.filter(
        Q(verified_at__isnull=False) | Q(way=Way.MAIL), pk=pk, proof=nonce, proof_until__gt=now
    ).update(
        proof="",
        proof_until=None,
        verified_at=now,
        tested_at=now,
        disabled_at=None,
        disabled_reason="",
    )
    if not done:
        return None
    channel = Channel.objects.select_related("user").get(pk=pk)
    hint(f"user:{channel.user_id}")
    return channel


def is_open_proof(token: str) -> bool:
    """Whether a word can still be used. Reads only: mail programs open links by themselves."""
    named = read_token(token)
    return (
        named is not None
        and Channel.objects.filter(
            pk=named[0], proof=named[1], proof_until__gt=timezone.now()
        ).exists()
    )


def stop(channel: Channel) -> None:
    """No more notices by this channel, whoever asked: what still waits is parked by the sweep."""
    Channel.objects.filter(pk=channel.pk, disabled_at=None).update(
        disabled_at=timezone.now(),
        disabled_reason=Ended.STOPPED,
        tested_at=None,
        proof="",
        proof_until=None,
    )
    hint(f"user:{channel.user_id}")


def remove(channel: Channel) -> None:
    """Forget the channel and what waits to go through it."""
    channel.delete()


def _must_be_set_up(way: Way) -> None:
    if way not in ways_set_up():
        raise NotSetUp


def _own(user: User, way: Way, address: str, *, label: str) -> Channel:
    """The person's row for this address, new or as it is."""
    User.objects.select_for_update().get(pk=user.pk)
    known = Channel.objects.filter(user=user, way=way, address=address).first()
    if known is not None:
        _reopen(known)
        return known
    if Channel.objects.filter(user=user).count() >= MOST_CHANNELS:
        raise TooManyChannels
    return Channel.objects.create(user=user, way=way, address=address, label=label)


def _reopen(channel: Channel) -> None:
    """A mailbox that refused or said stop is written to again only when a new test was confirmed there."""
    if channel.disabled_at is None:
        return
    channel.disabled_at, channel.disabled_reason = None, ""
    if channel.way == Way.MAIL:
        channel.verified_at = None
    channel.save(update_fields=["verified_at", "disabled_at", "disabled_reason"])


def _send_test(channel: Channel) -> None:
    spend(TESTS_PER_PERSON, "channel-test", channel.user_id)
    now = timezone.now()
    open_proof(channel, now)
    try:
        for limit in TESTS_PER_ADDRESS:
            spend(limit, "channel-test-to", channel.address)
    except TooFast:
        # The answer is the same as ever: it must not tell that others write to this address.
        return
    waiting_deliveries().filter(channel=channel, notice=None).delete()
    Delivery.objects.create(channel=channel, stale_at=now + LIFE, due_at=now)
