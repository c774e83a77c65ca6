"""The permission table over every address of the site, walked person by person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from escrow.chain.keys import ALICE, BOB, DANA, cast_account
from marketplace.accounts.models import User
from marketplace.disputes.services import open_due_cases, room_of
from marketplace.moderation.services.cases import claim_case
from marketplace.moderation.services.rulings import draft_ruling
from tests.integration.desk.conftest import staff
from tests.integration.disputes import rows
from tests.integration.permissions import table

# Every address, asked by everybody.
pytestmark = pytest.mark.timeout(600)

_ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Stage:
    """The people's sessions by name, and what fills an address's arguments."""

    sessions: dict[str, str]
    values: dict[str, str]

    def client(self, person: str, *, strict: bool = False) -> Client:
        """A browser of this person; a new one each time, since signing out would end it for the next row."""
        client = Client(raise_request_exception=False, enforce_csrf_checks=strict)
        if person != table.ANONYMOUS:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[person]
        return client


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any, page_bundle: None) -> Iterator[Stage]:
    """One world for the whole table: every request is rolled back on its own, the world at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield _stage()
        transaction.set_rollback(True)


def _stage() -> Stage:
    people = {
        "stranger": staff("0x00000000000000000000000000000000000000b2", "Stan"),
        "buyer": staff(cast_account(BOB).address, "Bob"),
        "seller": staff(cast_account(ALICE).address, "Alice"),
        "maker": staff("0x00000000000000000000000000000000000000b1", "Max"),
        "arbitrator": staff(cast_account(DANA).address, "Dana", "arbitrator"),
        "moderator": staff("0x00000000000000000000000000000000000000a1", "Mia", "moderator"),
        "operator": staff("0x00000000000000000000000000000000000000a3", "Olga", "operator"),
    }
    return Stage({name: _session(person) for name, person in people.items()}, _values(people))


def _session(person: User) -> str:
    client = Client()
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _values(people: dict[str, User]) -> dict[str, str]:
    """A trade in review with a ruling drafted, and an offer of somebody else."""
    world, dana = rows.world(), people["arbitrator"]
    trade = rows.paid_trade(world, seller=people["seller"], buyer=people["buyer"], arbitrator=dana)
    rows.put_in_review(world, trade, by=people["seller"])
    other = rows.paid_trade(
        world,
        seller=people["maker"],
        buyer=staff("0x" + "00" * 19 + "b3", "Zoe"),
        arbitrator=dana,
        ref="2MDA-17",
    )
    open_due_cases()
    claim_case(trade, by=dana)
    findings = dict.fromkeys(("paid", "on_time", "right_name", "right_amount"), "no")
    ruling = draft_ruling(
        trade,
        by=dana,
        findings=findings,
        to_buyer_base_units=0,
        reason="not_paid",
        letter="None was shown.",
    )
    room_of(trade)
    return {
        "ref": trade.ref,
        "public_id": other.offer.public_id,
        "address": people["seller"].address,
        "key": trade.room_key,
        "number": str(ruling.pk),
        "pk": "1",
        "name": "0b8a7c2e-1111-4222-8333-944455556666",
    }


def routes(
    resolver: URLResolver | None = None, before: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Every address pattern of the site with its view."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        else:
            yield path, entry


def own_routes() -> list[str]:
    """All but the back office's, which share one row."""
    return [
        path
        for path, _ in routes()
        if not path.startswith(table.OPS) and path not in table.IN_DEBUG_ONLY
    ]


def address_of(route: str, values: dict[str, str]) -> str:
    return "/" + _ARGUMENT.sub(lambda found: values[found.group(1)], route)


def ask(client: Client, row: table.Row, values: dict[str, str]) -> HttpResponse:
    path = address_of(row.route, {**values, **row.values})
    if row.method == "GET":
        return client.get(path)
    return (
        client.post(path, {}, content_type="application/json")
        if row.json
        else client.post(path, {})
    )


def fits(response: HttpResponse, answer: table.Answer) -> bool:
    """Whether a response is the expected one; a failure of ours never is."""
    status, leads = response.status_code, response.get("Location", "")
    to_sign_in = status == 302 and leads.startswith("/connect/")
    if answer == table.CONNECT:
        return to_sign_in
    if answer == table.LOGIN:
        return status == 302 and leads.startswith(("/ops/login/", "/ops/"))
    if answer == table.IN:
        return status not in {403, 404, 405} and status < 500 and not to_sign_in
    return status in answer if isinstance(answer, tuple) else status == answer


# The mark has the test database made; the tests that share one world below must not carry it: it would close their connection.
@pytest.mark.django_db
def test_every_route_has_a_row() -> None:
    """W08: an address nobody thought about fails here."""
    known = {row.route for row in table.ROWS}

    assert sorted(set(own_routes()) - known) == []
    assert sorted(known - set(own_routes())) == []


def test_every_row_answers_everybody_once() -> None:
    names = [row.name for row in table.ROWS]

    assert len(names) == len(set(names))
    assert all(set(row.answers) == set(table.PEOPLE) for row in table.ROWS)


@pytest.mark.parametrize("row", table.ROWS, ids=lambda row: row.name)
def test_the_table_holds(row: table.Row, stage: Stage) -> None:
    """W08, M05: each address with each person's session; absent and forbidden look the same, and reading never writes."""
    wrong = {}
    for person, answer in row.answers.items():
        with transaction.atomic(), CaptureQueriesContext(connection) as asked:
            response = ask(stage.client(person), row, stage.values)
            transaction.set_rollback(True)
        if not fits(response, answer):
            wrong[person] = (
                f"{response.status_code} {response.get('Location', '')}, expected {answer}"
            )
        elif row.method == "GET" and (written := _written(asked)):
            wrong[person] = f"wrote {written[0][:100]}"

    assert wrong == {}


def _written(asked: CaptureQueriesContext) -> list[str]:
    """The writing statements among those asked; sessions are the framework's own."""
    statements = [query["sql"] for query in asked if "django_session" not in query["sql"]]
    return [sql for sql in statements if sql.split(maxsplit=1)[0] in {"INSERT", "UPDATE", "DELETE"}]


def test_methods_without_a_row_are_refused(stage: Stage) -> None:
    """A post to a page that only reads, or a look at an act, does nothing for anybody."""
    known = {(row.method, row.route) for row in table.ROWS}
    values = {**stage.values, "side": "buy", "asset": "USDC", "currency": "EUR", "step": "side"}
    wrong = {}
    for route in own_routes():
        for method in ("GET", "POST"):
            if (method, route) in known:
                continue
            for person in table.PEOPLE:
                with transaction.atomic():
                    response = ask(stage.client(person), table.Row(method, route, {}), values)
                    transaction.set_rollback(True)
                if response.status_code not in {302, 404, 405} or (
                    response.status_code == 302 and not response["Location"].startswith("/connect/")
                ):
                    wrong[f"{method} /{route} {person}"] = response.status_code

    assert wrong == {}


def test_the_back_office_opens_to_operators_only(stage: Stage) -> None:
    """M05: every table, every page of it."""
    wrong = {}
    for route, _ in routes():
        if not route.startswith(table.OPS) or route in table.OPS_DOORS:
            continue
        path = address_of(
            _plain(route), {**stage.values, "object_id": "1", "content_type_id": "1", "url": "x"}
        )
        for person, answer in table.OPS_ANSWERS.items():
            if person == "operator":
                continue
            with transaction.atomic():
                response = stage.client(person).get(path)
                transaction.set_rollback(True)
            if not fits(response, answer):
                wrong[f"{path} {person}"] = f"{response.status_code} {response.get('Location', '')}"

    assert wrong == {}


def _plain(route: str) -> str:
    """Django's two regular expressions as addresses."""
    return re.sub(
        r"\^?\(\?P<(\w+)>[^)]*\)/?\$?",
        lambda found: f"{'accounts/' if found.group(1) == 'app_label' else 'x'}",
        route,
    )


def test_a_post_without_the_pages_token_is_refused(stage: Stage) -> None:
    """W07: on every address, for somebody who may do it."""
    wrong = {}
    for row in table.ROWS:
        if row.method != "POST" or row.route in table.WITHOUT_TOKEN:
            continue
        person = next(
            (name for name in table.SIGNED_IN if row.answers[name] == table.IN), "stranger"
        )
        with transaction.atomic():
            response = ask(stage.client(person, strict=True), row, stage.values)
            transaction.set_rollback(True)
        if response.status_code != 403:
            wrong[row.name] = response.status_code

    assert wrong == {}
