"""Sign-in, sign-out and the person's own settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from escrow.chain.rpc import NodeUnavailable
from escrow.chain.siwe import SignInRefused
from marketplace.accounts import services
from marketplace.accounts.access import is_known, signed_in, viewer_of
from marketplace.accounts.forms import ProfileForm
from marketplace.accounts.names import NameRefused
from marketplace.answers import BadRequest, NodeSilent, json_body, object_of, refusal, text_of

HOME = "/"


@require_GET
def connect(request: HttpRequest) -> HttpResponse:
    """The sign-in sheet: the wallets of this browser, and what they will show."""
    next_url = safe_next(request.GET.get("next", ""))
    if viewer_of(request) is not None and not request.GET.get("again"):
        return redirect(next_url)
    return render(request, "marketplace/accounts/connect.html", {"next": next_url})


@require_POST
def challenge(request: HttpRequest) -> JsonResponse:
    """A message to sign, for one address and one device; `slow` for a wallet whose owners sign one after the other."""
    try:
        body = json_body(request)
        device = object_of(body, "device")
        asked = services.challenge(
            request,
            address=text_of(body, "address", longest=64),
            signing=text_of(device, "signing", longest=64),
            agreement=text_of(device, "agreement", longest=64),
            is_slow=body.get("slow") is True,
            is_fresh=body.get("fresh") is True,
        )
    except (BadRequest, SignInRefused) as error:
        return refusal(error)
    good_until = int(asked.expires_at.timestamp())
    return JsonResponse(
        {
            "message": asked.message,
            "words": asked.words,
            "goodUntil": good_until,
            "slow": asked.is_slow,
        }
    )


@require_POST
def verify(request: HttpRequest) -> JsonResponse:
    """The signed message: a session, or the reason why not."""
    try:
        body = json_body(request)
        services.sign_in(
            request,
            message=text_of(body, "message", longest=4000),
            signature=text_of(body, "signature", longest=20_000),
        )
    except BadRequest as error:
        return refusal(error)
    except SignInRefused as error:
        return refusal(error, status=403)
    except NodeUnavailable:
        return refusal(NodeSilent(), status=503)
    next_url = body.get("next")
    return JsonResponse({"next": safe_next(next_url if isinstance(next_url, str) else "")})


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Ends this session, or all of the person's sessions."""
    if request.POST.get("everywhere") and is_known(request.user):
        services.end_sessions(request.user)
    services.sign_out(request)
    return redirect(HOME)


@signed_in
@require_http_methods(["GET", "POST"])
def profile_settings(request: HttpRequest) -> HttpResponse:
    """The person's name, browsers and sessions."""
    viewer = viewer_of(request)
    assert viewer is not None
    form = ProfileForm(request.POST or None, initial={"name": viewer.name})
    if request.method == "POST" and form.is_valid():
        try:
            services.rename(viewer, form.cleaned_data["name"])
        except NameRefused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, "Saved.")
            return redirect("accounts:profile-settings")
    devices = viewer.devices.order_by("-last_used_at")[:10]
    return render(request, "marketplace/accounts/settings.html", {"form": form, "devices": devices})


def safe_next(url: str) -> str:
    """A path on this site, or the front page."""
    if url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None):
        return url
    return HOME
