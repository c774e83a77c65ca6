"""The parties' dispute pages over HTTP, from the first sentence to the letter."""

from __future__ import annotations

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.disputes.models import Filing, Statement
from marketplace.disputes.services import open_case, open_due_cases, room_of
from marketplace.moderation.services.cases import ask_parties, claim_case, open_record
from marketplace.trades.models import Trade
from tests.drivers.sealing import Talk
from tests.integration.disputes import rows
from tests.integration.disputes.test_running_dispute import ruling_row

pytestmark = pytest.mark.usefixtures("page_bundle")
HOME = "/trade/7F3K-22/dispute/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, path: str = HOME) -> str:
    response = client.get(path)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def filing_of(trade: Trade, alice: User, story: str = "No transfer with that reference.") -> Filing:
    return open_case(
        trade=trade, by=alice, reason="not_received", story=story, wanted="all_to_seller"
    )


def test_each_side_is_offered_its_own_sentences(trade: Trade, alice: User, bob: User) -> None:
    seller, buyer = text_of(signed_in(alice)), text_of(signed_in(bob))

    assert "The money is not here yet, and I want to wait for it." in seller
    assert "I have paid, and the coins are not released." not in seller
    assert "I have paid, and the coins are not released." in buyer
    assert "The money is not here yet, and I want to wait for it." not in buyer


def test_a_reason_opens_with_its_checklist_and_a_way_back(trade: Trade, alice: User) -> None:
    page = text_of(signed_in(alice), HOME + "?reason=other_name")

    assert "send the money back to where it came from" in page
    assert "Back to the trade, no dispute" in page
    assert 'name="evidence_sender"' in page
    assert 'name="evidence_receipt"' not in page


def test_a_reason_of_the_other_side_leads_back_to_the_sentences(trade: Trade, bob: User) -> None:
    assert "What is wrong?" in text_of(signed_in(bob), HOME + "?reason=hold")


def test_from_writing_to_the_signature(trade: Trade, alice: User) -> None:
    client = signed_in(alice)

    response = client.post(
        HOME + "?reason=not_received",
        {
            "story": "Nothing came.",
            "wanted": "split",
            "to_buyer": "100.5",
            "evidence_statement": "No such booking.",
        },
    )

    filing = Filing.objects.get()
    assert response["Location"] == HOME + "review/"
    assert (filing.wanted_to_buyer, filing.evidence) == (
        100_500_000,
        {"statement": "No such booking."},
    )
    page = text_of(client, HOME + "review/")
    assert f'name="evidence" value="{filing.evidence_hash}"' in page
    assert '<app-move move="dispute" way="send"' in page
    assert 'id="trade-sheet"' in page
    assert "No such booking." in page


def test_the_buyer_signs_and_pays_no_gas(trade: Trade, bob: User) -> None:
    client = signed_in(bob)
    client.post(
        HOME + "?reason=not_released", {"story": "Sent at 14:18.", "wanted": "all_to_buyer"}
    )

    assert '<app-move move="dispute" way="sign"' in text_of(client, HOME + "review/")


def test_a_hold_needs_no_story(trade: Trade, alice: User) -> None:
    response = signed_in(alice).post(HOME + "?reason=hold", {"story": "", "wanted": "wait"})

    assert response["Location"] == HOME + "review/"
    filing = Filing.objects.get()
    assert (filing.reason, filing.wanted, filing.wanted_to_buyer) == ("hold", "wait", 0)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"story": "", "wanted": "all_to_seller"}, "Write what happened"),
        ({"story": "x" * 1501, "wanted": "all_to_seller"}, "1500"),
        ({"story": "x"}, "Say what you want to happen"),
        ({"story": "x", "wanted": "everything"}, "not one of the available choices"),
        ({"story": "x", "wanted": "split", "to_buyer": "250.000001"}, "between nothing and all"),
        ({"story": "x", "wanted": "split", "to_buyer": "1.0000001"}, "at most 6 decimals"),
        ({"story": "x", "wanted": "split", "to_buyer": "-5"}, "digits"),
        ({"story": "x", "wanted": "split", "to_buyer": "NaN"}, "digits"),
        ({"story": "x\x00y", "wanted": "all_to_seller"}, "Null characters"),
    ],
)
def test_bad_input_is_refused_beside_its_field_and_keeps_what_was_typed(
    trade: Trade, alice: User, values: dict[str, str], says: str
) -> None:
    """N05, N10."""
    response = signed_in(alice).post(HOME + "?reason=not_received", values)

    assert response.status_code == 422
    assert says in response.content.decode()
    assert Filing.objects.count() == 0


def test_nothing_is_filed_by_looking(trade: Trade, alice: User) -> None:
    """A GET never writes."""
    client = signed_in(alice)
    for path in (
        HOME,
        HOME + "?reason=hold",
        HOME + "review/",
        HOME + "panel/",
        HOME + "messages/",
    ):
        client.get(path)

    assert Filing.objects.count() == 0


@pytest.mark.parametrize("path", ["", "review/", "panel/", "messages/"])
def test_a_stranger_and_the_arbitrator_find_nothing_here(
    trade: Trade, carol: User, dana: User, path: str
) -> None:
    """W08."""
    for outsider in (carol, dana):
        assert signed_in(outsider).get(HOME + path).status_code == 404


def test_a_trade_that_cannot_be_disputed_has_no_dispute_page(trade: Trade, alice: User) -> None:
    Trade.objects.filter(pk=trade.pk).update(status="FUNDED")

    assert signed_in(alice).get(HOME).status_code == 404


def test_both_see_the_same_status_page_with_deadline_and_what_silence_means(
    world: rows.World, trade: Trade, alice: User, bob: User, dana: User
) -> None:
    rows.put_in_review(world, trade, by=alice, filing=filing_of(trade, alice), ago=1800)
    open_due_cases()
    trade.refresh_from_db()
    claim_case(trade, by=dana)

    for page in (text_of(signed_in(alice)), text_of(signed_in(bob))):
        assert "Dana reads your case" in page
        assert "13 d" in page
        assert "split in half: 125 USDC to the buyer, 125 USDC to the seller, no fee" in page
        assert "No transfer with that reference." in page
        assert "takes the case" in page


def test_what_was_asked_stands_on_the_page_of_the_one_who_is_asked(
    world: rows.World, trade: Trade, alice: User, bob: User, dana: User
) -> None:
    from datetime import UTC, datetime, timedelta

    rows.put_in_review(world, trade, by=alice)
    trade.refresh_from_db()
    claim_case(trade, by=dana)
    due = datetime.fromtimestamp(world.now, tz=UTC) + timedelta(hours=24)
    ask_parties(trade, by=dana, of="buyer", text="Your statement of 19 November.", due_at=due)

    assert "Your statement of 19 November." in text_of(signed_in(bob))
    assert "Your statement of 19 November." not in text_of(signed_in(alice))


def test_every_reader_of_the_case_is_named_to_both(
    world: rows.World, trade: Trade, alice: User, bob: User, dana: User
) -> None:
    """M07."""
    rows.put_in_review(world, trade, by=alice)
    trade.refresh_from_db()
    open_record(trade, by=dana, reason="First look")

    for person in (alice, bob):
        page = text_of(signed_in(person))
        assert "Who read this case" in page
        assert "First look" in page


def test_a_statement_is_added_from_the_page(
    world: rows.World, trade: Trade, alice: User, bob: User
) -> None:
    rows.put_in_review(world, trade, by=alice)
    client = signed_in(bob)

    response = client.post(
        HOME + "statements/", {"slot": "", "text": "Sent at 14:18.\r\nSee my bank."}
    )

    assert response["Location"] == HOME
    assert Statement.objects.get().text == "Sent at 14:18.\nSee my bank."
    assert "Sent at 14:18." in text_of(signed_in(alice))


def test_page_for_opening_messages_holds_no_word_of_them(
    world: rows.World, trade: Trade, alice: User, bob: User
) -> None:
    """E16: the page's script opens and seals; the hub only says where the room is and what was opened before."""
    rows.put_in_review(world, trade, by=alice)
    talk = Talk(room_of(trade))
    talk.voice(alice)
    talk.say(bob, "My private words")
    client = signed_in(bob)
    page = text_of(client, HOME + "messages/")
    assert f'data-room="{trade.room_key}"' in page
    assert "private words" not in page
    assert client.post(HOME + "messages/", {"seq": "1"}).status_code == 405


def test_the_decision_is_read_with_its_letter_by_both(
    world: rows.World, trade: Trade, alice: User, bob: User, dana: User
) -> None:
    rows.put_in_review(world, trade, by=alice, filing=filing_of(trade, alice))
    trade.refresh_from_db()
    ruling = ruling_row(trade, dana, letter="No booking was shown that fits the terms.")
    rows.end_by_ruling(world, trade, to_buyer=0, evidence=ruling.evidence_hash)

    for person in (alice, bob):
        page = text_of(signed_in(person))
        assert "Decided" in page
        assert "No booking was shown that fits the terms." in page
        assert "250 USDC" in page


def test_a_letter_that_does_not_have_the_contracts_hash_is_not_shown(
    world: rows.World, trade: Trade, alice: User, dana: User
) -> None:
    """M02."""
    from marketplace.disputes.models import Ruling

    rows.put_in_review(world, trade, by=alice)
    trade.refresh_from_db()
    ruling = ruling_row(trade, dana)
    rows.end_by_ruling(world, trade, to_buyer=0, evidence=ruling.evidence_hash)
    Ruling.objects.update(letter="Alice cheated.")

    page = text_of(signed_in(alice))

    assert "Alice cheated." not in page
    assert "its hash does not fit" in page
