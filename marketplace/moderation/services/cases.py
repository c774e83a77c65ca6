"""What an arbitrator does with a case before he rules: take it, hand it over, open the record, ask the parties.

Every act is in the audit log; those that touch the parties' words or cost them time are told to them in the room.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from marketplace.accounts.access import has_role
from marketplace.accounts.models import User
from marketplace.disputes.access import has_interest
from marketplace.disputes.models import Case, Reading, Request
from marketplace.disputes.selectors import is_live
from marketplace.disputes.services import announce, live_case, say
from marketplace.moderation.audit import record
from marketplace.moderation.refusals import (
    BadEnd,
    CaseNotLive,
    CaseTaken,
    NotAnArbitrator,
    ReasonMissing,
    RecordClosed,
)
from marketplace.moderation.states import case_subject
from marketplace.notifications.services import notify
from marketplace.trades.models import Trade

TAKEN = "takes the case"


@transaction.atomic
def claim_case(trade: Trade, *, by: User) -> Case:
    """Take a free case; the record opens with it, and both parties see by whom. Taking one's own again changes nothing.

    Raises: CaseNotLive, CaseTaken, NotAnArbitrator.
    """
    _fit(by, trade)
    case = live_case(trade)
    # Compare and set: of two who press "take" at once, one gets it and the other reads who.
    if not Case.objects.filter(pk=case.pk, assignee=None).update(assignee=by):
        case.refresh_from_db()
        if case.assignee is not None and case.assignee_id != by.pk:
            raise CaseTaken(case.assignee.label)
        return case
    case.assignee = by
    record(actor=by, action="case.claim", subject=case_subject(trade.ref))
    _read(case, by, TAKEN)
    say(trade, "case_claimed", {"who": by.label}, staff_by=by)
    announce(trade)
    return case


@transaction.atomic
def hand_over(trade: Trade, *, by: User, to: User, reason: str) -> Case:
    """Give one's case to another arbitrator.

    Raises: ReasonMissing, CaseNotLive, CaseTaken, NotAnArbitrator.
    """
    if not reason.strip():
        raise ReasonMissing
    _fit(to, trade)
    case = live_case(trade)
    if not Case.objects.filter(pk=case.pk, assignee=by).update(assignee=to):
        raise CaseTaken(case.assignee.label if case.assignee else "Nobody")
    case.assignee = to
    details = {"to": to.address}
    record(
        actor=by,
        action="case.hand_over",
        subject=case_subject(trade.ref),
        reason=reason.strip(),
        details=details,
    )
    notify(
        to,
        kind="case",
        text=f"{by.label} handed you case {trade.ref}: {reason.strip()}",
        url=f"/desk/case/{trade.ref}/",
    )
    announce(trade)
    return case


@transaction.atomic
def open_record(trade: Trade, *, by: User, reason: str) -> Reading:
    """Read what the parties said and gave free, without taking the case. Both see who read it and why; once per person.

    Raises: ReasonMissing, NotAnArbitrator.
    """
    if not has_role(by, "arbitrator") or has_interest(by, trade):
        raise NotAnArbitrator
    if not reason.strip():
        raise ReasonMissing
    case = live_case(trade)
    if not has_read(case, by):
        say(trade, "case_read", {"who": by.label, "reason": reason.strip()}, staff_by=by)
    return _read(case, by, reason.strip())


@transaction.atomic
def ask_parties(trade: Trade, *, by: User, of: str, text: str, due_at: datetime) -> Request:
    """Ask buyer, seller or both for something, until a time before the contract's deadline.

    Raises: CaseNotLive, ReasonMissing, BadEnd, RecordClosed.
    """
    if not is_live(trade):
        raise CaseNotLive
    if not text.strip():
        raise ReasonMissing
    deadline = trade.disputed_at + trade.ruling_seconds
    if due_at.timestamp() > deadline or due_at <= timezone.now():
        raise BadEnd
    case = live_case(trade)
    if not has_read(case, by):
        raise RecordClosed
    row = Request.objects.create(case=case, by=by, of=of, text=text.strip(), due_at=due_at)
    Case.objects.filter(pk=case.pk).update(waiting_for=of)
    record(
        actor=by,
        action="case.ask",
        subject=case_subject(trade.ref),
        details={"of": of, "request": row.pk},
    )
    words = {"who": by.label, "text": text.strip(), "until": f"{due_at:%a %-d %b, %H:%M} UTC"}
    say(trade, "case_asked", words, staff_by=by)
    for person in _asked(trade, of):
        notify(
            person,
            kind="case_asked",
            text=f"{by.label} asks you: {text.strip()}",
            url=f"/trade/{trade.ref}/dispute/",
        )
    announce(trade)
    return row


def has_read(case: Case | None, staff: User) -> bool:
    """Whether this member of staff opened the record of the case."""
    return case is not None and case.readings.filter(reader=staff).exists()


def _fit(staff: User, trade: Trade) -> None:
    if not is_live(trade):
        raise CaseNotLive
    if not has_role(staff, "arbitrator") or has_interest(staff, trade):
        raise NotAnArbitrator


def _read(case: Case, by: User, reason: str) -> Reading:
    reading, is_new = Reading.objects.get_or_create(
        case=case, reader=by, defaults={"reason": reason}
    )
    if is_new:
        record(actor=by, action="case.read", subject=case_subject(case.trade.ref), reason=reason)
        announce(case.trade)
    return reading


def _asked(trade: Trade, of: str) -> list[User]:
    people = {"buyer": [trade.buyer], "seller": [trade.seller]}
    return people.get(of, [trade.buyer, trade.seller])
