"""The HTTP twin: same services, same refusals, the same 404 for what is absent and what is another's."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.test import Client

from chat import services
from chat.models import Room
from chat.sealed import log
from chat.sealed.layout import Envelope
from chat.sealed.messages import text
from escrow.chain.siwe import SignInMessage
from tests.drivers.sealing import Talk, client_id, recovered

pytestmark = pytest.mark.urls("chat.urls")

URL = "/rooms/trade-1/entries/"


@pytest.fixture
def room(alice: Any, bob: Any) -> Room:
    return services.open_room("trade-1", members=[(alice, "seller"), (bob, "buyer")])


@pytest.fixture
def talk(room: Room, alice: Any, bob: Any) -> Talk:
    """Both are here with their keys: entries 1 and 2."""
    talking = Talk(room)
    talking.voice(alice)
    talking.voice(bob)
    return talking


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def frame(**change: Any) -> dict[str, Any]:
    """A post that is no sealed message, but has its fields."""
    body = base64.b64encode(b"Hello.").decode()
    return {"v": 2, "kind": "message", "clientId": client_id("x"), "body": body} | change


def sealed(talk: Talk, user: Any, words: str = "Hello.", name: str = "client-id-1") -> Any:
    """The post of a sealed message."""
    number = client_id(name)
    envelope = talk.voice(user).sealed(talk.room, text(words), number)
    return frame(clientId=number, body=base64.b64encode(envelope.packed).decode())


def post(client: Client, data: Any, url: str = URL) -> Any:
    text = data if isinstance(data, str | bytes) else json.dumps(data)
    return client.post(url, text, content_type="application/json")


def test_message_is_stored_and_read_by_the_other(talk: Talk, alice: Any, bob: Any) -> None:
    answer = post(browser(alice), sealed(talk, alice))
    assert answer.status_code == 201
    assert answer.json()["entry"]["seq"] == 3
    page = browser(bob).get(URL).json()
    assert page["last"] == 3
    assert page["entries"][2:] == [answer.json()["entry"]]
    assert talk.voice(bob).heard(talk.room) == ["Hello."]
    assert [(m["role"], m["label"], m["isMe"], m["read"]) for m in page["members"]] == [
        ("seller", "Alice", False, 0),
        ("buyer", "Bob", True, 0),
    ]
    assert page["entries"][2]["sender"] == page["members"][0]["id"]


def test_page_gives_all_that_a_reader_checks(talk: Talk, alice: Any, bob: Any) -> None:
    """docs/CHAT.md: hashes, heads and receipts of every kind of entry, and the sign-ins that bind the devices."""
    talk.say(alice)
    services.post_line(talk.room, "disclosed", {"name": "Zoë", "what": "2 messages"})
    page = browser(bob).get(URL).json()
    room, hub = bytes.fromhex(page["room"]), bytes.fromhex(page["hub"])
    head = log.empty_head(room)
    for entry in page["entries"]:
        content = base64.b64decode(entry["body"]) if "body" in entry else entry["data"].encode()
        head = log.next_head(
            head, log.entry_hash(entry["seq"], entry["at"], entry["kind"], content)
        )
        assert entry["head"] == head.hex()
        receipt = bytes.fromhex(entry["receipt"])
        assert log.is_receipt(hub, receipt, room, entry["seq"], entry["at"], head)
    assert page["head"] == head.hex()
    for member, user in zip(page["members"], (alice, bob), strict=True):
        (binding,) = member["bindings"]
        signed = SignInMessage.parse(binding["message"])
        assert (member["address"], signed.address) == (user.address, user.address)
        assert (signed.signing_key.hex(), signed.device_hash) == (
            binding["signing"],
            binding["device"],
        )
        assert recovered(signed.digest(), binding["signature"]) == user.address


def test_key_of_the_hubs_receipts_is_public(room: Room, alice: Any) -> None:
    key = Client().get("/.well-known/parley-receipt-key").json()["ed25519"]
    assert key == browser(alice).get(URL).json()["hub"]


def test_retry_gets_the_same_answer_and_other_content_a_conflict(talk: Talk, alice: Any) -> None:
    """K04."""
    client, whole = browser(alice), sealed(talk, alice)
    answers = [post(client, whole).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    other = post(client, sealed(talk, alice, "Something else."))
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")
    assert len(talk.messages()) == 1


def test_tab_that_was_overtaken_is_told_what_comes_next(talk: Talk, alice: Any) -> None:
    """E10: two tabs seal with one index; the second gets index and predecessor, and seals anew."""
    client = browser(alice)
    first, second = (sealed(talk, alice, name=f"client-id-{number}") for number in (1, 2))
    assert post(client, first).status_code == 201
    answer = post(client, second)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "out_of_order")
    said = Envelope.parse(base64.b64decode(first["body"]))
    error = answer.json()["error"]
    assert (error["index"], error["previous"]) == (2, said.name.hex())
    assert post(client, sealed(talk, alice, name="client-id-2")).status_code == 201


def test_absent_and_forbidden_look_the_same(room: Room, carol: Any) -> None:
    """K09."""
    client = browser(carol)
    answers = [
        (a.status_code, a.content)
        for url in (URL, "/rooms/trade-2/entries/")
        for a in (client.get(url), post(client, frame(), url))
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
    assert post(client, frame()).status_code == 403
    assert room.entries.count() == 0


@pytest.mark.parametrize(
    ("query", "seqs"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("?after=0&limit=2", [1, 2]),
        ("?after=4", [5]),
        ("?after=5", []),
        ("?after=99999", []),
        ("?after=-5&limit=-1", [1]),
        ("?after=9223372036854775808", []),
        ("?limit=100000", [1, 2, 3, 4, 5]),
    ],
)
def test_every_whole_number_is_a_cursor(
    talk: Talk, alice: Any, query: str, seqs: list[int]
) -> None:
    """K07."""
    for _ in range(3):
        talk.say(alice)
    page = browser(alice).get(URL + query).json()
    assert [entry["seq"] for entry in page["entries"]] == seqs
    assert page["last"] == 5


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
        (frame(v=1), 400, "bad_message"),
        (frame(v=True), 400, "bad_message"),
        (frame(kind="text"), 400, "bad_message"),
        (frame(kind="system"), 400, "bad_message"),
        (frame(kind="staff"), 400, "bad_message"),
        (frame(kind=["message"]), 400, "bad_message"),
        (frame(clientId=7), 400, "bad_message"),
        (frame(clientId="\ud800abcdefgh"), 400, "bad_message"),
        (frame(body="not base64!"), 400, "bad_message"),
        (frame(body=""), 400, "bad_seal"),
        (frame(), 400, "bad_seal"),
        (frame(kind="key"), 400, "bad_seal"),
        (frame(body="x" * 13_336), 413, "message_too_long"),
        ({"padding": "x" * 70_000}, 413, "message_too_long"),
        (frame(opens="1"), 400, "bad_message"),
        (frame(opens=[True]), 400, "bad_message"),
        (frame(files=["../../x"]), 400, "bad_message"),
        (frame(files=[client_id("a")] * 5), 400, "bad_message"),
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


def test_flood_is_told_when_to_come_back(talk: Talk, alice: Any) -> None:
    """K12, W17."""
    client = browser(alice)
    for number in range(20):
        whole = sealed(talk, alice, name=f"client-id-{number}")
        assert post(client, whole).status_code == 201
    answer = post(client, sealed(talk, alice, name="client-id-20"))
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 11


def test_marks_move_forward_and_not_past_the_end(talk: Talk, alice: Any) -> None:
    bob = talk.room.members.get(role="buyer").user
    talk.say(alice)
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


def test_reading_writes_nothing(talk: Talk, alice: Any, django_assert_max_num_queries: Any) -> None:
    client = browser(alice)
    talk.say(alice)
    with django_assert_max_num_queries(9) as queries:
        client.get(URL)
    assert not [q for q in queries if not q["sql"].startswith("SELECT")]
