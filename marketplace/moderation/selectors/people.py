"""The risk view of a person: what the record shows, in plain facts. No score is made of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.http import Http404

from chat.models import Device
from marketplace.accounts.models import User
from marketplace.accounts.selectors import user_by_address
from marketplace.disputes.access import partner_ids
from marketplace.moderation.models import AuditEntry, Note, Sanction
from marketplace.moderation.states import user_subject
from marketplace.offers.models import Offer, OfferStatus
from marketplace.trades.models import Trade

LATEST = 20


@dataclass(frozen=True)
class Signal:
    """One fact worth a look, with the reason why."""

    tone: str
    text: str
    why: str


@dataclass(frozen=True)
class Person:
    """Everything the desk shows about somebody."""

    user: User
    signals: list[Signal]
    linked: list[User]
    offers: list[tuple[Offer, bool]]
    trades: list[Trade]
    sanctions: list[Sanction]
    notes: list[Note]
    entries: list[AuditEntry]


def person_for(staff: User, address: str) -> Person:
    """The risk view of an address.

    Raises: Http404 for an address that never signed in.
    """
    user = user_by_address(address)
    if user is None:
        raise Http404
    linked = linked_accounts(user)
    trades = Trade.objects.filter(Q(seller=user) | Q(buyer=user), funded_at__gt=0)
    hidden = partner_ids(staff) - {user.pk}
    seen = trades.exclude(seller_id__in=hidden).exclude(buyer_id__in=hidden)
    subject = user_subject(user.address)
    return Person(
        user=user,
        signals=_signals(user, trades, linked),
        linked=linked,
        offers=_offers(user),
        trades=list(seen.select_related("asset", "seller", "buyer").order_by("-id")[:LATEST]),
        sanctions=list(
            Sanction.objects.filter(user=user).select_related("by", "lifted_by").order_by("-id")
        ),
        notes=notes_of(subject),
        entries=list(
            AuditEntry.objects.filter(subject=subject)
            .select_related("actor")
            .order_by("-number")[:LATEST]
        ),
    )


def linked_accounts(user: User) -> list[User]:
    """Other accounts that signed in from a browser of this person: the same device keys."""
    hashes = Device.objects.filter(user=user).values("device_hash")
    ids = Device.objects.filter(device_hash__in=hashes).exclude(user=user).values("user_id")
    return list(User.objects.filter(pk__in=ids).order_by("pk"))


def notes_of(subject: str) -> list[Note]:
    """The desk's notes about a person or a case, the newest first."""
    return list(Note.objects.filter(subject=subject).select_related("by").order_by("-id")[:LATEST])


def people_found(text: str) -> QuerySet[User]:
    """People by the beginning of an address or a part of a name; suspended ones when nothing is asked."""
    if not text:
        return User.objects.filter(suspended_until__isnull=False).order_by("-suspended_until")[
            :LATEST
        ]
    return User.objects.filter(Q(address__istartswith=text) | Q(name__icontains=text)).order_by(
        "pk"
    )[:LATEST]


def _offers(user: User) -> list[tuple[Offer, bool]]:
    """The person's latest offers, each with whether it can be paused now."""
    latest = Offer.objects.filter(maker=user).select_related("asset").order_by("-id")[:LATEST]
    return [(offer, offer.status == OfferStatus.OPEN) for offer in latest]


def _signals(user: User, trades: QuerySet[Trade], linked: list[User]) -> list[Signal]:
    disputes = trades.filter(disputed_at__gt=0).count()
    ended = trades.filter(outcome="CANCELLED", buyer=user, paid_at__gt=0).count()
    found = []
    if linked:
        found.append(
            Signal(
                "is-fail",
                f"Shares a browser with {len(linked)} other",
                "The same device keys signed in for both.",
            )
        )
    if disputes:
        found.append(
            Signal(
                "is-court",
                f"In {disputes} of {trades.count()} locked trades a dispute",
                "Many disputes on either side cost the desk time.",
            )
        )
    if ended:
        found.append(
            Signal(
                "is-time",
                f"Cancelled {ended} after “paid”",
                "It can be honest; it is also how a false “paid” ends.",
            )
        )
    if user.is_suspended:
        found.append(Signal("is-fail", "Suspended now", user.suspension_reason))
    return found
