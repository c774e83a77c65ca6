"""How a trade's steps answer: JSON for the page's scripts, a redirect with a message for plain forms; refusals alike on both."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from escrow.chain.gateway import NodeUnavailable
from escrow.chain.moves import UnknownMove
from escrow.chain.typed_data import MessageRefused, SignatureRefused
from escrow.services import CallRefused
from marketplace.accounts.access import Suspended, viewer_of
from marketplace.again import DatabaseBusy
from marketplace.answers import BadRequest, refusal
from marketplace.money import MoneyError
from marketplace.offers.access import OfferRefused
from marketplace.offers.quotes import QuoteRefused
from marketplace.prices.selectors import PriceUnavailable
from marketplace.trades.access import trade_for
from marketplace.trades.errors import BadInput, BadSignature, ChainUnavailable, TradeRefused
from realtime.allowance import TooFast, spend

PER_PERSON = "60/1 minute"

# Refusals that are shown; anything else is a bug and goes to the log.
EXPECTED = (
    TradeRefused,
    OfferRefused,
    QuoteRefused,
    PriceUnavailable,
    Suspended,
    MoneyError,
    CallRefused,
    BadRequest,
    TooFast,
    DatabaseBusy,
)

View = Callable[..., HttpResponse]


class SignedOut(TradeRefused):
    """A step without a session."""

    code = "signed_out"
    text = "You are signed out. Sign in again; nothing was changed."
    status = 401


def wants_json(request: HttpRequest) -> bool:
    """Whether the step came from a script."""
    return request.content_type == "application/json"


def json_step(view: View) -> View:
    """A step that scripts post: signed in, counted, every refusal in the one envelope."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, _counted(request), *args, **kwargs)
        except Exception as error:
            return _refused(request, error, back="")

    return answered


def trade_step(view: Callable[..., str]) -> View:
    """A step on one trade by one of its parties: gives the view user and trade, answers scripts and forms.

    The view returns where to go next.
    """

    @wraps(view)
    def answered(request: HttpRequest, ref: str, **kwargs: Any) -> HttpResponse:
        back = reverse("trades:room", args=[ref])
        try:
            user = _counted(request)
        except (SignedOut, TooFast) as error:
            return _refused(request, error, back=back)
        trade = trade_for(user, ref)
        try:
            next_url = view(request, user, trade, **kwargs) or back
        except Exception as error:
            return _refused(request, error, back=back)
        return JsonResponse({"next": next_url}) if wants_json(request) else redirect(next_url)

    return answered


def _counted(request: HttpRequest) -> Any:
    user = viewer_of(request)
    if user is None:
        raise SignedOut
    spend(PER_PERSON, "trade-steps", user.pk)
    return user


def _refused(request: HttpRequest, error: Exception, *, back: str) -> HttpResponse:
    shown = _shown(error)
    if shown is None:
        raise error
    if back and not wants_json(request):
        if isinstance(error, SignedOut):
            return redirect(f"/connect/?next={back}")
        messages.error(request, str(shown))
        return redirect(back)
    return refusal(shown, status=_status(shown))


def _shown(error: Exception) -> Exception | None:
    """The refusal to show for an error, or None for a bug."""
    if isinstance(error, EXPECTED):
        return error
    if isinstance(error, SignatureRefused):
        return BadSignature(str(error))
    if isinstance(error, (UnknownMove, MessageRefused, ValidationError)):
        return BadInput()
    return ChainUnavailable() if isinstance(error, NodeUnavailable) else None


def _status(error: Exception) -> int:
    if isinstance(error, Suspended):
        return 403
    if isinstance(error, TooFast):
        return 429
    if isinstance(error, (OfferRefused, PriceUnavailable)):
        return 409
    return int(getattr(error, "status", 400))
