"""The parties' pages of a dispute: pick a reason, write, review and sign; then one status page for both."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat.selectors import room_for
from escrow.selectors import chain_clock
from marketplace.accounts.access import signed_in, viewer_of
from marketplace.accounts.models import User
from marketplace.disputes.access import PartyView, dispute_for
from marketplace.disputes.forms import FilingForm, StatementForm
from marketplace.disputes.reasons import REASONS, Reason, reason, reasons_for
from marketplace.disputes.selectors import (
    AUDIENCE,
    clock_of,
    decision_of,
    is_live,
    latest_filing,
    messages_given,
    open_requests,
    opening_of,
)
from marketplace.disputes.services import (
    DisputeRefused,
    add_statement,
    open_case,
)
from marketplace.disputes.states import half_each
from marketplace.trades.selectors import trade_sheet, traffic_of
from marketplace.trades.states import DAY_SECONDS, Move, Role, Status
from marketplace.trades.terms import coins_text, words_of

UNPROCESSABLE = 422


@signed_in
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, ref: str) -> HttpResponse:
    """Before the dispute: the sentences, then the chosen one's checklist and form. After: the status page."""
    view = dispute_for(viewer_of(request), ref)
    if view.trade.status != Status.PAID:
        return _status(request, view)
    if request.method == "GET" and _is_under_way(view):
        return render(request, "marketplace/disputes/underway.html", _base(view))
    picked = reason(request.GET.get("reason", ""))
    if picked is None or view.role not in picked.roles:
        return _reasons(request, view)
    form = FilingForm(request.POST or None, trade=view.trade, picked=picked)
    if request.method == "POST" and form.is_valid() and _filed(view, picked, form):
        return redirect("disputes:review", ref=ref)
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(
        request,
        "marketplace/disputes/reason.html",
        {**_base(view), "picked": picked, "form": form},
        status=status,
    )


@signed_in
@require_GET
def review(request: HttpRequest, ref: str) -> HttpResponse:
    """What was filed, word for word, and the wallet: buyer by signature, seller by transaction."""
    view = dispute_for(viewer_of(request), ref)
    viewer = _person(view)
    filing = latest_filing(view.trade, viewer.pk)
    if filing is None or view.trade.status != Status.PAID:
        return redirect("disputes:start", ref=ref)
    context = {
        **_base(view),
        "filing": filing,
        "way": "sign" if view.role == Role.BUYER else "send",
        "sheet": trade_sheet(view.trade, viewer, view.role),
    }
    return render(request, "marketplace/disputes/review.html", context)


@signed_in
@require_GET
def panel(request: HttpRequest, ref: str) -> HttpResponse:
    """The case in brief, as a fragment for the trade's room."""
    view = dispute_for(viewer_of(request), ref)
    return render(request, "marketplace/disputes/_panel.html", _status_context(view))


@signed_in
@require_POST
def state(request: HttpRequest, ref: str) -> HttpResponse:
    """Add a statement or a piece of evidence to the running dispute."""
    view = dispute_for(viewer_of(request), ref)
    form = StatementForm(request.POST)
    if form.is_valid():
        try:
            add_statement(
                trade=view.trade,
                by=_person(view),
                text=form.cleaned_data["text"],
                slot=_slot(form.cleaned_data["slot"]),
            )
        except DisputeRefused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            return redirect("disputes:start", ref=ref)
    return _status(request, view, form=form, status=UNPROCESSABLE)


@signed_in
@require_GET
def disclose(request: HttpRequest, ref: str) -> HttpResponse:
    """Where messages are picked for the arbitrator. The page opens and seals them; they are posted as one to the chat."""
    view = dispute_for(viewer_of(request), ref)
    if not is_live(view.trade):
        return redirect("disputes:start", ref=ref)
    room = room_for(_person(view), view.trade.room_key)
    given = [entry.seq for entry in messages_given(view.trade)]
    context = {**_base(view), "chat_room": room, "given": given, "audience": AUDIENCE}
    return render(request, "marketplace/disputes/disclose.html", context)


def _reasons(request: HttpRequest, view: PartyView) -> HttpResponse:
    filing = latest_filing(view.trade, _person(view).pk)
    context = {**_base(view), "reasons": reasons_for(view.role), "filing": filing}
    return render(request, "marketplace/disputes/start.html", context)


def _filed(view: PartyView, picked: Reason, form: FilingForm) -> bool:
    values = form.cleaned_data
    try:
        open_case(
            trade=view.trade,
            by=_person(view),
            reason=picked.code,
            story=values["story"],
            wanted=values["wanted"],
            to_buyer_base_units=values["to_buyer"],
            evidence=form.evidence(),
        )
    except DisputeRefused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return False
    return True


def _status(
    request: HttpRequest, view: PartyView, *, form: StatementForm | None = None, status: int = 200
) -> HttpResponse:
    context = {**_status_context(view), "form": form or StatementForm()}
    return render(request, "marketplace/disputes/status.html", context, status=status)


def _status_context(view: PartyView) -> dict[str, Any]:
    trade, case = view.trade, view.case
    opening, decision = opening_of(trade), decision_of(trade)
    to_buyer, to_seller = half_each(trade.amount_base_units)
    return {
        **_base(view),
        "opening": opening,
        "clock": clock_of(trade, chain_clock()),
        "is_live": is_live(trade),
        "requests": open_requests(case, view.role) if case else [],
        "statements": case.statements.select_related("by").order_by("id") if case else [],
        "readings": case.readings.select_related("reader").order_by("id") if case else [],
        "slots": opening.reason.slots if opening and opening.reason else REASONS[-1].slots,
        "decision": decision,
        "decided": _shares(view, decision.to_buyer_base_units) if decision else None,
        "half": (coins_text(trade, to_buyer), coins_text(trade, to_seller)),
    }


def _shares(view: PartyView, to_buyer: int) -> tuple[str, str]:
    trade = view.trade
    return coins_text(trade, to_buyer), coins_text(trade, trade.amount_base_units - to_buyer)


def _base(view: PartyView) -> dict[str, Any]:
    trade = view.trade
    is_buyer = view.role == Role.BUYER
    return {
        "trade": trade,
        "role": view.role,
        "case": view.case,
        "peer": trade.seller if is_buyer else trade.buyer,
        "words": words_of(trade),
        "ruling_days": trade.ruling_seconds // DAY_SECONDS,
    }


def _person(view: PartyView) -> User:
    return view.trade.buyer if view.role == Role.BUYER else view.trade.seller


def _slot(code: str) -> str:
    return code if code in {slot.code for entry in REASONS for slot in entry.slots} else ""


def _is_under_way(view: PartyView) -> bool:
    """Whether somebody's dispute was signed or sent already and only waits for the chain."""
    return traffic_of(view.trade).move == Move.DISPUTE
