"""A signed step outside of its room: as a file and a QR code for its signer, and the page where anybody brings one in."""

from __future__ import annotations

from typing import Any

import segno
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from escrow.carried import LONGEST_FILE, WORDS, Carried, FileRefused, carried, document_of, link_of
from escrow.chain.gateway import NodeUnavailable
from escrow.models import SignedCall
from escrow.selectors import chain_clock, signed_calls
from escrow.states import SignedCallStatus
from marketplace.accounts.access import signed_in, viewer_of
from marketplace.trades.access import may_carry, trade_for
from marketplace.trades.errors import ChainUnavailable
from marketplace.trades.models import Trade
from realtime.allowance import TooFast, spend

PER_ADDRESS = "30/1 minute"
EMPTY = "Choose the file, or paste what stands in it. Nothing was sent."


@require_GET
@signed_in
@never_cache
def signed_file(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    """One's own signed step as a file: with it anybody can bring it to the chain without us."""
    trade, call = _own_call(request, ref, pk)
    return file_of(call, f"parley-{trade.ref}-{call.move}.json")


@require_GET
@signed_in
@never_cache
def signed_step(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    """The same as a page: the file, a QR code with a link, and who can do what with it until when."""
    trade, call = _own_call(request, ref, pk)
    return step_page(
        request,
        call,
        back=(reverse("trades:room", args=[trade.ref]), f"Trade {trade.ref}"),
        file=reverse("trades:signed_file", args=[trade.ref, call.pk]),
    )


def file_of(call: SignedCall, name: str) -> HttpResponse:
    """A signed step as a file of this name."""
    response = JsonResponse(document_of(call), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def step_page(
    request: HttpRequest, call: SignedCall, *, back: tuple[str, str], file: str
) -> HttpResponse:
    """The page of a signed step; `back` is the address and the words of where it was signed, `file` the file's address."""
    link = link_of(call)
    context = {
        "back": back,
        "file": file,
        "call": call,
        "words": WORDS[call.move],
        "link": link,
        "code": _qr_code(link) if link else "",
        "is_made": call.status == SignedCallStatus.DONE,
        "is_over": call.deadline <= chain_clock(),
    }
    return render(request, "marketplace/trades/signed_step.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
def submit(request: HttpRequest) -> HttpResponse:
    """Anybody brings a signed step: it is checked against the contract, then sent from the visitor's own wallet."""
    if request.method == "GET":
        return _submit_page(request)
    try:
        spend(PER_ADDRESS, "submit", request.META.get("REMOTE_ADDR", ""))
        text = _posted(request)
        return _submit_page(request, text=text, found=carried(text))
    except (FileRefused, TooFast) as refused:
        return _submit_page(request, refusal=str(refused), code=refused.code)
    except NodeUnavailable:
        return _submit_page(request, refusal=ChainUnavailable.text, code=ChainUnavailable.code)


def _submit_page(
    request: HttpRequest,
    *,
    text: str = "",
    found: Carried | None = None,
    refusal: str = "",
    code: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {"refusal": refusal, "code": code, "longest": LONGEST_FILE}
    if found is not None:
        context |= {"found": found, "document": document_of(found.call), "text": text}
        context["trade_terms"] = found.call.terms
    return render(
        request, "marketplace/trades/submit.html", context, status=400 if refusal else 200
    )


def _posted(request: HttpRequest) -> str:
    """The file's text, from the chosen file or from what was pasted.

    Raises: FileRefused.
    """
    chosen = request.FILES.get("file")
    if chosen is not None and chosen.size:
        if chosen.size > LONGEST_FILE:
            raise FileRefused(
                "This file is far too long for a signed step. Nothing was sent.", "too_long"
            )
        return bytes(chosen.read()).decode("utf-8", "replace")
    text = request.POST.get("text", "").strip()
    if not text:
        raise FileRefused(EMPTY, "empty")
    return text


def _own_call(request: HttpRequest, ref: str, pk: int) -> tuple[Trade, SignedCall]:
    """The trade and one of its signed steps, for a party that may carry it; anything else does not exist."""
    viewer = viewer_of(request)
    if viewer is None:
        raise Http404
    trade = trade_for(viewer, ref)
    for call in signed_calls(trade.trade_id):
        if call.pk == pk and may_carry(call, viewer):
            return trade, call
    raise Http404


def _qr_code(link: str) -> SafeString:
    """The link as an inline drawing that follows the text's colour on a light ground."""
    drawn = segno.make(link, error="l", micro=False)
    # segno writes the drawing from the code's modules alone; nothing of the link enters the markup.
    return mark_safe(
        drawn.svg_inline(scale=4, border=4, svgclass="qr", omitsize=True, dark="#000", light="#fff")
    )
