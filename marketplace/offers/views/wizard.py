"""Writing an offer: each step a URL and a server form. The draft stays on the server; going back loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from escrow.chain.rpc import NodeUnavailable
from escrow.models import Asset
from marketplace.accounts.access import Suspended, active_trader, signed_in, viewer_of
from marketplace.accounts.models import User
from marketplace.answers import BadRequest, NodeSilent, json_body, object_of, refusal, text_of
from marketplace.offers import forms, services
from marketplace.offers.access import OfferRefused, own_offer
from marketplace.offers.models import Offer, OfferDraft
from marketplace.offers.selectors import draft_of
from marketplace.offers.terms import STEPS, DraftIncomplete
from marketplace.offers.views import preview
from marketplace.payments.selectors import accounts_of
from marketplace.prices.selectors import reference_prices

TITLES = {
    "side": ("Side", "What do you offer?"),
    "amount": ("Amount", "How much?"),
    "price": ("Price", "At what price?"),
    "methods": ("Methods", "How is it paid?"),
    "takers": ("Who", "Who may take it?"),
    "terms": ("Terms", "Your terms"),
    "review": ("Review", "Look at it once more"),
}
NEXT = {
    "amount": "amount",
    "price": "price",
    "methods": "methods",
    "takers": "who may take it",
    "terms": "terms",
    "review": "review",
}


@signed_in
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Goes on where the draft stands."""
    draft = draft_of(_viewer(request), None)
    values = draft.values if draft else {}
    return redirect(
        "offers:new-step", step=next((step for step in STEPS[:-1] if step not in values), "review")
    )


@signed_in
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, step: str, public_id: str | None = None) -> HttpResponse:
    """One step of a new offer, or of an offer's next version."""
    viewer = _viewer(request)
    if step not in STEPS:
        raise Http404
    offer = own_offer(public_id, viewer) if public_id else None
    try:
        active_trader(viewer)
    except Suspended as refused:
        return render(
            request, "marketplace/offers/refused.html", {"text": str(refused)}, status=403
        )
    draft = draft_of(viewer, offer)
    values = draft.values if draft else services.values_of(offer) if offer else {}
    missing = next(
        (earlier for earlier in STEPS[: STEPS.index(step)] if earlier not in values), None
    )
    if missing:
        return redirect(_url(missing, offer))
    if step == "review":
        return _review(request, viewer, offer, draft, values)
    form = _form(step, request.POST if request.method == "POST" else None, values, viewer)
    if request.method == "POST":
        answer = _answer(request, form, step, viewer, offer, values)
        if answer is not None:
            return answer
    return render(
        request,
        f"marketplace/offers/wizard/{step}.html",
        _context(step, offer, values, form, viewer),
    )


@signed_in
@require_GET
def price_preview(request: HttpRequest, public_id: str | None = None) -> HttpResponse:
    """Rank and preview of a price that is being typed; the price step's right half."""
    viewer = _viewer(request)
    offer = own_offer(public_id, viewer) if public_id else None
    draft = draft_of(viewer, offer)
    values = draft.values if draft else services.values_of(offer) if offer else {}
    if "side" not in values or "amount" not in values:
        raise Http404
    form = _form("price", request.GET, values, viewer)
    form.is_valid()
    return render(
        request,
        "marketplace/offers/wizard/_price_preview.html",
        preview.price_context(form, values, offer, viewer),
    )


@signed_in
@require_POST
def publish(request: HttpRequest, public_id: str = "new") -> JsonResponse:
    """The signed document: an open offer, or the reason why not."""
    viewer = _viewer(request)
    offer = None if public_id == "new" else own_offer(public_id, viewer)
    try:
        body = json_body(request)
        message = object_of(body, "message")
        salt, signature = (
            text_of(body, "salt", longest=66),
            text_of(body, "signature", longest=20_000),
        )
        draft = draft_of(viewer, offer) or (
            services.create_draft(viewer, values=services.values_of(offer), offer=offer)
            if offer
            else None
        )
        if draft is None:
            raise DraftIncomplete(
                "side", "There is no draft any more; it may have been published already."
            )
        published = services.publish(draft, message=message, salt=salt, signature=signature)
    except BadRequest as error:
        return refusal(error)
    except Suspended as error:
        return refusal(error, status=403)
    except (OfferRefused, DraftIncomplete) as error:
        return refusal(error, status=409)
    except NodeUnavailable:
        return refusal(NodeSilent(), status=503)
    return JsonResponse({"next": reverse("offers:offer", args=[published.public_id])}, status=201)


@signed_in
@require_POST
def drop(request: HttpRequest) -> HttpResponse:
    """Throws the draft of a new offer away."""
    OfferDraft.objects.filter(maker=_viewer(request), offer=None).delete()
    return redirect("offers:mine")


# --- inside ----------------------------------------------------------------------------------


def _answer(
    request: HttpRequest,
    form: forms.StepForm,
    step: str,
    viewer: User,
    offer: Offer | None,
    values: Mapping[str, Any],
) -> HttpResponse | None:
    """Where a posted step leads; None when it has to be shown again with its errors."""
    go = request.POST.get("go", "on")
    if not form.is_valid() and go == "on":
        return None
    draft = services.create_draft(
        viewer, offer=offer, values=None if draft_of(viewer, offer) else values
    )
    if form.is_valid():
        services.save_step(draft, step, form.values())
    else:
        services.save_unfinished(
            draft, step, {name: value for name, value in request.POST.items() if name != "go"}
        )
    at = STEPS.index(step)
    if go == "leave":
        return redirect("offers:mine")
    return redirect(_url(STEPS[max(at - 1, 0)] if go == "back" else STEPS[at + 1], offer))


def _form(step: str, data: Any, values: Mapping[str, Any], viewer: User) -> Any:
    made: dict[str, Any] = {
        "side": forms.SideForm,
        "amount": forms.AmountForm,
        "price": forms.PriceForm,
        "methods": forms.MethodsForm,
        "takers": forms.TakersForm,
        "terms": forms.TermsForm,
    }
    kind = made[step]
    unfinished = values.get("unfinished", {}).get(step)
    initial = kind.initial_of(values.get(step, {}))
    return kind(
        data if data is not None else unfinished, initial=initial, **_needs(step, values, viewer)
    )


def _needs(step: str, values: Mapping[str, Any], viewer: User) -> dict[str, Any]:
    side = values.get("side", {})
    currency = side.get("currency", "")
    if step == "side":
        return {"assets": list(Asset.objects.filter(is_active=True))}
    if step == "amount":
        return {"asset": _asset(side), "currency": currency}
    if step == "price":
        pair = (side["asset"], currency)
        reference = reference_prices([pair]).get(pair)
        return {"currency": currency, "reference": reference.value if reference else None}
    if step == "methods":
        known = {kept.method: kept.details for kept in reversed(accounts_of(viewer))}
        return {"side": side["side"], "currency": currency, "accounts": known}
    return {}


def _context(
    step: str, offer: Offer | None, values: Mapping[str, Any], form: forms.StepForm, viewer: User
) -> dict[str, Any]:
    at = STEPS.index(step)
    context = {
        **_frame(step, offer, values),
        "form": form,
        "back": _url(STEPS[at - 1], offer) if at else None,
        "next_title": NEXT[STEPS[at + 1]],
        "asset": _asset(values["side"]) if "side" in values else None,
        "currency": values.get("side", {}).get("currency", ""),
        "is_sell": values.get("side", {}).get("side") != "buy",
    }
    if step == "price":
        context |= preview.price_context(form, values, offer, viewer)
        context["preview_url"] = _preview_url(offer)
        context["fixed_label"] = f"Price of one {values['side']['asset']}"
    if step == "amount" and context["asset"] is not None:
        context |= preview.amount_context(values, viewer)
        verb = "sell" if context["is_sell"] else "buy"
        context["stock_label"] = f"How many {context['asset'].symbol} do you {verb} in all?"
    return context


def _frame(step: str, offer: Offer | None, values: Mapping[str, Any]) -> dict[str, Any]:
    at = STEPS.index(step)
    return {
        "step": step,
        "number": at + 1,
        "title": TITLES[step][1],
        "offer": offer,
        "summary": preview.summary(values),
        "steps": [
            {
                "title": f"{index + 1}. {TITLES[name][0]}",
                "url": _url(name, offer) if all(done in values for done in STEPS[:index]) else None,
                "is_here": name == step,
            }
            for index, name in enumerate(STEPS)
        ],
    }


def _review(
    request: HttpRequest,
    viewer: User,
    offer: Offer | None,
    draft: OfferDraft | None,
    values: Mapping[str, Any],
) -> HttpResponse:
    shown = draft or OfferDraft(maker=viewer, offer=offer, values=dict(values))
    try:
        context = preview.review_context(shown, publish_url=_publish_url(offer))
    except DraftIncomplete as incomplete:
        return redirect(_url(incomplete.step, offer))
    return render(
        request,
        "marketplace/offers/wizard/review.html",
        {**_frame("review", offer, values), **context, "back": _url("terms", offer)},
    )


def _publish_url(offer: Offer | None) -> str:
    return reverse("offers:publish", args=[offer.public_id if offer else "new"])


def _preview_url(offer: Offer | None) -> str:
    if offer is None:
        return reverse("offers:new-price-preview")
    return reverse("offers:edit-price-preview", args=[offer.public_id])


def _url(step: str, offer: Offer | None) -> str:
    if offer is None:
        return reverse("offers:new-step", args=[step])
    return reverse("offers:edit-step", args=[offer.public_id, step])


def _asset(side: Mapping[str, Any]) -> Asset:
    found = Asset.objects.filter(symbol=side.get("asset"), is_active=True).first()
    if found is None:
        raise Http404
    return found


def _viewer(request: HttpRequest) -> User:
    viewer = viewer_of(request)
    assert viewer is not None
    return viewer
