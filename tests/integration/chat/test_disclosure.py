"""An arbitrator reads what a party opened for him: those messages, by his own key, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from chat import lines, services
from chat.devices import add_stock, observe
from chat.errors import BadMessage, NothingToOpen
from chat.models import Device, Disclosure, Entry, Room
from chat.sealed.layout import Envelope
from chat.sealed.messages import Content, open_with, opened_keys, opening
from chat.selectors import (
    case_page,
    disclosed_entries,
    entries_after,
    entry_json,
    page_of,
    unread_count,
)
from practice.voice import Voice, newest_keys
from tests.drivers.sealing import Talk, voice_of

AUDIENCE = "desk"


@pytest.fixture
def room(alice: Any, bob: Any) -> Room:
    return services.open_room("trade-1", members=[(alice, "seller"), (bob, "buyer")])


@pytest.fixture
def talk(room: Room, alice: Any, bob: Any) -> Talk:
    """Keys are entries 1 and 2, four messages follow."""
    talking = Talk(room)
    for person in (alice, bob):
        talking.voice(person)
    for number, sender in enumerate([alice, bob, alice, bob]):
        talking.say(sender, f"message {number}")
    return talking


@pytest.fixture
def judge(talk: Talk, dana: Any) -> Voice:
    """Dana may be shown messages; her key is entry 7."""
    observe(talk.room, dana, "arbitrator")
    voice = voice_of(dana)
    voice.join(talk.room)
    return voice


def keys_of(talk: Talk, by: Any, entries: list[Entry]) -> Content:
    voice = talk.voice(by)
    pairs = []
    for entry in entries:
        envelope = Envelope.parse(bytes(entry.body))
        sender = next(k for k in newest_keys(talk.room) if k.name == envelope.front.statement)
        key = voice.device.key_of(envelope, sender)
        assert key is not None
        pairs.append((envelope.name, key))
    return opening(pairs)


def open_for(talk: Talk, by: Any, judge: Voice, seqs: list[int], **more: Any) -> Entry:
    entries = list(talk.room.entries.filter(seq__in=seqs))
    readers = [judge.join(talk.room), talk.voice(by).join(talk.room)]
    content = keys_of(talk, by, entries)
    opens = {"opens": seqs, "audience": AUDIENCE} | more
    return talk.voice(by).post(talk.room, content, readers=readers, **opens)


def read_by(judge: Voice, room: Room) -> dict[int, str]:
    """What the arbitrator can read, from nothing but what the desk is given."""
    texts: dict[int, str] = {}
    keys: dict[bytes, bytes] = {}
    given = disclosed_entries(room, AUDIENCE)
    for disclosure in Disclosure.objects.filter(room=room, audience=AUDIENCE):
        content = judge.read(disclosure.opening)
        assert content is not None
        keys |= dict(opened_keys(content))
    for entry in given:
        envelope = Envelope.parse(bytes(entry.body))
        texts[entry.seq] = open_with(envelope, keys[envelope.name]).data.decode()
    return texts


def test_only_what_was_opened_is_readable_and_the_room_is_told(
    talk: Talk, judge: Voice, alice: Any, bob: Any
) -> None:
    """M07, E07: each side adds to what the arbitrator may read; another audience reads nothing."""
    room = talk.room
    open_for(talk, alice, judge, [3, 4])
    open_for(talk, bob, judge, [4, 6])
    assert [entry.seq for entry in disclosed_entries(room, AUDIENCE)] == [3, 4, 6]
    assert disclosed_entries(room, "case:other") == []
    assert read_by(judge, room) == {3: "message 0", 4: "message 1", 6: "message 3"}
    told = [entry_json(entry)["text"] for entry in entries_after(room, 7) if entry.kind == "system"]
    assert told == [
        "Alice let the arbitrator read 2 messages of this chat",
        "Bob let the arbitrator read 2 messages of this chat",
    ]


def test_desk_gets_hashes_of_all_and_bytes_of_what_was_opened(
    talk: Talk, judge: Voice, alice: Any, dana: Any
) -> None:
    """E07: a gap is a gap with its hash, and the log's chain goes over it."""
    open_for(talk, alice, judge, [4])
    page = case_page(talk.room, dana, AUDIENCE, 0)
    shown = {entry["seq"]: entry for entry in page["entries"]}
    assert [seq for seq, entry in shown.items() if "body" in entry] == [1, 2, 4, 7, 8]
    for seq in (3, 5, 6):
        stored = Entry.objects.get(room=talk.room, seq=seq)
        assert shown[seq]["hash"] == bytes(stored.hash).hex()
        assert shown[seq]["head"] == bytes(stored.head).hex()
    assert [one["address"] for one in page["observers"]] == [dana.address]
    assert page["observers"][0]["bindings"][0]["device"] == "0x" + judge.device.name.hex()
    assert shown[7]["observer"] == {"address": dana.address, "role": "arbitrator"}


def test_arbitrators_key_comes_from_the_stock_while_he_is_away(
    talk: Talk, alice: Any, dana: Any
) -> None:
    """E09: only a device that the arbitrator's own wallet signed for gets a key into the room."""
    voice = voice_of(dana)
    device = Device.objects.get(user=dana)
    add_stock(device, [voice.device.stock_key(is_last=True).packed])
    observe(talk.room, dana, "arbitrator")
    (entry,) = talk.room.entries.filter(observer__user=dana)
    assert entry.kind == "key"
    open_for(talk, alice, voice, [3])
    assert read_by(voice, talk.room) == {3: "message 0"}


def test_nothing_is_opened_for_somebody_else(talk: Talk, alice: Any, bob: Any, dana: Any) -> None:
    """E09: an opening that is not sealed for the arbitrator opens nothing, and tells nobody that it did."""
    own = talk.voice(alice)
    content = keys_of(talk, alice, talk.messages()[:1])
    before = talk.room.entries.count()
    for watching in (False, True):
        if watching:
            observe(talk.room, dana, "arbitrator")
            voice_of(dana).join(talk.room)
            before += 1
        with pytest.raises(NothingToOpen, match="not sealed for the arbitrator"):
            own.post(talk.room, content, opens=[3], audience=AUDIENCE)
    assert talk.room.entries.count() == before
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize("seqs", [[], [99], [-1], [1], [3, 99], [7], list(range(3, 130))])
def test_numbers_that_are_no_messages_are_refused(
    talk: Talk, judge: Voice, alice: Any, seqs: list[int]
) -> None:
    """Past the end, a key, another room's: nothing is stored."""
    content = keys_of(talk, alice, talk.messages()[:1])
    readers = [judge.join(talk.room)]
    with pytest.raises(NothingToOpen):
        talk.voice(alice).post(talk.room, content, readers=readers, opens=seqs, audience=AUDIENCE)
    assert not Disclosure.objects.exists()
    assert len(talk.messages()) == 4


def test_audience_is_a_plain_name(talk: Talk, judge: Voice, alice: Any) -> None:
    with pytest.raises(BadMessage):
        open_for(talk, alice, judge, [3], audience="<b>")
    with pytest.raises(BadMessage):
        open_for(talk, alice, judge, [3], audience="")
    assert not Disclosure.objects.exists()


def test_other_party_sees_which_messages_were_opened(
    talk: Talk, judge: Voice, alice: Any, bob: Any
) -> None:
    open_for(talk, alice, judge, [3, 4])
    page = page_of(talk.room, bob, 7)
    assert [entry["kind"] for entry in page["entries"]] == ["message", "system"]
    assert "2 messages" in page["entries"][1]["text"]


def test_staff_line_names_who_speaks_and_slip_shows_its_rows(room: Room, dana: Any) -> None:
    """K21, product rule 7: a line's kind and words come from the server alone."""
    lines.register("test_says", "{text}")
    lines.register("test_slip", "{who} proposes", slip=True)
    services.post_line(room, "test_says", {"text": "I have\u202e your case."}, staff_by=dana)
    services.post_line(
        room, "test_slip", {"who": "Bob", "rows": [{"label": "Price", "was": "1", "now": "2"}]}
    )
    staff, slip = (entry_json(entry) for entry in entries_after(room, 0))
    assert (staff["kind"], staff["by"], staff["text"]) == ("staff", "Dana", "I have your case.")
    assert (slip["kind"], slip["text"]) == ("system", "Bob proposes")
    assert slip["rows"] == [{"label": "Price", "was": "1", "now": "2"}]


def test_unread_are_the_entries_of_others_not_looked_at(talk: Talk, alice: Any, carol: Any) -> None:
    """Keys are nobody's news."""
    assert unread_count(talk.room, alice) == 2
    services.mark(talk.room, alice, read=4)
    assert unread_count(talk.room, alice) == 1
    assert unread_count(talk.room, carol) == 0


def test_opening_a_room_again_changes_nothing_and_a_member_may_come_back(
    room: Room, alice: Any, bob: Any
) -> None:
    again = services.open_room("trade-1", members=[(alice, "seller"), (bob, "buyer")])
    assert (again.pk, again.members.count()) == (room.pk, 2)
    services.remove_member(room, bob)
    assert services.add_member(room, bob, "buyer").left_at is None
    assert Talk(room).say(bob).seq == 2
