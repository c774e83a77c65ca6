"""One case: read it, take it, ask the parties, hand it over, leave a note."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from chat.selectors import case_page
from escrow.selectors import chain_clock, chain_health
from marketplace.accounts.models import User
from marketplace.accounts.selectors import user_by_address
from marketplace.disputes.access import can_rule, disputed_trade_for, partner_ids
from marketplace.disputes.reasons import RULING_REASONS
from marketplace.disputes.selectors import (
    AUDIENCE,
    case_of,
    clock_of,
    decision_of,
    is_live,
    opening_of,
    sent_ruling,
)
from marketplace.disputes.services import DisputeRefused, let_arbitrator_in, room_of
from marketplace.moderation.access import arbitrator, staff_of
from marketplace.moderation.forms import AskForm, HandOverForm, NoteForm, ReasonForm, RulingForm
from marketplace.moderation.refusals import NotAnArbitrator, StaffRefused
from marketplace.moderation.selectors.people import notes_of
from marketplace.moderation.selectors.record import (
    KINDS,
    chain_facts,
    ending_in,
    halves_of,
    next_moves,
    sides_of,
    similar_cases,
    timeline,
)
from marketplace.moderation.services.cases import (
    ask_parties,
    claim_case,
    hand_over,
    has_read,
    open_record,
)
from marketplace.moderation.services.people import add_note
from marketplace.moderation.services.rulings import draft_ruling
from marketplace.moderation.states import case_subject
from marketplace.moderation.views.page import UNPROCESSABLE, desk_page, refuse
from marketplace.trades.models import Trade
from marketplace.trades.terms import words_of

Act = Callable[[Trade, User, dict[str, Any]], object]


@arbitrator
@require_GET
def case(request: HttpRequest, ref: str) -> HttpResponse:
    """The case page; ?show= filters the timeline."""
    trade = disputed_trade_for(staff_of(request), ref)
    return _case_page(request, trade)


@arbitrator
@require_GET
@never_cache
def conversation(request: HttpRequest, ref: str) -> JsonResponse:
    """The log of the parties' room for the page to check and open: of messages that were not opened only the hash.

    Whoever the contract names as arbitrator may put his key into the room from now on.
    """
    staff = staff_of(request)
    trade = disputed_trade_for(staff, ref)
    if not has_read(case_of(trade), staff):
        raise Http404
    if can_rule(staff, trade):
        let_arbitrator_in(trade)
    after = request.GET.get("after", "0")
    cursor = int(after) if after.isascii() and after.isdigit() and len(after) <= 19 else 0
    return JsonResponse(case_page(room_of(trade), staff, AUDIENCE, cursor))


@arbitrator
@require_POST
def claim(request: HttpRequest, ref: str) -> HttpResponse:
    """Take the case; its record opens with it."""
    return _act(request, ref, None, lambda trade, staff, _: claim_case(trade, by=staff))


@arbitrator
@require_POST
def read(request: HttpRequest, ref: str) -> HttpResponse:
    """Open the record without taking the case, for a reason."""
    return _act(
        request,
        ref,
        ReasonForm,
        lambda trade, staff, values: open_record(trade, by=staff, reason=values["reason"]),
    )


@arbitrator
@require_POST
def ask(request: HttpRequest, ref: str) -> HttpResponse:
    """Ask a party for something until a time."""
    trade = disputed_trade_for(staff_of(request), ref)
    form = AskForm(request.POST)
    if not form.is_valid():
        return _case_page(request, trade, ask_form=form, status=UNPROCESSABLE)
    values = form.cleaned_data
    due_at = form.due_at(chain_clock())
    return _tried(
        request,
        trade,
        lambda: ask_parties(
            trade, by=staff_of(request), of=values["of"], text=values["text"], due_at=due_at
        ),
    )


@arbitrator
@require_POST
def give(request: HttpRequest, ref: str) -> HttpResponse:
    """Hand the case over to a colleague."""
    return _act(request, ref, HandOverForm, _hand_over)


@arbitrator
@require_POST
def note(request: HttpRequest, ref: str) -> HttpResponse:
    """Leave a note for colleagues."""
    return _act(
        request,
        ref,
        NoteForm,
        lambda trade, staff, values: add_note(
            subject=case_subject(trade.ref), by=staff, text=values["text"]
        ),
    )


@arbitrator
@require_POST
def rule(request: HttpRequest, ref: str) -> HttpResponse:
    """Keep the ruling as written and go on to its preview, where it is signed."""
    staff = staff_of(request)
    trade = disputed_trade_for(staff, ref)
    form = RulingForm(request.POST, trade=trade)
    if form.is_valid():
        values = form.cleaned_data
        try:
            ruling = draft_ruling(
                trade,
                by=staff,
                findings=form.findings(),
                to_buyer_base_units=values["to_buyer"],
                reason=values["reason"],
                letter=values["letter"],
            )
        except (StaffRefused, DisputeRefused) as refusal:
            if refusal.field in form.fields:
                form.add_error(refusal.field, str(refusal))
            else:
                refuse(request, refusal)
        else:
            return redirect("desk:ruling", ref=ref, number=ruling.pk)
    return _case_page(request, trade, ruling_form=form, status=UNPROCESSABLE)


def _letters(trade: Trade) -> list[str]:
    """The letters to start from, with this trade's names and amounts."""
    known = words_of(trade)
    names = {
        "buyer": trade.buyer.label,
        "seller": trade.seller.label,
        "amount": known.coins,
        "fiat": known.fiat,
    }
    return [entry.letter.format_map(names) for entry in RULING_REASONS]


def _hand_over(trade: Trade, staff: User, values: dict[str, Any]) -> object:
    to = user_by_address(values["to"])
    if to is None:
        raise NotAnArbitrator
    return hand_over(trade, by=staff, to=to, reason=values["reason"])


def _act(request: HttpRequest, ref: str, form_class: Any, act: Act) -> HttpResponse:
    staff = staff_of(request)
    trade = disputed_trade_for(staff, ref)
    values: dict[str, Any] = {}
    if form_class is not None:
        form = form_class(request.POST)
        if not form.is_valid():
            first = next(iter(form.errors.values()))[0]
            refuse(request, StaffRefused(first))
            return redirect("desk:case", ref=ref)
        values = form.cleaned_data
    return _tried(request, trade, lambda: act(trade, staff, values))


def _tried(request: HttpRequest, trade: Trade, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except StaffRefused as refusal:
        refuse(request, refusal)
    return redirect("desk:case", ref=trade.ref)


def _case_page(
    request: HttpRequest,
    trade: Trade,
    *,
    ruling_form: RulingForm | None = None,
    ask_form: AskForm | None = None,
    status: int = 200,
) -> HttpResponse:
    staff = staff_of(request)
    folder, opening = case_of(trade), opening_of(trade)
    is_open = has_read(folder, staff)
    show = request.GET.get("show", "all")
    facts = chain_facts(trade)
    buyer, seller = sides_of(trade, opening, folder, is_open=is_open)
    context = {
        "trade": trade,
        "case": folder,
        "opening": opening,
        "words": words_of(trade),
        "clock": clock_of(trade, chain_clock()),
        "is_live": is_live(trade),
        "is_open": is_open,
        "chat_room": room_of(trade) if is_open else None,
        "is_mine": folder is not None and folder.assignee_id == staff.pk,
        "can_rule": can_rule(staff, trade),
        "sides": [buyer, seller],
        "side_rows": [
            (name, left, right)
            for (name, left), (_, right) in zip(buyer.rows, seller.rows, strict=True)
        ],
        "kinds": KINDS,
        "show": show if show in dict(KINDS) else "all",
        "items": timeline(
            trade, opening, folder, is_open=is_open, kind=show if show in dict(KINDS) else "all"
        ),
        "facts": facts,
        "ending": ending_in(facts.on_its_way),
        "health": chain_health(),
        "next_moves": next_moves(trade),
        "half": halves_of(trade),
        "similar": similar_cases(trade, opening, sorted(partner_ids(staff))),
        "notes": notes_of(case_subject(trade.ref)),
        "decision": decision_of(trade),
        "sent": sent_ruling(folder) if folder else None,
        "form": ruling_form or RulingForm(trade=trade),
        "ask_form": ask_form or AskForm(),
        "letters": _letters(trade),
    }
    return desk_page(request, "desk/case.html", context, section="queue", status=status)
