"""Takes deliveries out of the outbox: each try is counted and committed before anything is sent.

A mail whose end nobody knows (no answer after its text, a worker killed in the middle) is not sent again: at most once.
A push is sent again then, since the browser shows the same notice in the place of the first.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from marketplace.notifications import mail, push
from marketplace.notifications.models import FAILURE_LENGTH, Channel, Delivery
from marketplace.notifications.outcomes import NobodyThere, NotSent, OutcomeUnknown
from marketplace.notifications.proofs import token_of
from marketplace.notifications.selectors import waiting_deliveries
from marketplace.notifications.states import Ended, Way
from realtime.hints import hint

logger = logging.getLogger(__name__)
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 1800))
LAST_TRY = len(BACK_OFF) + 1
# A way whose server does not answer rests, so that everybody's notices do not wait for its time-out one by one.
REST = timedelta(seconds=30)
# No try takes as long, so what was begun before that has died with its worker.
LOST_AFTER = timedelta(seconds=120)
LONGEST_RUN_SECONDS = 25.0

SENDERS: dict[Way, Callable[[Delivery, str], None]] = {Way.MAIL: mail.send, Way.PUSH: push.send}
# Where a second copy does harm, an unknown end is the end.
AT_MOST_ONCE = frozenset({Way.MAIL})
ENDS = {Way.MAIL: Ended.REFUSED, Way.PUSH: Ended.GONE}


def send_due(*, limit: int = 200) -> int:
    """Send what is due, each row by one worker only; how many arrived."""
    give_up_lost()
    started, sent = time.monotonic(), 0
    for _ in range(limit):
        if time.monotonic() - started > LONGEST_RUN_SECONDS:
            break
        delivery = _begun()
        if delivery is None:
            break
        sent += _sent(delivery)
    return sent


def give_up_lost() -> int:
    """Settle the tries that were begun and never ended, their worker having died; how many there were."""
    before = timezone.now() - LOST_AFTER
    lost = list(waiting_deliveries().filter(begun_at__lt=before).select_related("channel"))
    for delivery in lost:
        reason = "the worker was stopped while sending"
        if delivery.channel.way in AT_MOST_ONCE:
            _park(delivery, f"{reason}: it may have arrived, so it is not sent again")
        else:
            _again(delivery, reason)
    return len(lost)


def _begun() -> Delivery | None:
    """The next due row, with its try counted and committed. Stale ones and those of closed channels are parked on the way."""
    while True:
        now = timezone.now()
        with transaction.atomic():
            delivery = (
                waiting_deliveries()
                .filter(due_at__lte=now, begun_at=None)
                .select_related("channel", "notice")
                .select_for_update(of=("self",), skip_locked=True)
                .order_by("due_at")
                .first()
            )
            if delivery is None:
                return None
            useless = _why_useless(delivery, now)
            if useless:
                _park(delivery, useless)
                continue
            _change(delivery, tries=delivery.tries + 1, begun_at=now)
            return delivery


def _why_useless(delivery: Delivery, now: datetime) -> str:
    channel = delivery.channel
    if channel.disabled_at is not None or (delivery.notice_id and channel.verified_at is None):
        return "the channel was closed meanwhile"
    if delivery.stale_at <= now:
        return "too late to be of use"
    if delivery.tries >= LAST_TRY:
        return delivery.failure or "too many tries"
    if channel.way == Way.MAIL and not settings.MAIL_WAY:
        return "this hub has no mail server any more"
    if channel.way == Way.PUSH and not settings.VAPID_PRIVATE_KEY:
        return "this hub has no push key any more"
    return ""


def _sent(delivery: Delivery) -> bool:
    channel = delivery.channel
    way = Way(channel.way)
    proof = token_of(channel) if delivery.notice_id is None else ""
    try:
        SENDERS[way](delivery, proof)
    except NotSent as failed:
        _again(delivery, str(failed))
        if failed.is_server:
            _rest(way)
    except NobodyThere as refused:
        _park(delivery, str(refused))
        _end(channel, ENDS[way])
    except OutcomeUnknown as unknown:
        _park(delivery, f"{unknown}: it may have arrived, so it is not sent again")
    except Exception as bug:
        logger.exception("delivery %s failed", delivery.pk)
        _again(delivery, f"{type(bug).__name__}: {bug}")
    else:
        _change(delivery, sent_at=timezone.now(), begun_at=None, failure="")
        hint(f"user:{channel.user_id}")
        return True
    hint(f"user:{channel.user_id}")
    return False


def _again(delivery: Delivery, reason: str) -> None:
    if delivery.tries >= LAST_TRY:
        _park(delivery, reason)
        return
    due_at = timezone.now() + BACK_OFF[delivery.tries - 1]
    _change(delivery, begun_at=None, due_at=due_at, failure=reason[:FAILURE_LENGTH])


def _park(delivery: Delivery, reason: str) -> None:
    _change(delivery, begun_at=None, parked_at=timezone.now(), failure=reason[:FAILURE_LENGTH])
    logger.warning("delivery %s is parked: %s", delivery.pk, reason)


def _rest(way: Way) -> None:
    now = timezone.now()
    waiting_deliveries().filter(channel__way=way, begun_at=None, due_at__lt=now + REST).update(
        due_at=now + REST
    )


def _end(channel: Channel, why: Ended) -> None:
    """Only if it is still open: somebody may have removed it, or set it up anew, meanwhile."""
    Channel.objects.filter(pk=channel.pk, disabled_at=None).update(
        disabled_at=timezone.now(), disabled_reason=why, tested_at=None, proof="", proof_until=None
    )


def _change(delivery: Delivery, **columns: object) -> None:
    """One open row; one that was removed with its channel is gone, which is fine."""
    waiting_deliveries().filter(pk=delivery.pk).update(**columns)
    for name, value in columns.items():
        setattr(delivery, name, value)
