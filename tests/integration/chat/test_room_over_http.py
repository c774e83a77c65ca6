"""The HTTP twin: same services, same refusals, the same 404 for what is absent and what is another's."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.test import Client

from chat import services
from chat.models import Room

pytestmark = pytest.mark.urls("chat.urls")

URL = "/rooms/trade-1/entries/"


@pytest.fixture
def room(alice: Any, bob: Any) -> Room:
    return services.open_room("trade-1", members=[(alice, "seller"), (bob, "buyer")])


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def message(text: str = "Hello.", **change: Any) -> dict[str, Any]:
    body = base64.b64encode(text.encode()).decode()
    return {"v": 1, "kind": "text", "clientId": "client-id-1", "device": "", "body": body} | change


def post(client: Client, data: Any, url: str = URL) -> Any:
    text = data if isinstance(data, str | bytes) else json.dumps(data)
    return client.post(url, text, content_type="application/json")


def test_message_is_stored_and_read_by_the_other(room: Room, alice: Any, bob: Any) -> None:
    answer = post(browser(alice), message())
    assert answer.status_code == 201
    assert answer.json()["entry"]["seq"] == 1
    page = browser(bob).get(URL).json()
    assert page["last"] == 1
    assert page["entries"] == [answer.json()["entry"]]
    assert [(m["role"], m["label"], m["isMe"], m["read"]) for m in page["members"]] == [
        ("seller", "Alice", False, 0),
        ("buyer", "Bob", True, 0),
    ]
    assert page["entries"][0]["sender"] == page["members"][0]["id"]


def test_retry_gets_the_same_answer_and_other_content_a_conflict(room: Room, alice: Any) -> None:
    """K04."""
    client = browser(alice)
    answers = [post(client, message()).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    other = post(client, message("Something else."))
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")
    assert room.entries.count() == 1


def test_absent_and_forbidden_look_the_same(room: Room, carol: Any) -> None:
    """K09."""
    client = browser(carol)
    answers = [
        (a.status_code, a.content)
        for url in (URL, "/rooms/trade-2/entries/")
        for a in (client.get(url), post(client, message(), url))
    ]
    answers += [
        (a.status_code, a.content) for a in [post(client, {"read": 1}, "/rooms/trade-1/marks/")]
    ]
    assert set(answers) == {answers[0]}
    assert answers[0][0] == 404
    assert room.entries.count() == 0


def test_visitor_is_told_to_sign_in(room: Room) -> None:
    answer = Client().get(URL)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "signed_out")


def test_post_needs_the_token(room: Room, alice: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert post(client, message()).status_code == 403
    assert room.entries.count() == 0


@pytest.mark.parametrize(
    ("query", "seqs"),
    [
        ("", [1, 2, 3]),
        ("?after=0&limit=2", [1, 2]),
        ("?after=2", [3]),
        ("?after=3", []),
        ("?after=99999", []),
        ("?after=-5&limit=-1", [1]),
        ("?after=9223372036854775808", []),
        ("?limit=100000", [1, 2, 3]),
    ],
)
def test_every_whole_number_is_a_cursor(
    room: Room, alice: Any, query: str, seqs: list[int]
) -> None:
    """K07."""
    for number in range(3):
        post(browser(alice), message(clientId=f"client-id-{number}"))
    page = browser(alice).get(URL + query).json()
    assert [entry["seq"] for entry in page["entries"]] == seqs
    assert page["last"] == 3


@pytest.mark.parametrize("query", ["?after=x", "?after=1.5", "?limit=%00", "?after=1e3"])
def test_other_cursors_are_refused(room: Room, alice: Any, query: str) -> None:
    """K07."""
    assert browser(alice).get(URL + query).status_code == 400


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ("", 400, "bad_frame"),
        ("[]", 400, "bad_message"),
        ('{"v":1,"v":1}', 400, "bad_frame"),
        ("[" * 1000, 400, "bad_frame"),
        (b"\xff\xfe", 400, "bad_frame"),
        (message(v=2), 400, "bad_message"),
        (message(v=True), 400, "bad_message"),
        (message(kind="system"), 400, "bad_message"),
        (message(kind="staff"), 400, "bad_message"),
        (message(kind=["text"]), 400, "bad_message"),
        (message(clientId=7), 400, "bad_message"),
        (message(clientId="\ud800abcdefgh"), 400, "bad_message"),
        (message(body="not base64!"), 400, "bad_message"),
        (message(body=""), 400, "empty_message"),
        (message("x" * 4001), 413, "message_too_long"),
        ({"padding": "x" * 70_000}, 413, "message_too_long"),
        (message(device="0xZZ"), 400, "bad_message"),
    ],
)
def test_malformed_message_is_a_typed_refusal(
    room: Room, alice: Any, data: Any, status: int, code: str
) -> None:
    """K11, N10, N13."""
    answer = post(browser(alice), data)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["text"]
    assert room.entries.count() == 0


def test_flood_is_told_when_to_come_back(room: Room, alice: Any) -> None:
    """K12, W17."""
    client = browser(alice)
    for number in range(20):
        assert post(client, message(clientId=f"client-id-{number}")).status_code == 201
    answer = post(client, message(clientId="client-id-20"))
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 11


def test_marks_move_forward_and_not_past_the_end(room: Room, alice: Any, bob: Any) -> None:
    for number in range(3):
        post(browser(alice), message(clientId=f"client-id-{number}"))
    client = browser(bob)

    def mark(**marks: Any) -> Any:
        return post(client, marks, "/rooms/trade-1/marks/").json()

    assert mark(delivered=2) == {"delivered": 2, "read": 0}
    assert mark(read=1) == {"delivered": 2, "read": 1}
    assert mark(read=99) == {"delivered": 3, "read": 3}
    assert mark(delivered=1, read=1) == {"delivered": 3, "read": 3}
    assert mark(delivered=-1, read=-1) == {"delivered": 3, "read": 3}
    assert mark(read="3")["error"]["code"] == "bad_message"
    members = browser(alice).get(URL).json()["members"]
    assert [(m["label"], m["delivered"], m["read"]) for m in members] == [
        ("Alice", 0, 0),
        ("Bob", 3, 3),
    ]


def test_reading_writes_nothing(room: Room, alice: Any, django_assert_max_num_queries: Any) -> None:
    client = browser(alice)
    post(client, message())
    with django_assert_max_num_queries(6) as queries:
        client.get(URL)
    assert not [q for q in queries if not q["sql"].startswith("SELECT")]
