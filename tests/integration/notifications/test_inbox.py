"""The inbox: only one's own, newest first, read on request."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.accounts.models import User
from marketplace.notifications.models import Notice
from marketplace.notifications.selectors import notices_of, unread_count
from marketplace.notifications.services import mark_read, notify
from marketplace.notifications.topics import is_own

pytestmark = pytest.mark.django_db


def test_a_notice_waits_until_it_is_read(alice: User, bob: User) -> None:
    notify(alice, kind="trade", text="Bob has paid.", url="/trade/A/")
    notify(alice, kind="trade", text="Bob asks for time.", url="/trade/A/")
    notify(alice, kind="trade", text="New trade.", url="/trade/B/")
    assert (unread_count(alice), unread_count(bob)) == (3, 0)
    assert mark_read(alice, url="/trade/A/") == 2
    assert unread_count(alice) == 1


def test_the_page_groups_by_trade_and_shows_text_as_text(
    client: Client, alice: User, bob: User
) -> None:
    notify(alice, kind="trade", text="<b>Bob</b> has paid.", url="/trade/A/")
    notify(bob, kind="trade", text="Secret of Bob.", url="/trade/Z/")
    client.force_login(alice)
    page = client.get("/inbox/").content.decode()
    assert "&lt;b&gt;Bob&lt;/b&gt; has paid." in page
    assert "Secret" not in page


def test_reading_the_page_marks_nothing(client: Client, alice: User) -> None:
    notify(alice, kind="trade", text="Bob has paid.", url="/trade/A/")
    client.force_login(alice)
    client.get("/inbox/")
    assert unread_count(alice) == 1
    assert client.get("/inbox/read/").status_code == 405
    client.post("/inbox/read/")
    assert unread_count(alice) == 0


def test_older_notices_come_by_cursor(client: Client, alice: User) -> None:
    Notice.objects.bulk_create(
        Notice(user=alice, kind="x", text=f"No. {n}.", url=f"/t/{n}/") for n in range(35)
    )
    client.force_login(alice)
    page = client.get("/inbox/").content.decode()
    assert "No. 34." in page
    assert "No. 4." not in page
    before = notices_of(alice)[29].pk
    assert f"?before={before}" in page
    assert "No. 4." in client.get(f"/inbox/?before={before}").content.decode()


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "１"])
def test_a_cursor_that_cannot_be_read_starts_over(client: Client, alice: User, before: str) -> None:
    """N12."""
    client.force_login(alice)
    assert client.get("/inbox/", {"before": before}).status_code == 200


def test_the_inbox_takes_the_same_queries_for_any_number(client: Client, alice: User) -> None:
    client.force_login(alice)
    counts = []
    for more in (1, 25):
        for n in range(more):
            notify(alice, kind="x", text="x", url=f"/t/{n}/")
        client.get("/inbox/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/inbox/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_nobody_listens_to_somebody_elses_inbox(alice: User, bob: User) -> None:
    assert is_own(alice, str(alice.pk))
    assert not is_own(bob, str(alice.pk))
