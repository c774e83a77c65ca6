"""The hub's list of arbitrators. Offers pick from it; a maker cannot name a judge of his own."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

# Account 2 of the devnet's public mnemonic; worth nothing elsewhere.
PETRA_OF_THE_DEVNET = {
    "address": "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    "name": "Petra",
    "about": "Arbitrator of the practice network, also the hub's own staff here. Decides within 14 days.",
}


@dataclass(frozen=True, slots=True)
class Arbitrator:
    """Who decides a dispute, by address; the name is the hub's word for him."""

    address: str
    name: str
    about: str


def arbitrators() -> list[Arbitrator]:
    """The list, from the setting ARBITRATORS ([{address, name, about}]); on a devnet without one, its Petra."""
    listed = getattr(settings, "ARBITRATORS", None)
    if listed is None:
        listed = [PETRA_OF_THE_DEVNET] if settings.IS_DEVNET else []
    return [Arbitrator(**entry) for entry in listed]


def arbitrator(address: str) -> Arbitrator | None:
    """The listed arbitrator of that address, or None."""
    return next(
        (found for found in arbitrators() if found.address.lower() == address.lower()), None
    )
