"""The doors to offers: who may see one, change one, take one."""

from __future__ import annotations

from django.http import Http404
from django.utils import timezone

from escrow.models import Asset
from marketplace.accounts.access import active_trader
from marketplace.accounts.models import User
from marketplace.money import is_currency
from marketplace.offers.models import Offer, OfferStatus, Side
from marketplace.reputation.selectors import Record, record_for

# The visitor's word for a market and the makers' side he meets there.
MAKER_SIDE = {"buy": Side.SELL, "sell": Side.BUY}


class OfferRefused(Exception):
    """An offer cannot be taken or changed by this person now; the text says why."""

    code = "offer_refused"


class OfferNotOpen(OfferRefused):
    """Paused, closed or expired."""

    code = "offer_not_open"

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        super().__init__(
            "This offer rests at the moment."
            if offer.status == OfferStatus.PAUSED
            else "This offer has ended."
        )


class OwnOffer(OfferRefused):
    """Nobody trades with himself."""

    code = "own_offer"

    def __init__(self) -> None:
        super().__init__("This is your own offer.")


class NotEligible(OfferRefused):
    """The maker asks for experience the taker does not have yet; `missing` lists it."""

    code = "not_eligible"

    def __init__(self, missing: list[str]) -> None:
        self.missing = missing
        super().__init__(" ".join(missing))


def offer_for(public_id: str, viewer: User | None) -> Offer:
    """The offer of that id, with maker, standing, asset and chain, as anybody may see it. 404 when there is none."""
    found = (
        Offer.objects.select_related("maker", "maker__standing", "asset", "asset__chain")
        .filter(public_id=public_id)
        .first()
    )
    if found is None:
        raise Http404
    return found


def own_offer(public_id: str, maker: User) -> Offer:
    """The maker's own offer; 404 for everybody else's, the same as absent."""
    offer = offer_for(public_id, maker)
    if offer.maker_id != maker.pk:
        raise Http404
    return offer


def market_side(word: str) -> str:
    """The makers' side behind the visitor's word "buy" or "sell"; 404 for any other."""
    if word not in MAKER_SIDE:
        raise Http404
    return MAKER_SIDE[word]


def market_asset(symbol: str) -> Asset:
    """The tradable asset of that symbol; 404 when there is none."""
    found = Asset.objects.filter(symbol__iexact=symbol, is_active=True).first()
    if found is None:
        raise Http404
    return found


def market_currency(code: str) -> str:
    """A currency code of ISO 4217 in capitals; 404 otherwise."""
    if not is_currency(code.upper()):
        raise Http404
    return code.upper()


def is_open(offer: Offer) -> bool:
    """Whether the offer can be taken at all at this moment."""
    return offer.status == OfferStatus.OPEN and offer.expires_at > timezone.now()


def missing_for(offer: Offer, viewer: User, record: Record) -> list[str]:
    """What the viewer lacks for this maker's wishes, one sentence each; empty when nothing."""
    missing = []
    if record.done < offer.min_done:
        missing.append(
            f"{offer.maker.label} trades with people who have finished {offer.min_done} trades. You have {record.done}."
        )
    age = (timezone.now() - viewer.created_at).days
    if age < offer.min_age_days:
        missing.append(
            f"{offer.maker.label} trades with accounts that are {offer.min_age_days} days old. Yours is {age} days old."
        )
    return missing


def taker_of(offer: Offer, user: User) -> User:
    """`user`, if he may take this offer now.

    Raises: Suspended, OfferNotOpen, OwnOffer, NotEligible.
    """
    active_trader(user)
    if offer.maker_id == user.pk:
        raise OwnOffer
    if not is_open(offer):
        raise OfferNotOpen(offer)
    missing = missing_for(offer, user, record_for(user))
    if missing:
        raise NotEligible(missing)
    return user
