"""Acts that the database refuses or loses: done again, at most three times, then a clear answer. On the real database."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, connection, transaction

from marketplace.accounts.models import User
from marketplace.again import TRIES, DatabaseBusy, again
from tests.integration.trades.test_races import together

pytestmark = pytest.mark.django_db(transaction=True)


def rename(user: User, name: str) -> None:
    User.objects.filter(pk=user.pk).update(name=name)


def test_two_who_lock_each_other_out_both_get_through(alice: User, bob: User) -> None:
    """Q14: a real deadlock; the one whom the database ends comes again."""
    met, tries = threading.Barrier(2), []

    @again
    def cross(first: User, second: User, name: str) -> None:
        tries.append(name)
        with transaction.atomic():
            rename(first, name)
            if tries.count(name) == 1:
                met.wait(timeout=30)
            rename(second, name)

    results = together(lambda: cross(alice, bob, "there"), lambda: cross(bob, alice, "back"))
    assert results == [None, None]
    assert len(tries) >= 3
    names = set(User.objects.filter(pk__in=[alice.pk, bob.pk]).values_list("name", flat=True))
    assert len(names) == 1


def test_a_collision_of_serial_transactions_is_done_again(alice: User) -> None:
    """Q14: a serialization failure."""
    met, tries = threading.Barrier(2), []

    @again
    def add(letter: str) -> None:
        tries.append(letter)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            name = User.objects.get(pk=alice.pk).name
            if tries.count(letter) == 1:
                met.wait(timeout=30)
            rename(alice, name + letter)

    assert together(lambda: add("x"), lambda: add("y")) == [None, None]
    assert sorted(User.objects.get(pk=alice.pk).name[-2:]) == ["x", "y"]
    assert len(tries) == 3


def lose_connection() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_lost_connection_is_opened_anew(alice: User) -> None:
    """Q14: the server ends the connection in the middle; nothing of the first try stays."""
    tries = []

    @again
    def act() -> None:
        tries.append(1)
        with transaction.atomic():
            rename(alice, User.objects.get(pk=alice.pk).name + "!")
            if len(tries) == 1:
                lose_connection()

    act()
    assert (len(tries), User.objects.get(pk=alice.pk).name) == (2, "Alice!")


def test_after_three_tries_it_is_said(alice: User) -> None:
    """Q14: then a clear error, and nothing was changed."""
    tries = []

    @again
    def act() -> None:
        tries.append(1)
        with transaction.atomic():
            rename(alice, "Mallory")
            lose_connection()

    with pytest.raises(DatabaseBusy, match="try again in a moment"):
        act()
    assert (len(tries), User.objects.get(pk=alice.pk).name) == (TRIES, "Alice")


def test_other_faults_are_not_tried_again(alice: User) -> None:
    tries = []

    @again
    def act() -> None:
        tries.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT nonsense")

    with pytest.raises(DatabaseError):
        act()
    assert len(tries) == 1
