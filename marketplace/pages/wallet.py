"""The wallet page: what an address holds, what of it is locked, and what waits for it in the contract."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from escrow.chain.gateway import NodeRefused, NodeUnavailable, gateway
from escrow.chain.types import ZERO_ADDRESS
from escrow.models import Asset, SignedCall
from escrow.selectors import active_assets, credits_of, signed_withdrawals
from escrow.services import CallRefused, accept_signed_withdrawal
from marketplace.accounts.access import signed_in, viewer_of
from marketplace.accounts.models import User
from marketplace.answers import BadRequest, json_body, refusal, text_of
from marketplace.trades.models import Trade
from marketplace.trades.states import LIVE
from marketplace.trades.views.carried import file_of, step_page


class SignInFirst(Exception):
    """Nobody is signed in."""

    code = "signed_out"

    def __init__(self) -> None:
        super().__init__("You are signed out. Sign in and try again.")


@dataclass(frozen=True, slots=True)
class Holding:
    """One coin of a wallet; `base_units` is None while the node does not answer."""

    asset: Asset
    base_units: int | None


@signed_in
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Balances from the node, locks from our trades, credits from the contract's events."""
    viewer = _viewer(request)
    holdings = [Holding(asset, _held(asset, viewer.address)) for asset in active_assets()]
    locked = (
        Trade.objects.filter(seller=viewer, status__in=LIVE)
        .select_related("asset", "buyer")
        .order_by("-funded_at")
    )
    return render(
        request,
        "marketplace/pages/wallet.html",
        {
            "holdings": holdings,
            "is_silent": any(holding.base_units is None for holding in holdings),
            "locked": locked,
            "credits": credits_of(viewer.address),
            "withdrawals": signed_withdrawals(viewer.address),
        },
    )


@require_GET
@signed_in
@never_cache
def signed_withdrawal(request: HttpRequest, pk: int) -> HttpResponse:
    """One's own signed withdrawal as a page: the file, a QR code with a link, and until when it is good."""
    return step_page(
        request,
        _own_withdrawal(request, pk),
        back=(reverse("pages:wallet"), "Your wallet"),
        file=reverse("pages:withdrawal_file", args=[pk]),
    )


@require_GET
@signed_in
@never_cache
def withdrawal_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The same as a file: with it anybody can bring it to the chain without us."""
    return file_of(_own_withdrawal(request, pk), f"parley-withdrawal-{pk}.json")


@require_POST
def withdraw(request: HttpRequest) -> JsonResponse:
    """A signed withdrawal of one's own credit, for the relayer: 202 {state}."""
    try:
        viewer = _viewer(request)
        body = json_body(request)
        call = accept_signed_withdrawal(
            account=viewer.address,
            token=text_of(body, "token", longest=42),
            amount=_whole(body, "amount"),
            to=text_of(body, "to", longest=42),
            deadline=_whole(body, "deadline"),
            signature=text_of(body, "signature", longest=20_000),
        )
    except (BadRequest, CallRefused) as error:
        return refusal(error)
    except SignInFirst as error:
        return refusal(error, status=403)
    except NodeUnavailable as error:
        return refusal(error, status=503)
    return JsonResponse({"state": call.status}, status=202)


def _own_withdrawal(request: HttpRequest, pk: int) -> SignedCall:
    signer = _viewer(request).address
    return get_object_or_404(SignedCall, pk=pk, move="withdraw", signer=signer)


def _viewer(request: HttpRequest) -> User:
    viewer = viewer_of(request)
    if viewer is None:
        raise SignInFirst
    return viewer


def _held(asset: Asset, address: str) -> int | None:
    try:
        if asset.token == ZERO_ADDRESS:
            return gateway().balance(address)
        return gateway().token_balance(asset.token, address)
    except (NodeUnavailable, NodeRefused):
        return None


def _whole(body: dict[str, object], field: str) -> int:
    text = str(body.get(field, ""))
    if not text.isascii() or not text.isdigit() or len(text) > 78:
        raise BadRequest(f"“{field}” is missing or not a whole number.", field=field)
    return int(text)
