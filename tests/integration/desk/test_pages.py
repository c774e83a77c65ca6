"""The desk's pages over HTTP: what each shows, what a post does, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.disputes.models import Case, Request, Ruling
from marketplace.moderation.models import AuditEntry, Note, Sanction
from marketplace.moderation.services.cases import claim_case
from marketplace.offers.models import Offer
from marketplace.trades.models import Trade
from tests.integration.disputes import rows

pytestmark = pytest.mark.usefixtures("page_bundle")

RULING = {
    "paid": "yes",
    "on_time": "yes",
    "right_name": "yes",
    "right_amount": "no",
    "outcome": "split",
    "to_buyer": "244.598098",
    "reason": "underpaid",
    "letter": "226.40 EUR were booked: 5.00 EUR less than agreed. The coins are split in that proportion.",
}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def test_the_queue_puts_the_contracts_deadline_first_in_every_row(
    disputed: Trade, dana: User
) -> None:
    page = text_of(signed_in(dana), "/desk/queue/")

    head = page.index("Contract waits until")
    assert head < page.index("Reason</th>")
    assert "Nothing came" in page
    assert "13 d 23 h" in page
    assert "you are named" in page


def test_the_desk_is_dark_unless_its_reader_chose_otherwise(disputed: Trade, dana: User) -> None:
    client = signed_in(dana)
    assert 'data-theme="dark"' in text_of(client, "/desk/")

    client.cookies["theme"] = "light"

    page = text_of(client, "/desk/")
    assert 'data-theme="light"' in page
    assert 'data-theme="dark"' not in page


def test_take_next_opens_the_case_with_the_nearest_deadline(disputed: Trade, dana: User) -> None:
    response = signed_in(dana).post("/desk/next/")

    assert response["Location"] == "/desk/case/7F3K-22/"
    assert Case.objects.get().assignee == dana


def test_before_the_record_is_open_the_case_page_shows_facts_and_no_words(
    disputed: Trade, dana: User
) -> None:
    page = text_of(signed_in(dana), "/desk/case/7F3K-22/")

    assert "No transfer with that reference." not in page
    assert "Both see that you read it, and why." in page
    assert "LT121000011101001000" not in page
    assert "What can happen next" in page
    assert "Half each is 125 USDC to Bob and 125 USDC to Alice, no fee." in page


def test_the_case_page_of_its_arbitrator_has_words_composer_and_request(
    disputed: Trade, dana: User
) -> None:
    claim_case(disputed, by=dana)

    page = text_of(signed_in(dana), "/desk/case/7F3K-22/")

    assert "No transfer with that reference." in page
    assert "What do you find?" in page
    assert "Preview as both will read it" in page
    assert "Ask the parties" in page


def test_an_arbitrator_who_is_not_named_gets_no_composer(disputed: Trade, oskar: User) -> None:
    claim_case(disputed, by=oskar)

    page = text_of(signed_in(oskar), "/desk/case/7F3K-22/")

    assert "What do you find?" not in page
    assert "whom this trade names" in page


def test_the_timeline_is_filtered_by_an_address(disputed: Trade, dana: User) -> None:
    claim_case(disputed, by=dana)
    client = signed_in(dana)

    chain = text_of(client, "/desk/case/7F3K-22/?show=chain")
    said = text_of(client, "/desk/case/7F3K-22/?show=said")

    assert "locked 250 USDC" in chain
    assert 'class="said"' not in chain
    assert 'class="said"' in said
    assert "locked 250 USDC" not in said


def test_a_node_that_is_down_leaves_the_case_readable(
    disputed: Trade, dana: User, settings: Any
) -> None:
    """O12: the page says so and shows what was last confirmed."""
    settings.CHAIN_RPC_URL = "http://127.0.0.1:9"
    page = text_of(signed_in(dana), "/desk/case/7F3K-22/")

    assert "The node did not answer just now." in page


def test_a_ruling_is_previewed_word_for_word_before_anything_is_signed(
    disputed: Trade, dana: User
) -> None:
    claim_case(disputed, by=dana)
    client = signed_in(dana)

    response = client.post("/desk/case/7F3K-22/ruling/", RULING)

    ruling = Ruling.objects.get()
    assert response["Location"] == f"/desk/case/7F3K-22/ruling/{ruling.pk}/"
    assert (ruling.to_buyer_base_units, ruling.sent_at) == (244_598_098, None)
    page = text_of(client, response["Location"])
    assert "244.598098 USDC" in page
    assert "5.401902 USDC" in page
    assert "226.40 EUR were booked" in page
    assert ruling.evidence_hash in page
    assert 'name="toBuyer" value="244598098"' in page


def test_the_sheet_names_the_arbitrator_and_opens_no_account(disputed: Trade, dana: User) -> None:
    claim_case(disputed, by=dana)
    client = signed_in(dana)
    preview = client.post("/desk/case/7F3K-22/ruling/", RULING)["Location"]

    sheet = json.loads(text_of(client, preview + "sheet/"))

    assert (sheet["role"], sheet["viewer"]) == ("arbitrator", dana.address)
    assert (sheet["payee"], sheet["payer"]) == (None, None)
    assert sheet["urls"]["signed"] == preview + "signed/"
    assert sheet["urls"]["submissions"] == preview + "submissions/"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("to_buyer", "250.000001", "more than the trade holds"),
        ("to_buyer", "-1", "more than zero|digits"),
        ("to_buyer", "1,5", "digits"),
        ("to_buyer", "0.0000001", "at most 6 decimals"),
        ("to_buyer", "", "digits"),
        ("to_buyer", "1e400", "digits"),
        ("letter", "  ", "Write the letter"),
        ("paid", "", "Answer all four questions"),
        ("outcome", "", "Say where the coins go"),
    ],
)
def test_a_bad_ruling_is_refused_beside_its_field_and_nothing_is_kept(
    disputed: Trade, dana: User, field: str, value: str, says: str
) -> None:
    """N05."""
    claim_case(disputed, by=dana)

    response = signed_in(dana).post("/desk/case/7F3K-22/ruling/", {**RULING, field: value})

    assert response.status_code == 422
    page = response.content.decode()
    assert any(text in page for text in says.split("|"))
    assert Ruling.objects.count() == 0


def test_a_ruling_by_an_arbitrator_who_is_not_named_is_refused(
    disputed: Trade, oskar: User
) -> None:
    """M03, M05: a forged post changes nothing."""
    claim_case(disputed, by=oskar)

    response = signed_in(oskar).post("/desk/case/7F3K-22/ruling/", RULING)

    assert response.status_code == 422
    assert "That is not you." in response.content.decode()
    assert Ruling.objects.count() == 0


def test_another_arbitrators_draft_cannot_be_seen_or_sent(
    disputed: Trade, dana: User, oskar: User
) -> None:
    """W08."""
    claim_case(disputed, by=dana)
    preview = signed_in(dana).post("/desk/case/7F3K-22/ruling/", RULING)["Location"]
    client = signed_in(oskar)

    assert client.get(preview).status_code == 404
    assert client.get(preview + "sheet/").status_code == 404
    for address in ("signed/", "submissions/"):
        response = client.post(preview + address, {}, content_type="application/json")
        assert response.status_code == 404
    assert Ruling.objects.get().sent_at is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        '{"deadline": 5, "signature": "0x"}',
        '{"deadline":"1","deadline":"2","signature":"0x"}',
        '{"deadline":"x","signature":"0x"}',
    ],
)
def test_a_malformed_signature_post_has_its_sentence(
    disputed: Trade, dana: User, body: str
) -> None:
    """N13."""
    claim_case(disputed, by=dana)
    client = signed_in(dana)
    preview = client.post("/desk/case/7F3K-22/ruling/", RULING)["Location"]

    response = client.post(preview + "signed/", body, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["error"]["text"]
    assert Ruling.objects.get().sent_at is None


def test_asking_the_parties_from_the_page(disputed: Trade, dana: User) -> None:
    claim_case(disputed, by=dana)

    signed_in(dana).post(
        "/desk/case/7F3K-22/ask/", {"of": "buyer", "text": "Your statement, please.", "hours": "24"}
    )

    row = Request.objects.get()
    assert (row.of, row.text) == ("buyer", "Your statement, please.")


def test_what_a_party_wrote_is_shown_as_text(
    world: rows.World, trade: Trade, alice: User, dana: User
) -> None:
    """W10, M09: markup in a story is never markup on the desk."""
    from marketplace.disputes.services import open_case, open_due_cases

    payload = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
    filing = open_case(
        trade=trade, by=alice, reason="not_received", story=payload, wanted="all_to_seller"
    )
    rows.put_in_review(world, trade, by=alice, filing=filing)
    open_due_cases()
    trade.refresh_from_db()
    claim_case(trade, by=dana)

    page = text_of(signed_in(dana), "/desk/case/7F3K-22/")

    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in page


def test_a_moderator_suspends_lifts_and_notes_from_the_page(alice: User, mia: User) -> None:
    client = signed_in(mia)
    home = f"/desk/users/{alice.address}/"

    client.post(
        home + "suspend/", {"hours": "72", "reason": "Asked for keys.", "appeal": "Write to us."}
    )
    assert Sanction.objects.get().reason == "Asked for keys."
    assert "Lift the suspension" in text_of(client, home)

    client.post(home + "lift/", {"reason": "Cleared up."})
    assert Sanction.objects.get().lifted_by == mia

    client.post(home + "note/", {"text": "Writes from two phones."})
    assert Note.objects.get().text == "Writes from two phones."
    assert "Writes from two phones." in text_of(client, home)


def test_a_suspension_without_a_reason_is_refused_beside_its_field(alice: User, mia: User) -> None:
    response = signed_in(mia).post(
        f"/desk/users/{alice.address}/suspend/", {"hours": "72", "reason": "", "appeal": "x"}
    )

    assert response.status_code == 422
    assert "Write the reason" in response.content.decode()
    assert Sanction.objects.count() == 0


def test_an_arbitrator_reads_people_and_sanctions_nobody(alice: User, dana: User) -> None:
    """M05."""
    client = signed_in(dana)
    home = f"/desk/users/{alice.address}/"

    assert "Suspend Alice" not in text_of(client, home)
    assert (
        client.post(home + "suspend/", {"hours": "72", "reason": "x", "appeal": "x"}).status_code
        == 404
    )
    assert Sanction.objects.count() == 0


def test_a_moderator_pauses_and_frees_an_offer(trade: Trade, mia: User) -> None:
    client = signed_in(mia)
    offer = trade.offer.public_id
    assert f"Reason to pause {offer}" in text_of(client, f"/desk/users/{trade.seller.address}/")

    client.post(f"/desk/offers/{offer}/pause/", {"reason": "Terms ask for a talk elsewhere."})
    assert Offer.objects.get(pk=trade.offer_id).paused_by_staff

    client.post(f"/desk/offers/{offer}/free/", {"reason": "Changed."})
    assert not Offer.objects.get(pk=trade.offer_id).paused_by_staff


def test_the_risk_view_names_who_shares_a_browser(alice: User, carol: User, mia: User) -> None:
    from chat.models import Device

    for user in (alice, carol):
        Device.objects.create(
            user=user, device_hash="0x" + "aa" * 32, signing_key="a" * 64, agreement_key="b" * 64
        )

    page = text_of(signed_in(mia), f"/desk/users/{alice.address}/")

    assert "Shares a browser with 1 other" in page
    assert carol.address in page


def test_people_are_found_by_name_and_by_address(alice: User, bob: User, mia: User) -> None:
    client = signed_in(mia)

    assert alice.address in text_of(client, "/desk/users/?q=ali")
    assert alice.address in text_of(client, f"/desk/users/?q={alice.address[:10].lower()}")
    assert bob.address not in text_of(client, "/desk/users/?q=ali")


def test_the_audit_page_shows_the_log_and_a_broken_chain(
    alice: User, mia: User, olga: User
) -> None:
    from django.db import connection

    signed_in(mia).post(f"/desk/users/{alice.address}/note/", {"text": "x"})
    client = signed_in(olga)
    assert "Whole: 1 entries" in text_of(client, "/desk/audit/")

    with connection.cursor() as cursor:
        cursor.execute("UPDATE marketplace_auditentry SET reason = 'forged'")

    assert "Entry 1 was changed after it was written." in text_of(client, "/desk/audit/")


def test_the_audit_page_filters_and_pages(alice: User, mia: User) -> None:
    from marketplace.moderation.audit import record

    for number in range(60):
        record(actor=mia, action="note.add", subject=f"user:0x{number}")
    client = signed_in(mia)

    first = text_of(client, "/desk/audit/")
    assert "Older entries" in first
    assert "user:0x59" in first
    assert "user:0x9<" not in first
    assert "user:0x9<" in text_of(client, "/desk/audit/?before=11")
    assert "user:0x59" not in text_of(client, "/desk/audit/?subject=user:0x9")
    assert AuditEntry.objects.count() == 60


def test_private_pages_of_the_desk_are_never_cached(disputed: Trade, dana: User) -> None:
    """W21."""
    response = signed_in(dana).get("/desk/case/7F3K-22/")

    assert "no-store" in response["Cache-Control"]
