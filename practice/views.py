"""Pages and doors of the practice world. Each view parses, makes one call, answers."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from marketplace.accounts.access import signed_in
from marketplace.accounts.models import User
from marketplace.money import MoneyError, fiat_exponent, fiat_text, parse_amount
from marketplace.trades.access import trade_for
from practice import bank as practice_bank
from practice import controls, matching, node, people
from practice import faucet as tap
from practice.models import BankTransfer
from realtime.envelope import BadFrame, strict_json

MAX_BODY_BYTES = 64 * 1024
ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@require_POST
def rpc(request: HttpRequest) -> JsonResponse:
    """The practice wallet's way to the node: JSON-RPC in, JSON-RPC out, allow-listed methods only."""
    call = _json(request)
    answer_id = call.get("id", 1)
    try:
        answer = node.relay_for_wallet(str(call.get("method", "")), list(call.get("params") or []))
    except node.MethodRefused as refusal:
        answer = {"error": {"code": -32601, "message": str(refusal)}}
    except node.NodeUnreachable as trouble:
        answer = {"error": {"code": -32000, "message": str(trouble)}}
    return JsonResponse({**answer, "jsonrpc": "2.0", "id": answer_id})


@require_POST
def faucet(request: HttpRequest) -> JsonResponse:
    """Fill the given address with practice coins."""
    address = str(_json(request).get("address", ""))
    if not ADDRESS.fullmatch(address):
        return _refused("address", "That is not an address of this network. Nothing was sent.")
    try:
        given = tap.fill(address)
    except node.NodeUnreachable as trouble:
        return _refused("node", str(trouble), status=503)
    return JsonResponse({"given": given})


@require_GET
def cast(request: HttpRequest) -> JsonResponse:
    """The devnet's cast whom the practice wallet can play: public test keys, worth nothing."""
    return JsonResponse({"people": people.playable()})


@require_GET
def match(request: HttpRequest) -> JsonResponse:
    """The offer that "Try it" opens: the practice traders' best for the asked side."""
    side = "sell" if request.GET.get("side") == "sell" else "buy"
    url = matching.first_offer_url(side=side, amount_text=request.GET.get("amount", "200"))
    if url is None:
        return _refused(
            "nobody", "The practice traders are not here yet. Try again in a moment.", status=503
        )
    return JsonResponse({"url": url})


@signed_in
@require_GET
def bank(request: HttpRequest) -> HttpResponse:
    """The viewer's practice bank: what came, what went."""
    return render(
        request,
        "practice/bank.html",
        {"transfers": practice_bank.statement_of(_person(request))[:100], "me": _person(request)},
    )


@signed_in
def pay(request: HttpRequest, ref: str) -> HttpResponse:
    """The practice bank's transfer form for one trade, filled in as the buyer would fill it."""
    trade = trade_for(_person(request), ref)
    error = ""
    if request.method == "POST":
        try:
            practice_bank.send(
                trade=trade,
                sender=_person(request),
                sender_name=request.POST.get("sender_name", "").strip()[:80]
                or _person(request).label,
                amount=parse_amount(
                    request.POST.get("amount", ""), exponent=fiat_exponent(trade.currency)
                ),
                reference=request.POST.get("reference", "").strip()[:40],
            )
            return redirect("trades:room", ref=trade.ref)
        except (practice_bank.TransferRefused, MoneyError) as refusal:
            error = str(refusal)
    details = (trade.payee_opening or {}).get("details") or {}
    return render(
        request,
        "practice/pay.html",
        {
            "trade": trade,
            "details": details,
            "fiat_text": fiat_text(trade.fiat_amount, trade.currency),
            "account": practice_bank.account_number(details),
            "payer_name": ((trade.payer_opening or {}).get("details") or {}).get("name", ""),
            "error": error,
            "typed": request.POST,
        },
        status=400 if error else 200,
    )


@signed_in
@require_POST
def pay_back(request: HttpRequest, number: int) -> HttpResponse:
    """Return one transfer to where it came from."""
    transfer = get_object_or_404(BankTransfer, pk=number, recipient=_person(request))
    practice_bank.send_back(transfer=transfer)
    return redirect("practice:bank")


@signed_in
@require_GET
def room(request: HttpRequest, ref: str) -> HttpResponse:
    """The practice panel in a trade room: what the partner does next, the bank, the clock."""
    trade = trade_for(_person(request), ref)
    return render(request, "practice/_room.html", controls.panel(trade, _person(request)))


@signed_in
@require_POST
def behave(request: HttpRequest, ref: str) -> HttpResponse:
    """Tell the partner how to play his part in this trade."""
    trade = trade_for(_person(request), ref)
    controls.set_behaviour(trade, request.POST.get("behaviour", ""))
    return redirect("trades:room", ref=trade.ref)


@signed_in
@require_POST
def forward(request: HttpRequest, ref: str) -> HttpResponse:
    """Skip the devnet's time: a number of seconds, or to just past the clock that runs in this trade."""
    trade = trade_for(_person(request), ref)
    controls.skip(trade, request.POST.get("skip", ""))
    return redirect("trades:room", ref=trade.ref)


def _person(request: HttpRequest) -> User:
    """Who is signed in; the views that ask have let nobody else in."""
    assert isinstance(request.user, User)
    return request.user


def _json(request: HttpRequest) -> dict[str, Any]:
    if len(request.body) > MAX_BODY_BYTES:
        return {}
    try:
        body = strict_json(request.body or b"{}")
    except BadFrame:
        return {}
    return body if isinstance(body, dict) else {}


def _refused(code: str, text: str, *, status: int = 400) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "text": text, "field": None}}, status=status)
