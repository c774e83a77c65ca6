"""The back office under /ops/: who gets in, what can be changed there, and its own policy."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client

from marketplace.accounts.models import User
from marketplace.moderation.models import AuditEntry
from marketplace.trades.models import Trade


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_stranger_is_sent_to_the_wallet_and_back(db: None) -> None:
    client = Client()

    first = client.get("/ops/")
    second = client.get(first["Location"])

    assert second.status_code == 302
    assert second["Location"] == "/connect/?next=%2Fops%2F"


def test_the_way_back_never_leads_elsewhere(db: None) -> None:
    """W15."""
    response = Client().get("/ops/login/?next=https://evil.example/")

    assert response["Location"] == "/connect/?next=%2Fops%2F"


@pytest.mark.parametrize("who", ["alice", "dana", "mia"])
def test_nobody_without_the_role_gets_in(who: str, request: pytest.FixtureRequest) -> None:
    """M05."""
    client = signed_in(request.getfixturevalue(who))

    response = client.get("/ops/accounts/user/")

    assert response.status_code == 302
    assert client.get(response["Location"])["Location"] == "/"


def test_django_flags_open_nothing(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)

    assert signed_in(User.objects.get(pk=alice.pk)).get("/ops/").status_code == 302


def test_an_operator_sees_every_table(olga: User, trade: Trade) -> None:
    client = signed_in(olga)
    assert client.get("/ops/").status_code == 200

    for model in admin.site._registry:
        path = f"/ops/{model._meta.app_label}/{model._meta.model_name}/"
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("superuser", [False, True])
def test_nothing_but_a_persons_name_and_roles_can_be_changed(
    olga: User, trade: Trade, superuser: bool
) -> None:
    """M05: forged posts of add, change and delete for every table are refused, whatever Django's own flags say."""
    User.objects.filter(pk=olga.pk).update(is_superuser=superuser)
    client = signed_in(User.objects.get(pk=olga.pk))

    for model in admin.site._registry:
        path = f"/ops/{model._meta.app_label}/{model._meta.model_name}/"
        assert client.post(path + "add/", {}).status_code == 403, path
        row = model._default_manager.first()
        if row is None:
            continue
        assert client.post(f"{path}{row.pk}/delete/", {"post": "yes"}).status_code == 403, path
        if model is not User:
            assert client.post(f"{path}{row.pk}/change/", {}).status_code == 403, path
        bulk = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}
        client.post(path, bulk)
        assert model._default_manager.filter(pk=row.pk).exists(), path


def test_a_trades_row_shows_no_account(olga: User, trade: Trade) -> None:
    """M12: account details open only to the parties."""
    page = signed_in(olga).get(f"/ops/marketplace/trade/{trade.pk}/change/").content.decode()

    assert "7F3K-22" in page
    assert "LT121000011101001000" not in page
    assert "Jonas Weber" not in page


def test_roles_are_given_with_a_trace(olga: User, alice: User) -> None:
    """M06."""
    role = Group.objects.get_or_create(name="moderator")[0]

    response = signed_in(olga).post(
        f"/ops/accounts/user/{alice.pk}/change/", {"name": "Alice", "groups": [str(role.pk)]}
    )

    assert response.status_code == 302
    assert list(alice.groups.values_list("name", flat=True)) == ["moderator"]
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.subject) == (
        olga,
        "ops.person",
        f"user:{alice.address}",
    )
    assert entry.details == {
        "changed": ["groups"],
        "roles_before": [],
        "roles_after": ["moderator"],
    }


def test_nobody_changes_his_own_roles(olga: User) -> None:
    role = Group.objects.get_or_create(name="arbitrator")[0]

    response = signed_in(olga).post(
        f"/ops/accounts/user/{olga.pk}/change/", {"name": "Olga", "groups": [str(role.pk)]}
    )

    assert response.status_code == 403
    assert list(olga.groups.values_list("name", flat=True)) == ["operator"]
    assert AuditEntry.objects.count() == 0


def test_no_other_field_of_a_person_is_taken_from_a_post(olga: User, alice: User) -> None:
    """W09."""
    before = alice.address

    signed_in(olga).post(
        f"/ops/accounts/user/{alice.pk}/change/",
        {
            "name": "Alice",
            "address": "0x" + "00" * 19 + "01",
            "is_superuser": "on",
            "is_staff": "on",
            "session_epoch": "9",
        },
    )

    alice.refresh_from_db()
    assert (alice.address, alice.is_superuser, alice.is_staff, alice.session_epoch) == (
        before,
        False,
        False,
        0,
    )


def test_the_back_office_leaves_one_directive_out_and_keeps_the_rest(olga: User) -> None:
    policy = signed_in(olga).get("/ops/")["Content-Security-Policy"]

    assert "trusted-types" not in policy
    assert "require-trusted-types-for" not in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_there_is_no_password_page(olga: User) -> None:
    assert signed_in(olga).get("/ops/password_change/").status_code == 404
