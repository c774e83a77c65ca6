"""Sanctions on people and offers: each with a reason, an end and a way to answer. Open trades are never touched."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.moderation.audit import record
from marketplace.moderation.models import Note, Sanction
from marketplace.moderation.refusals import (
    AlreadySuspended,
    BadEnd,
    NotOneself,
    NotSuspended,
    OfferNotOpen,
    ReasonMissing,
)
from marketplace.moderation.states import offer_subject, user_subject
from marketplace.notifications.services import notify
from marketplace.offers.models import Offer, OfferStatus

LONGEST_SUSPENSION = timedelta(days=366)
DEFAULT_APPEAL = "Answer with what we got wrong; another moderator reads it."


@transaction.atomic
def suspend_user(
    user: User, *, by: User, until: datetime, reason: str, appeal: str = DEFAULT_APPEAL
) -> Sanction:
    """Close new offers and takes to a person until `until`. His sessions, sockets and open trades go on.

    Raises: ReasonMissing, BadEnd, NotOneself, AlreadySuspended.
    """
    now = timezone.now()
    if user.pk == by.pk:
        raise NotOneself
    if not reason.strip():
        raise ReasonMissing
    if not now < until <= now + LONGEST_SUSPENSION:
        raise BadEnd
    # Two moderators at once: the second waits here and then finds the first one's sanction.
    locked = User.objects.select_for_update().get(pk=user.pk)
    if locked.is_suspended:
        raise AlreadySuspended(user)
    _end_spent_sanction(locked, now)
    sanction = Sanction.objects.create(
        user=locked, by=by, reason=reason.strip(), appeal=appeal.strip(), until=until
    )
    _write(user, until=until, reason=reason.strip())
    record(
        actor=by,
        action="user.suspend",
        subject=user_subject(user.address),
        reason=reason.strip(),
        details={"until": until.isoformat(), "appeal": appeal.strip()},
    )
    text = f"New offers and trades are closed to you until {until:%-d %b %Y, %H:%M} UTC. Open trades go on. {appeal.strip()}"
    notify(user, kind="suspended", text=text, url="/settings/profile/")
    return sanction


@transaction.atomic
def lift_suspension(user: User, *, by: User, reason: str) -> Sanction:
    """End a suspension before its time.

    Raises: ReasonMissing, NotOneself, NotSuspended.
    """
    if user.pk == by.pk:
        raise NotOneself
    if not reason.strip():
        raise ReasonMissing
    sanction = Sanction.objects.select_for_update().filter(user=user, lifted_at=None).first()
    if sanction is None or sanction.until <= timezone.now():
        raise NotSuspended(user)
    sanction.lifted_at, sanction.lifted_by, sanction.lift_reason = (
        timezone.now(),
        by,
        reason.strip(),
    )
    sanction.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
    _write(user, until=None, reason="")
    record(actor=by, action="user.lift", subject=user_subject(user.address), reason=reason.strip())
    notify(user, kind="suspension_lifted", text="You can open offers and trades again.", url="/")
    return sanction


@transaction.atomic
def pause_offer(offer: Offer, *, by: User, reason: str) -> Offer:
    """Take an offer off the market; its maker cannot resume it himself, and its open trades go on.

    Raises: ReasonMissing, NotOneself, OfferNotOpen.
    """
    if not reason.strip():
        raise ReasonMissing
    if offer.maker_id == by.pk:
        raise NotOneself
    _move_offer(
        offer,
        old=OfferStatus.OPEN,
        new=OfferStatus.PAUSED,
        reason=reason.strip()[:200],
        by_staff=True,
    )
    _record_offer(offer, by, "offer.pause", reason)
    notify(
        offer.maker,
        kind="offer_paused",
        text=f"We paused your offer: {reason.strip()}",
        url=f"/o/{offer.public_id}/",
    )
    return offer


@transaction.atomic
def free_offer(offer: Offer, *, by: User, reason: str) -> Offer:
    """Give a paused offer back to its maker, who may resume it himself.

    Raises: ReasonMissing, NotOneself, OfferNotOpen.
    """
    if not reason.strip():
        raise ReasonMissing
    if offer.maker_id == by.pk:
        raise NotOneself
    if not offer.paused_by_staff:
        raise OfferNotOpen
    _move_offer(offer, old=OfferStatus.PAUSED, new=OfferStatus.PAUSED, reason="", by_staff=False)
    _record_offer(offer, by, "offer.free", reason)
    notify(
        offer.maker,
        kind="offer_freed",
        text="You can resume your offer again.",
        url=f"/o/{offer.public_id}/",
    )
    return offer


@transaction.atomic
def add_note(*, subject: str, by: User, text: str) -> Note:
    """Leave a line for colleagues about a person or a case.

    Raises: ReasonMissing.
    """
    if not text.strip():
        raise ReasonMissing
    note = Note.objects.create(subject=subject, by=by, text=text.strip())
    record(actor=by, action="note.add", subject=subject, details={"note": note.pk})
    return note


def _end_spent_sanction(user: User, now: datetime) -> None:
    """A sanction whose end has passed makes room for the next one; it ended by itself, nobody lifted it."""
    spent = Sanction.objects.filter(user=user, lifted_at=None, until__lte=now).first()
    if spent is not None:
        Sanction.objects.filter(pk=spent.pk).update(
            lifted_at=spent.until, lift_reason="ended by itself"
        )


def _write(user: User, *, until: datetime | None, reason: str) -> None:
    User.objects.filter(pk=user.pk).update(suspended_until=until, suspension_reason=reason)
    user.suspended_until, user.suspension_reason = until, reason


def _move_offer(
    offer: Offer, *, old: OfferStatus, new: OfferStatus, reason: str, by_staff: bool
) -> None:
    moved = Offer.objects.filter(pk=offer.pk, status=old).update(
        status=new, pause_reason=reason, paused_by_staff=by_staff, updated_at=timezone.now()
    )
    if not moved:
        raise OfferNotOpen
    offer.status, offer.pause_reason, offer.paused_by_staff = new, reason, by_staff


def _record_offer(offer: Offer, by: User, action: str, reason: str) -> None:
    record(
        actor=by,
        action=action,
        subject=offer_subject(offer.public_id),
        reason=reason.strip(),
        details={"maker": offer.maker.address},
    )
