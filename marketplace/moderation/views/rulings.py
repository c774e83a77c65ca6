"""The preview of a ruling as both parties will read it, and the arbitrator's signature or transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from escrow.fields import canonical_hash
from escrow.selectors import chain_clock, chain_health
from escrow.services import CallRefused
from marketplace.accounts.models import User
from marketplace.answers import BadRequest, json_body, refusal, text_of
from marketplace.disputes.access import can_rule, disputed_trade_for
from marketplace.disputes.models import Ruling
from marketplace.disputes.reasons import ANSWERS, QUESTIONS
from marketplace.disputes.selectors import clock_of, is_live
from marketplace.disputes.services import DisputeRefused
from marketplace.disputes.states import outcome_of, share_permille
from marketplace.moderation.access import arbitrator, ruling_for, staff_of
from marketplace.moderation.refusals import StaffRefused
from marketplace.moderation.selectors.record import ending_in, on_its_way
from marketplace.moderation.services.rulings import note_ruling_sent, send_ruling
from marketplace.moderation.views.page import UNPROCESSABLE, desk_page
from marketplace.trades.selectors import trade_sheet
from marketplace.trades.states import Role
from marketplace.trades.terms import coins_text, words_of

ACCEPTED = 202


@arbitrator
@require_GET
def ruling(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Exactly what both will read, and the wallet."""
    staff = staff_of(request)
    trade = disputed_trade_for(staff, ref)
    row = ruling_for(staff, ref, number)
    to_buyer = row.to_buyer_base_units
    permille = share_permille(to_buyer, trade.amount_base_units)
    context = {
        "trade": trade,
        "ruling": row,
        "words": words_of(trade),
        "clock": clock_of(trade, chain_clock()),
        "is_live": is_live(trade),
        "can_rule": can_rule(staff, trade),
        "ending": ending_in(on_its_way(trade)),
        "health": chain_health(),
        "outcome": outcome_of(to_buyer, trade.amount_base_units),
        "to_buyer": coins_text(trade, to_buyer),
        "to_seller": coins_text(trade, trade.amount_base_units - to_buyer),
        "permille": permille,
        "rest_permille": 1000 - permille,
        "findings": [(question, dict(ANSWERS)[getattr(row, code)]) for code, question in QUESTIONS],
        "sheet": _sheet(row, staff),
    }
    return desk_page(request, "desk/ruling.html", context, section="queue")


@arbitrator
@require_GET
def sheet(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """The trade as the arbitrator's wallet is asked to sign for it."""
    staff = staff_of(request)
    disputed_trade_for(staff, ref)
    return JsonResponse(_sheet(ruling_for(staff, ref, number), staff))


@arbitrator
@require_POST
def signed(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Take the signed ruling {deadline, signature} for the relayer."""
    return _answer(request, ref, number, _send)


@arbitrator
@require_POST
def submissions(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Note the arbitrator's own transaction {txHash}."""
    return _answer(request, ref, number, _note)


def _send(row: Ruling, staff: User, body: dict[str, Any]) -> str:
    deadline = text_of(body, "deadline", longest=20)
    if not (deadline.isascii() and deadline.isdigit()):
        raise BadRequest("“deadline” is not a time in seconds.", field="deadline")
    return str(
        send_ruling(
            row,
            by=staff,
            deadline=int(deadline),
            signature=text_of(body, "signature", longest=4096),
        ).status
    )


def _note(row: Ruling, staff: User, body: dict[str, Any]) -> str:
    try:
        tx_hash = canonical_hash(text_of(body, "txHash", longest=66))
    except ValidationError as error:
        raise BadRequest("“txHash” is not the hash of a transaction.", field="txHash") from error
    return str(note_ruling_sent(row, by=staff, tx_hash=tx_hash).status)


def _answer(
    request: HttpRequest, ref: str, number: int, act: Callable[[Ruling, User, dict[str, Any]], str]
) -> HttpResponse:
    staff = staff_of(request)
    disputed_trade_for(staff, ref)
    row = ruling_for(staff, ref, number)
    try:
        state = act(row, staff, json_body(request))
    except BadRequest as error:
        return refusal(error, status=400)
    except (StaffRefused, DisputeRefused, CallRefused) as error:
        return refusal(error, status=UNPROCESSABLE)
    return JsonResponse({"state": state, "next": reverse("desk:case", args=[ref])}, status=ACCEPTED)


def _sheet(row: Ruling, staff: User) -> dict[str, Any]:
    trade = row.case.trade
    sheet = trade_sheet(trade, staff, Role.ARBITRATOR)
    here = {"ref": trade.ref, "number": row.pk}
    urls = {
        "signed": reverse("desk:ruling-signed", kwargs=here),
        "submissions": reverse("desk:ruling-submissions", kwargs=here),
        "sheet": reverse("desk:ruling-sheet", kwargs=here),
        "region": reverse("desk:case", args=[trade.ref]),
    }
    return {**sheet, "role": "arbitrator", "payee": None, "payer": None, "urls": urls}
