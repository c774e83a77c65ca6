"""What people post: one view per step, each one service call. Scripts post JSON, plain forms post fields; both meet the same checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from marketplace.accounts.models import User
from marketplace.accounts.selectors import device_of
from marketplace.answers import BadRequest, json_body, object_of, text_of
from marketplace.money import base_units, fiat_exponent, parse_amount
from marketplace.offers.access import offer_for
from marketplace.trades import services
from marketplace.trades.access import role_of, trade_for
from marketplace.trades.forms import ProposalInput, account_of, proposal_input, whole_number
from marketplace.trades.models import Trade
from marketplace.trades.selectors import trade_sheet
from marketplace.trades.views.answering import json_step, trade_step, wants_json


@require_POST
@json_step
def take_offer(request: HttpRequest, user: User, public_id: str) -> HttpResponse:
    """POST /o/{id}/take/: 201 {ref, sheet, next}."""
    offer = offer_for(public_id, user)
    body = json_body(request)
    exponent = fiat_exponent(offer.currency)
    amounts: dict[str, Any] = {}
    if "fiat" in body:
        amounts["fiat"] = parse_amount(text_of(body, "fiat"), exponent=exponent)
    elif "coins" in body:
        coins = parse_amount(text_of(body, "coins"), exponent=offer.asset.decimals)
        amounts["coins"] = base_units(coins, offer.asset.decimals)
    elif "net" in body:
        net = parse_amount(text_of(body, "net"), exponent=offer.asset.decimals)
        amounts["net"] = base_units(net, offer.asset.decimals)
    else:
        raise BadRequest("Write how much you want to trade.", field="amount")
    device = device_of(request)
    trade = services.take_offer(
        taker=user,
        offer=offer,
        method=text_of(body, "method", longest=40),
        account=account_of(body, "payer" if offer.is_sell else "payee"),
        device_hash=device.device_hash if device else "",
        **amounts,
    )
    sheet = trade_sheet(trade, user, role_of(user, trade) or "")
    answer = {"ref": trade.ref, "sheet": sheet, "next": reverse("trades:room", args=[trade.ref])}
    return JsonResponse(answer, status=201)


@require_POST
@trade_step
def take(request: HttpRequest, user: User, trade: Trade) -> str:
    """The buyer's signed Take."""
    body = json_body(request)
    services.sign_take(
        user=user,
        trade=trade,
        deadline=whole_number(body, "deadline"),
        signature=_signature(body),
        you_pay=str(body.get("youPay", "")),
        you_get=str(body.get("youGet", "")),
    )
    return ""


@require_POST
@json_step
def payer(request: HttpRequest, user: User, ref: str) -> HttpResponse:
    """The maker-buyer's paying account: 200 {sheet}, now complete and ready to sign."""
    trade = services.name_payer(
        user=user, trade=trade_for(user, ref), account=account_of(json_body(request), "payer")
    )
    return JsonResponse({"sheet": trade_sheet(trade, user, role_of(user, trade) or "")})


@require_POST
@json_step
def signed(request: HttpRequest, user: User, ref: str) -> HttpResponse:
    """A signed move for the relayer: 202 {state, file}."""
    body = json_body(request)
    call = services.accept_move(
        user=user,
        trade=trade_for(user, ref),
        move=text_of(body, "move", longest=12),
        arguments=object_of(body, "arguments") if "arguments" in body else {},
        deadline=whole_number(body, "deadline"),
        signature=_signature(body),
    )
    file = reverse("trades:signed_file", args=[ref, call.pk])
    return JsonResponse({"state": call.status, "file": file}, status=202)


@require_POST
@json_step
def submissions(request: HttpRequest, user: User, ref: str) -> HttpResponse:
    """A transaction of one's own: 202 {state}."""
    body = json_body(request)
    noted = services.note_submission(
        user=user,
        trade=trade_for(user, ref),
        move=text_of(body, "move", longest=12),
        tx_hash=text_of(body, "txHash", longest=66),
    )
    return JsonResponse({"state": noted.status}, status=202)


@require_POST
@trade_step
def decline(request: HttpRequest, user: User, trade: Trade) -> str:
    """Leave before anything is locked."""
    services.decline(user=user, trade=trade, reason=_fields(request).get("reason", ""))
    return ""


@require_POST
@trade_step
def propose(request: HttpRequest, user: User, trade: Trade) -> str:
    """Other terms as a card."""
    wanted: ProposalInput = proposal_input(_fields(request), trade)
    services.propose_terms(
        user=user,
        trade=trade,
        fiat=wanted.fiat,
        coins=wanted.coins,
        price=wanted.price,
        method=wanted.method,
        pay_seconds=wanted.pay_seconds,
    )
    return ""


@require_POST
@trade_step
def accept_proposal(request: HttpRequest, user: User, trade: Trade, number: int) -> str:
    """The other side's card becomes the terms."""
    services.accept_terms(user=user, trade=trade, number=number)
    return ""


@require_POST
@trade_step
def decline_proposal(request: HttpRequest, user: User, trade: Trade, number: int) -> str:
    """The card is turned down."""
    services.decline_terms(user=user, trade=trade, number=number)
    return ""


@require_POST
@trade_step
def ready(request: HttpRequest, user: User, trade: Trade) -> str:
    """The seller asks whether the buyer is there."""
    services.ask_ready(user=user, trade=trade)
    return ""


@require_POST
@trade_step
def here(request: HttpRequest, user: User, trade: Trade) -> str:
    """The buyer is."""
    services.answer_ready(user=user, trade=trade)
    return ""


@require_POST
@trade_step
def more_time(request: HttpRequest, user: User, trade: Trade) -> str:
    """The buyer asks for more time."""
    services.ask_time(user=user, trade=trade)
    return ""


@require_POST
@trade_step
def settle(request: HttpRequest, user: User, trade: Trade) -> str:
    """A split, signed by one side."""
    body = json_body(request)
    services.propose_settle(
        user=user,
        trade=trade,
        to_buyer=whole_number(body, "toBuyer"),
        deadline=whole_number(body, "deadline"),
        signature=_signature(body),
    )
    return ""


@require_POST
@trade_step
def settle_accept(request: HttpRequest, user: User, trade: Trade, number: int) -> str:
    """The same split, signed by the other side."""
    services.accept_settle(
        user=user, trade=trade, number=number, signature=_signature(json_body(request))
    )
    return ""


@require_POST
@trade_step
def settle_decline(request: HttpRequest, user: User, trade: Trade, number: int) -> str:
    """The split is turned down."""
    services.decline_settle(user=user, trade=trade, number=number)
    return ""


@require_POST
@trade_step
def report(request: HttpRequest, user: User, trade: Trade) -> str:
    """A page that refused, because what we showed is not what was agreed."""
    services.report_mismatch(
        user=user, trade=trade, what=text_of(json_body(request), "what", longest=60)
    )
    return ""


def _fields(request: HttpRequest) -> Mapping[str, str]:
    """The posted fields, all of them texts, from JSON or from a form."""
    if not wants_json(request):
        return {name: str(value) for name, value in request.POST.items()}
    body = json_body(request) if request.body else {}
    return {name: text_of(body, name) for name in body}


def _signature(body: dict[str, Any]) -> str:
    # Contract wallets answer with long signatures; the node's answer is bounded by gas, ours by length.
    return text_of(body, "signature", longest=20_000)
