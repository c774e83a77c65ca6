"""What the parties write in a dispute. Nothing here moves a trade: a filing only gets a hash, which its party then signs."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from chat import services as chat
from chat.devices import observe
from chat.models import Room
from chat.retention import keep_until
from chat.text import shown
from marketplace.accounts.models import User
from marketplace.accounts.selectors import user_by_address
from marketplace.disputes.documents import document_hash, new_salt
from marketplace.disputes.lines import line
from marketplace.disputes.models import Case, Filing, Statement
from marketplace.disputes.reasons import (
    ALL_TO_BUYER,
    ALL_TO_SELLER,
    EVIDENCE_LENGTH,
    STORY_LENGTH,
    WAIT,
    WANTED,
    Reason,
    slot_label,
)
from marketplace.disputes.reasons import (
    reason as reason_by_code,
)
from marketplace.disputes.selectors import AUDIENCE, decision_of, is_live, latest_filing, opening_of
from marketplace.notifications.services import notify
from marketplace.trades.access import role_of
from marketplace.trades.models import Trade
from marketplace.trades.states import Move, Role, Status, available_moves
from realtime.hints import hint


class DisputeRefused(Exception):
    """A party's step in a dispute is not possible; the text says why and what is."""

    code = "dispute_refused"
    field: str | None = None


class NotAParty(DisputeRefused):
    code = "not_a_party"

    def __init__(self) -> None:
        super().__init__("Only the buyer and the seller of this trade can do that.")


class CannotDispute(DisputeRefused):
    code = "cannot_dispute"

    def __init__(self, trade: Trade) -> None:
        texts = {
            Status.DISPUTED: "This trade is in review already. Add your side on the case's page.",
            Status.CLOSED: "This trade has ended; there is nothing left to decide.",
        }
        super().__init__(
            texts.get(
                Status(trade.status),
                "A dispute can be opened once the buyer has marked the trade paid. Until then the coins go back by themselves when the time is up.",
            )
        )


class UnknownReason(DisputeRefused):
    code, field = "unknown_reason", "reason"

    def __init__(self) -> None:
        super().__init__("Pick one of the sentences: it decides what the other side is asked.")


class TooLong(DisputeRefused):
    code = "too_long"

    def __init__(self, field: str, limit: int) -> None:
        self.field = field
        super().__init__(
            f"That is longer than {limit} characters. Keep to what happened, when, and what shows it."
        )


class WishOutOfRange(DisputeRefused):
    code, field = "wish_out_of_range", "to_buyer"

    def __init__(self) -> None:
        super().__init__(
            "The buyer's part must lie between nothing and all the coins of this trade."
        )


class NothingSaid(DisputeRefused):
    code, field = "nothing_said", "text"

    def __init__(self) -> None:
        super().__init__("There is nothing in it yet. Write what you saw or did, and when.")


class NotInReview(DisputeRefused):
    code = "not_in_review"

    def __init__(self) -> None:
        super().__init__("This trade is not in review now, so nothing can be added to its case.")


@transaction.atomic
def open_case(
    *,
    trade: Trade,
    by: User,
    reason: str,
    story: str,
    wanted: str,
    to_buyer_base_units: int | None = None,
    evidence: Mapping[str, str] | None = None,
) -> Filing:
    """Keep what a party files and give it its hash, for him to sign `Dispute` with.

    The case is live only when a confirmed Disputed event carries the hash. The same content again is the same row, so
    that a signature under way is never orphaned. `to_buyer_base_units` is needed for a split only.
    Raises: DisputeRefused.
    """
    role = _party(by, trade)
    if Move.DISPUTE not in available_moves(trade, role, 0):
        raise CannotDispute(trade)
    picked = reason_by_code(reason)
    if picked is None or role not in picked.roles:
        raise UnknownReason
    case, _ = Case.objects.get_or_create(trade=trade)
    filing = Filing(
        case=case,
        by=by,
        role=role,
        reason=reason,
        story=clean_text(story, field="story", limit=STORY_LENGTH),
        wanted=_wish(wanted),
        wanted_to_buyer=_wished_part(trade, wanted, to_buyer_base_units),
        evidence=_pieces(picked, evidence or {}),
        salt=new_salt(),
    )
    before = latest_filing(trade, by.pk)
    if before is not None and before.document == filing.document:
        return before
    filing.evidence_hash = document_hash(filing.document, filing.salt)
    filing.save()
    return filing


def add_statement(*, trade: Trade, by: User, text: str, slot: str = "") -> Statement:
    """Add own words, or one piece of evidence as text, to a running dispute. The same text again is the same row.

    Raises: DisputeRefused.
    """
    role = _party(by, trade)
    if not is_live(trade):
        raise NotInReview
    words = clean_text(text, field="text", limit=EVIDENCE_LENGTH)
    if not words:
        raise NothingSaid
    case = live_case(trade)
    text_hash = "0x" + hashlib.sha256(words.encode()).hexdigest()
    known = Statement.objects.filter(case=case, by=by, slot=slot, text_hash=text_hash).first()
    return known or _stated(case, by, role, slot, words, text_hash)


def _stated(case: Case, by: User, role: Role, slot: str, words: str, text_hash: str) -> Statement:
    try:
        with transaction.atomic():
            row = Statement.objects.create(
                case=case, by=by, role=role, slot=slot, text=words, text_hash=text_hash
            )
            _no_longer_waiting(case, role)
            say(
                case.trade,
                "statement_added",
                {"who": by.label, "what": slot_label(slot) if slot else "his side"},
            )
            announce(case.trade)
            return row
    except IntegrityError:
        # Two clicks at once: the other one was first.
        return Statement.objects.get(case=case, by=by, slot=slot, text_hash=text_hash)


def tell_opened(*, room: Room, audience: str) -> None:
    """Messages were opened for the desk: its open pages look again."""
    trade = Trade.objects.filter(ref=room.key.removeprefix("trade-")).first()
    if trade is not None and audience == AUDIENCE:
        announce(trade)


def let_arbitrator_in(trade: Trade) -> None:
    """Let the parties open messages for exactly the account that the contract names; it reads nothing else."""
    judge = user_by_address(trade.arbitrator)
    if judge is not None:
        observe(room_of(trade), judge, Role.ARBITRATOR)


def live_case(trade: Trade) -> Case:
    """The folder of a running dispute, made on first need: a dispute may be opened on the contract without the hub."""
    case, _ = Case.objects.select_related("assignee").get_or_create(trade=trade)
    return case


def room_of(trade: Trade) -> Room:
    """The trade's chat room with its two members."""
    return chat.open_room(
        trade.room_key, members=[(trade.buyer, Role.BUYER), (trade.seller, Role.SELLER)]
    )


def say(trade: Trade, code: str, params: dict[str, str], *, staff_by: User | None = None) -> None:
    """Leave a line of `lines.LINES` in the room's log; with `staff_by` it is a line of staff, which no member can write."""
    chat.post_line(room_of(trade), line(code), params, staff_by=staff_by)


def announce(trade: Trade) -> None:
    """Tell open pages of the case, of the room and of the queue to look again."""
    for topic in (f"trade:{trade.ref}", f"case:{trade.ref}", "desk:queue"):
        hint(topic)


# --- what the sweep does ---------------------------------------------------------------------


def open_due_cases() -> int:
    """Open the folder of every trade that a confirmed event put in review; how many were opened."""
    due = Trade.objects.filter(status=Status.DISPUTED).exclude(case__opened_at__isnull=False)
    return sum(_open(trade.pk) for trade in due.only("pk"))


def close_due_cases() -> int:
    """Close the folder of every trade whose dispute is over, and post the letter of a ruling; how many were closed."""
    due = Case.objects.filter(opened_at__isnull=False, closed_at=None).exclude(
        trade__status=Status.DISPUTED
    )
    return sum(_close(case.pk) for case in due.only("pk"))


@transaction.atomic
def _open(trade_pk: int) -> int:
    trade = Trade.objects.select_related("seller", "buyer").get(pk=trade_pk)
    case = live_case(trade)
    # Compare and set: two sweeps never tell the arbitrator twice.
    if not Case.objects.filter(pk=case.pk, opened_at=None).update(opened_at=timezone.now()):
        return 0
    let_arbitrator_in(trade)
    arbitrator = user_by_address(trade.arbitrator)
    if arbitrator is not None:
        opening = opening_of(trade)
        short = opening.reason.short if opening and opening.reason else "opened on the contract"
        notify(
            arbitrator,
            kind="dispute",
            text=f"New case {trade.ref}: {short}.",
            url=f"/desk/case/{trade.ref}/",
        )
    announce(trade)
    return 1


@transaction.atomic
def _close(case_pk: int) -> int:
    if not Case.objects.filter(pk=case_pk, closed_at=None).update(
        closed_at=timezone.now(), waiting_for=""
    ):
        return 0
    case = Case.objects.select_related(
        "trade", "trade__asset", "trade__seller", "trade__buyer"
    ).get(pk=case_pk)
    keep_until(room_of(case.trade), timezone.now() + timedelta(days=settings.EVIDENCE_KEPT_DAYS))
    decision = decision_of(case.trade)
    if decision and decision.ruling and decision.is_genuine:
        letter = {"letter": decision.ruling.letter}
        chat.post_line(
            room_of(case.trade),
            line("ruling_letter"),
            letter,
            staff_by=decision.ruling.by,
            once="ruling",
        )
    announce(case.trade)
    return 1


# --- small ones ------------------------------------------------------------------------------


def clean_text(text: str, *, field: str, limit: int) -> str:
    """User text as it is kept: NFC, trimmed, line breaks kept, nothing that hides or reorders what stands around it.

    Raises: TooLong.
    """
    words = shown(unicodedata.normalize("NFC", text.replace("\r\n", "\n"))).strip()
    if len(words) > limit:
        raise TooLong(field, limit)
    return words


def _party(user: User, trade: Trade) -> Role:
    role = role_of(user, trade)
    if role is None:
        raise NotAParty
    return role


def _wish(wanted: str) -> str:
    if wanted not in {code for code, _ in WANTED}:
        raise WishOutOfRange
    return wanted


def _wished_part(trade: Trade, wanted: str, to_buyer: int | None) -> int:
    amount = int(trade.amount_base_units)
    part = {ALL_TO_BUYER: amount, ALL_TO_SELLER: 0, WAIT: 0}.get(wanted, to_buyer)
    if part is None or not 0 <= part <= amount:
        raise WishOutOfRange
    return part


def _pieces(picked: Reason, evidence: Mapping[str, str]) -> dict[str, str]:
    known = {slot.code for slot in picked.slots}
    cleaned = {
        code: clean_text(text, field=f"evidence_{code}", limit=EVIDENCE_LENGTH)
        for code, text in evidence.items()
        if code in known
    }
    return {code: text for code, text in cleaned.items() if text}


def _no_longer_waiting(case: Case, role: Role) -> None:
    other = "seller" if role == Role.BUYER else "buyer"
    Case.objects.filter(pk=case.pk, waiting_for=str(role)).update(waiting_for="")
    Case.objects.filter(pk=case.pk, waiting_for="both").update(waiting_for=other)
