"""`manage.py seed`: fills a devnet with practice traders, their offers and a past of real trades. Safe to repeat."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from escrow.chain.keys import ARBITRATOR, OPERATOR, cast_account
from escrow.models import Asset, Chain
from marketplace.accounts.models import User
from marketplace.accounts.services import grant
from marketplace.prices.tasks import refresh_prices
from practice import history
from practice.faucet import mint
from practice.offers import stand_all
from practice.player import Player
from practice.traders import TRADERS

STAFF = ((ARBITRATOR, "Petra", ("arbitrator",)), (OPERATOR, "Olga", ("operator", "moderator")))


class Command(BaseCommand):
    """One run leaves the practice world complete; a second run finds nothing to do."""

    help = "Fill the devnet with practice traders, offers and finished trades."

    def handle(self, *args: Any, **options: Any) -> None:
        chain = Chain.objects.get(chain_id=settings.CHAIN_ID)
        self._staff()
        if history.is_walked():
            return
        self._coins()
        refresh_prices()
        offers = stand_all()
        trades = history.walk_past(chain)
        self.stdout.write(f"Practice: {offers} offers stand, {trades} trades were walked.")

    def _staff(self) -> None:
        for index, name, roles in STAFF:
            address = cast_account(index).address
            with transaction.atomic():
                User.objects.get_or_create(
                    address=address, defaults={"name": name, "name_key": name.casefold()}
                )
                for role in roles:
                    grant(role, address)

    def _coins(self) -> None:
        for asset in Asset.objects.exclude(token="0x" + "0" * 40):
            for trader in TRADERS:
                mint(asset, Player(trader).address, history.FILL_TOKENS * 10**asset.decimals)
