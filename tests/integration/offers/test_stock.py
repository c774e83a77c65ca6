"""What is left of an offer can never be promised twice."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connections

from marketplace.accounts.models import User
from marketplace.offers import services
from marketplace.offers.models import Offer


@pytest.mark.django_db
def test_stock_is_locked_returned_and_spent(alice: User, publish: Any) -> None:
    offer = publish(alice)
    services.lock_stock(offer, 250_000_000)
    services.lock_stock(offer, 100_000_000)
    services.spend_stock(offer, 250_000_000)
    services.return_stock(offer, 100_000_000)
    offer.refresh_from_db()
    assert (offer.locked_base_units, offer.sold_base_units, offer.left_base_units) == (
        0,
        250_000_000,
        990_000_000,
    )


@pytest.mark.django_db
def test_more_than_is_left_cannot_be_locked(alice: User, publish: Any) -> None:
    offer = publish(alice)
    with pytest.raises(services.NotEnoughLeft, match="Only 1240 USDC"):
        services.lock_stock(offer, 1_240_000_001)
    services.lock_stock(offer, 1_240_000_000)
    with pytest.raises(services.NotEnoughLeft):
        services.lock_stock(offer, 1)


@pytest.mark.django_db
def test_the_database_refuses_negative_stock(alice: User, publish: Any) -> None:
    """N06: also when a program is wrong."""
    offer = publish(alice)
    with pytest.raises(IntegrityError):
        Offer.objects.filter(pk=offer.pk).update(sold_base_units=1_240_000_001)


@pytest.mark.django_db(transaction=True)
def test_eight_takers_of_the_last_coins_get_them_once_each(alice: User, publish: Any) -> None:
    """N06: barrier test; 1,240 are left, each wants 200."""
    offer = publish(alice)
    barrier = threading.Barrier(8)
    won: list[bool] = []

    def lock() -> None:
        barrier.wait()
        try:
            services.lock_stock(Offer.objects.get(pk=offer.pk), 200_000_000)
            won.append(True)
        except services.NotEnoughLeft:
            won.append(False)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=lock) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    offer.refresh_from_db()
    assert won.count(True) == 6
    assert (offer.locked_base_units, offer.left_base_units) == (1_200_000_000, 40_000_000)
