"""Staff of the desk beside Dana, and a case that is under way."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from escrow.fields import checksum_address
from marketplace.accounts.models import User
from marketplace.disputes.services import open_case, open_due_cases
from marketplace.trades.models import Trade
from tests.integration.disputes import rows
from tests.integration.disputes.conftest import trade, world

__all__ = ["trade", "world"]


def staff(address: str, name: str, *roles: str) -> User:
    """A member of staff with these roles."""
    user = User.objects.create(address=checksum_address(address), name=name)
    user.groups.set([Group.objects.get_or_create(name=role)[0] for role in roles])
    return user


@pytest.fixture
def mia(db: None) -> User:
    """A moderator."""
    return staff("0x00000000000000000000000000000000000000A1", "Mia", "moderator")


@pytest.fixture
def oskar(db: None) -> User:
    """An arbitrator whom the trade does not name."""
    return staff("0x00000000000000000000000000000000000000A2", "Oskar", "arbitrator")


@pytest.fixture
def olga(db: None) -> User:
    """An operator."""
    return staff("0x00000000000000000000000000000000000000A3", "Olga", "operator")


@pytest.fixture
def disputed(world: rows.World, trade: Trade, alice: User, bob: User, dana: User) -> Trade:
    """Alice says that nothing came; the case is open."""
    filing = open_case(
        trade=trade,
        by=alice,
        reason="not_received",
        story="No transfer with that reference.",
        wanted="all_to_seller",
    )
    rows.put_in_review(world, trade, by=alice, filing=filing, ago=1800)
    open_due_cases()
    trade.refresh_from_db()
    return trade
