"""What can be refused when an offer is written, published or put back."""

from __future__ import annotations

from marketplace.money import amount_text
from marketplace.offers.access import OfferRefused
from marketplace.offers.models import Offer

MAX_OPEN_OFFERS = 30


class DocumentChanged(OfferRefused):
    """The signed document is not the one this draft makes."""

    code = "document_changed"

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(
            "The offer changed after you read it. Look at it again and sign once more."
        )


class SignatureMissing(OfferRefused):
    """The maker's wallet did not sign this document."""

    code = "signature_wrong"

    def __init__(self) -> None:
        super().__init__(
            "The signature is not from your wallet for this offer. Sign again with the account you signed in with."
        )


class TooManyOffers(OfferRefused):
    """More open offers than one person may have."""

    code = "too_many_offers"

    def __init__(self) -> None:
        super().__init__(f"You have {MAX_OPEN_OFFERS} offers. Close one before you open another.")


class ArbitratorNotListed(OfferRefused):
    """An arbitrator the hub does not list."""

    code = "arbitrator_not_listed"

    def __init__(self) -> None:
        super().__init__("Pick an arbitrator from the list.")


class PausedByStaff(OfferRefused):
    """The maker cannot resume what staff has paused."""

    code = "paused_by_staff"

    def __init__(self, offer: Offer) -> None:
        super().__init__(
            f"Our staff has paused this offer: {offer.pause_reason} Answer in your inbox before it can go on."
        )


class NotEnoughLeft(OfferRefused):
    """Less is left than the trade needs."""

    code = "not_enough_left"

    def __init__(self, offer: Offer) -> None:
        left = amount_text(offer.left_base_units, offer.asset.decimals)
        super().__init__(f"Only {left} {offer.asset.symbol} are left in this offer.")
