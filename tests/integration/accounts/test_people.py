"""Names, roles, suspension and the pages about them."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from marketplace.accounts import services
from marketplace.accounts.access import Suspended, active_trader, has_role
from marketplace.accounts.models import User
from marketplace.accounts.names import NameRefused

pytestmark = pytest.mark.django_db


def test_a_name_is_kept_and_shown(client: Client, alice: User) -> None:
    client.force_login(alice)
    answer = client.post("/settings/profile/", {"name": "Alice O."}, follow=True)
    alice.refresh_from_db()
    assert alice.label == "Alice O."
    assert "Saved." in answer.content.decode()


@pytest.mark.parametrize("name", ["\u0410lice", "Alice\u202e", "Parley Support", "x"])
def test_a_misleading_name_is_answered_with_a_sentence(
    client: Client, alice: User, name: str
) -> None:
    """W06."""
    client.force_login(alice)
    page = client.post("/settings/profile/", {"name": name}).content.decode()
    alice.refresh_from_db()
    assert alice.name == "Alice"
    assert 'class="hint is-bad"' in page


def test_two_people_cannot_look_the_same(alice: User, bob: User) -> None:
    """W06."""
    services.rename(alice, "Marta")
    with pytest.raises(NameRefused, match="looks the same"):
        services.rename(bob, "MART\u00c1")
    bob.refresh_from_db()
    assert bob.name == "Bob"


def test_a_name_can_be_taken_away(alice: User, bob: User) -> None:
    services.rename(alice, "")
    services.rename(bob, "")
    alice.refresh_from_db()
    assert alice.label == f"{alice.address[:6]}…{alice.address[-4:]}"


def test_a_role_is_granted_and_revoked_by_the_command(alice: User) -> None:
    out = StringIO()
    call_command("grant", "arbitrator", alice.address.lower(), stdout=out)
    assert out.getvalue().strip() == f"{alice.address} is arbitrator now."
    assert has_role(User.objects.get(pk=alice.pk), "arbitrator")
    call_command("grant", "arbitrator", alice.address, "--revoke", stdout=out)
    assert not has_role(User.objects.get(pk=alice.pk), "arbitrator")


def test_a_role_may_come_before_the_first_sign_in() -> None:
    address = "0x000000000000000000000000000000000000dEaD"
    user = services.grant("operator", address)
    assert (user.address, user.is_staff, user.is_superuser) == (address, True, True)


def test_a_moderator_is_no_operator(alice: User) -> None:
    user = services.grant("moderator", alice.address)
    assert not user.is_staff
    assert not has_role(user, "operator")


@pytest.mark.parametrize(("role", "address"), [("king", "0x" + "0" * 40), ("operator", "0x12")])
def test_a_wrong_grant_is_one_sentence(role: str, address: str) -> None:
    with pytest.raises(CommandError):
        call_command("grant", role, address)


def test_revoking_ends_the_sessions(client: Client, alice: User) -> None:
    services.grant("moderator", alice.address)
    client.force_login(alice)
    services.revoke("moderator", alice.address)
    assert client.get("/settings/profile/").status_code == 302


def test_suspension_closes_new_trades_only_and_says_until_when(alice: User) -> None:
    services.suspend(alice, until=timezone.now() + timedelta(days=3), reason="Fake receipts.")
    with pytest.raises(
        Suspended, match=r"until .* Reason: Fake receipts\. Trades that are open can be finished"
    ):
        active_trader(alice)
    services.lift_suspension(alice)
    assert active_trader(alice) is alice


def test_a_suspension_ends_by_itself(alice: User) -> None:
    services.suspend(alice, until=timezone.now() - timedelta(seconds=1), reason="")
    assert active_trader(alice) is alice


@pytest.mark.parametrize("url", ["/settings/profile/", "/inbox/", "/offers/", "/offers/new/side/"])
def test_a_stranger_is_sent_to_sign_in_and_back(client: Client, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 302
    assert answer.url == f"/connect/?next={url.replace('/', '%2F')}"


def test_the_settings_list_the_person_s_browsers(client: Client, alice: User, cast: Any) -> None:
    client.force_login(alice)
    assert "None yet." in client.get("/settings/profile/").content.decode()
