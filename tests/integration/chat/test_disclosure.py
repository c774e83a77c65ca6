"""An arbitrator reads what a party let him read: those messages, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from chat import lines, services
from chat.errors import EmptyMessage, NotAMember
from chat.models import Room
from chat.selectors import disclosed_entries, entries_after, entry_json, unread_count

AUDIENCE = "case:7F3K-22"


@pytest.fixture
def room(alice: Any, bob: Any) -> Room:
    room = services.open_room("trade-1", members=[(alice, "seller"), (bob, "buyer")])
    for number, sender in enumerate([alice, bob, alice, bob]):
        services.post_message(
            room=room,
            sender=sender,
            client_id=f"client-id-{number}",
            device="",
            body=b"%d" % number,
        )
    return room


def test_only_what_was_shown_is_readable_and_the_room_is_told(
    room: Room, alice: Any, bob: Any
) -> None:
    """M07: each side adds to what the audience may read; another audience reads nothing."""
    services.disclose(room=room, by=alice, seqs=[2, 3], audience=AUDIENCE)
    services.disclose(room=room, by=bob, seqs=[3, 4], audience=AUDIENCE)
    assert [entry.seq for entry in disclosed_entries(room, AUDIENCE)] == [2, 3, 4]
    assert disclosed_entries(room, "case:other") == []
    told = [entry_json(entry)["text"] for entry in entries_after(room, 4)]
    assert told == [
        "Alice let the arbitrator read 2 messages of this chat",
        "Bob let the arbitrator read 2 messages of this chat",
    ]


def test_stranger_cannot_disclose(room: Room, carol: Any) -> None:
    with pytest.raises(NotAMember):
        services.disclose(room=room, by=carol, seqs=[1], audience=AUDIENCE)
    assert disclosed_entries(room, AUDIENCE) == []


def test_nothing_to_show_is_refused(room: Room, alice: Any) -> None:
    """Numbers past the end and another room's numbers are nothing."""
    with pytest.raises(EmptyMessage):
        services.disclose(room=room, by=alice, seqs=[99, -1], audience=AUDIENCE)
    assert disclosed_entries(room, AUDIENCE) == []


def test_staff_line_names_who_speaks_and_slip_shows_its_rows(room: Room, dana: Any) -> None:
    """K21, product rule 7: a line's kind and words come from the server alone."""
    lines.register("test_says", "{text}")
    lines.register("test_slip", "{who} proposes", slip=True)
    services.post_line(room, "test_says", {"text": "I have\u202e your case."}, staff_by=dana)
    services.post_line(
        room, "test_slip", {"who": "Bob", "rows": [{"label": "Price", "was": "1", "now": "2"}]}
    )
    staff, slip = (entry_json(entry) for entry in entries_after(room, 4))
    assert (staff["kind"], staff["by"], staff["text"]) == ("staff", "Dana", "I have your case.")
    assert (slip["kind"], slip["text"]) == ("system", "Bob proposes")
    assert slip["rows"] == [{"label": "Price", "was": "1", "now": "2"}]


def test_unread_are_the_entries_of_others_not_looked_at(
    room: Room, alice: Any, bob: Any, carol: Any
) -> None:
    assert unread_count(room, alice) == 2
    services.mark(room, alice, read=2)
    assert unread_count(room, alice) == 1
    assert unread_count(room, carol) == 0


def test_opening_a_room_again_changes_nothing_and_a_member_may_come_back(
    room: Room, alice: Any, bob: Any
) -> None:
    again = services.open_room("trade-1", members=[(alice, "seller"), (bob, "buyer")])
    assert (again.pk, again.members.count()) == (room.pk, 2)
    services.remove_member(room, bob)
    assert services.add_member(room, bob, "buyer").left_at is None
    assert (
        services.post_message(
            room=room, sender=bob, client_id="client-id-9", device="", body=b"x"
        ).seq
        == 5
    )
