"""Writing a ruling and bringing the arbitrator's signature or transaction to the chain.

The hub decides nothing: it keeps the letter, whose hash the arbitrator signs in his own wallet, and passes his signed
call to the relayer or notes the hash of his transaction. Only the contract's Ruled event ends the trade.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from escrow.chain.types import TradeTerms
from escrow.models import Escrow, SignedCall, Submission
from escrow.selectors import chain_clock, escrow_for
from escrow.services import accept_signed_call, record_submission
from marketplace.accounts.models import User
from marketplace.disputes.access import can_rule
from marketplace.disputes.documents import document_hash, new_salt
from marketplace.disputes.models import LETTER_LENGTH, Case, Ruling
from marketplace.disputes.reasons import ANSWERS, QUESTIONS, ruling_reason
from marketplace.disputes.selectors import clock_of, is_live
from marketplace.disputes.services import announce, clean_text, live_case
from marketplace.moderation.audit import record
from marketplace.moderation.refusals import (
    CaseNotLive,
    EndOnItsWay,
    FindingMissing,
    LetterMissing,
    NotYours,
    RecordClosed,
    RulingOutOfRange,
    TimeIsOver,
)
from marketplace.moderation.selectors.record import ending_in, on_its_way
from marketplace.moderation.services.cases import has_read
from marketplace.moderation.states import case_subject
from marketplace.trades.models import Trade

MOVE = "rule"


@transaction.atomic
def draft_ruling(
    trade: Trade,
    *,
    by: User,
    findings: Mapping[str, str],
    to_buyer_base_units: int,
    reason: str,
    letter: str,
) -> Ruling:
    """Keep a ruling as written and give it the hash that `rule` carries; the same text again is the same row.

    Raises: CaseNotLive, NotYours, TimeIsOver, RecordClosed, FindingMissing, RulingOutOfRange, LetterMissing, TooLong.
    """
    case = _rulable(trade, by)
    answers = {code for code, _ in ANSWERS}
    given = {code: findings.get(code, "") for code, _ in QUESTIONS}
    if not all(answer in answers for answer in given.values()) or ruling_reason(reason) is None:
        raise FindingMissing
    if not 0 <= to_buyer_base_units <= trade.amount_base_units:
        raise RulingOutOfRange
    words = clean_text(letter, field="letter", limit=LETTER_LENGTH)
    if not words:
        raise LetterMissing
    ruling = Ruling(
        case=case,
        by=by,
        **given,
        to_buyer_base_units=to_buyer_base_units,
        reason=reason,
        letter=words,
        salt=new_salt(),
    )
    before = case.rulings.filter(by=by).select_related("by", "case__trade").order_by("-id").first()
    if before is not None and before.document == ruling.document:
        return before
    ruling.evidence_hash = document_hash(ruling.document, ruling.salt)
    ruling.save()
    details = {"hash": ruling.evidence_hash, "toBuyer": str(to_buyer_base_units), "reason": reason}
    record(actor=by, action="case.draft_ruling", subject=case_subject(trade.ref), details=details)
    return ruling


@transaction.atomic
def send_ruling(ruling: Ruling, *, by: User, deadline: int, signature: str) -> SignedCall:
    """Pass the arbitrator's signed ruling to the relayer. The same signature again is the same call.

    Raises: CaseNotLive, NotYours, TimeIsOver, RecordClosed, EndOnItsWay, and what `accept_signed_call` raises.
    """
    trade = ruling.case.trade
    _rulable(trade, by)
    ending = ending_in(on_its_way(trade))
    if ending is not None:
        raise EndOnItsWay(ending.text)
    escrow = _escrow(trade)
    call = accept_signed_call(
        trade=terms_of(escrow),
        funded_at=escrow.funded_at,
        move=MOVE,
        arguments={"toBuyer": ruling.to_buyer_base_units, "evidence": ruling.evidence_hash},
        signer=by.address,
        deadline=deadline,
        signature=signature,
    )
    _sent(ruling, by, "case.rule_signed", {"deadline": deadline})
    return call


@transaction.atomic
def note_ruling_sent(ruling: Ruling, *, by: User, tx_hash: str) -> Submission:
    """Note the transaction with which the arbitrator sent his ruling himself; it states an intent, no fact.

    Raises: CaseNotLive, NotYours, TimeIsOver, RecordClosed.
    """
    trade = ruling.case.trade
    _rulable(trade, by)
    submission = record_submission(
        account=by.address, trade_id=trade.trade_id, move=MOVE, tx_hash=tx_hash
    )
    _sent(ruling, by, "case.rule_sent", {"tx": tx_hash})
    return submission


def terms_of(escrow: Escrow) -> TradeTerms:
    """The Trade struct as the contract was given it, from its confirmed event."""
    return TradeTerms(
        seller=escrow.seller,
        buyer=escrow.buyer,
        token=escrow.token,
        amount=escrow.amount,
        arbitrator=escrow.arbitrator,
        fee_bps=escrow.fee_bps,
        pay_window=escrow.pay_window,
        release_window=escrow.release_window,
        ruling_window=escrow.ruling_window,
        terms=escrow.terms,
    )


def _rulable(trade: Trade, by: User) -> Case:
    if not is_live(trade):
        raise CaseNotLive
    if not can_rule(by, trade):
        raise NotYours
    if clock_of(trade, chain_clock()).is_over:
        raise TimeIsOver
    case = live_case(trade)
    if not has_read(case, by):
        raise RecordClosed
    return case


def _sent(ruling: Ruling, by: User, action: str, details: dict[str, object]) -> None:
    if not Ruling.objects.filter(pk=ruling.pk, sent_at=None).update(sent_at=timezone.now()):
        return
    facts = {**details, "hash": ruling.evidence_hash}
    record(actor=by, action=action, subject=case_subject(ruling.case.trade.ref), details=facts)
    announce(ruling.case.trade)


def _escrow(trade: Trade) -> Escrow:
    escrow = escrow_for(trade.trade_id)
    if escrow is None:
        raise CaseNotLive
    return escrow
