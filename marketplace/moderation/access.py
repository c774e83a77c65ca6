"""The doors of the desk. To everybody without the role its pages do not exist."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from marketplace.accounts.access import has_role, role_required, viewer_of
from marketplace.accounts.models import User
from marketplace.disputes.models import Ruling
from marketplace.offers.models import Offer

STAFF = ("arbitrator", "moderator", "operator")

any_staff = role_required(*STAFF)
arbitrator = role_required("arbitrator")
moderator = role_required("moderator")
reader_of_people = role_required("arbitrator", "moderator")
reader_of_audit = role_required("moderator", "operator")


def staff_of(request: HttpRequest) -> User:
    """The member of staff behind a guarded request.

    Raises: Http404 when the guard was forgotten.
    """
    viewer = viewer_of(request)
    if viewer is None or not any(has_role(viewer, role) for role in STAFF):
        raise Http404
    return viewer


def is_arbitrator(user: User | None) -> bool:
    """Whether the user works on disputes."""
    return has_role(user, "arbitrator")


def is_moderator(user: User | None) -> bool:
    """Whether the user may sanction people and offers."""
    return has_role(user, "moderator")


def reads_audit(user: User | None) -> bool:
    """Whether the user may read the audit log."""
    return has_role(user, "moderator") or has_role(user, "operator")


def offer_for_moderator(public_id: str) -> Offer:
    """Any offer, for a moderator's act.

    Raises: Http404.
    """
    offer = Offer.objects.select_related("maker", "asset").filter(public_id=public_id).first()
    if offer is None:
        raise Http404
    return offer


def ruling_for(staff: User, ref: str, number: int) -> Ruling:
    """A ruling that this arbitrator wrote himself.

    Raises: Http404.
    """
    rows = Ruling.objects.select_related(
        "by",
        "case",
        "case__trade",
        "case__trade__asset",
        "case__trade__buyer",
        "case__trade__seller",
    )
    ruling = rows.filter(pk=number, by=staff, case__trade__ref=ref).first()
    if ruling is None:
        raise Http404
    return ruling
