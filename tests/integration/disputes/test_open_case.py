"""Filing a case: what is kept, what its hash says, and what is refused."""

from __future__ import annotations

import pytest

from escrow.chain.typed_data import commitment
from marketplace.accounts.models import User
from marketplace.disputes.models import Case, Filing
from marketplace.disputes.selectors import opening_of
from marketplace.disputes.services import (
    CannotDispute,
    NotAParty,
    TooLong,
    UnknownReason,
    WishOutOfRange,
    open_case,
)
from marketplace.trades.models import Trade
from tests.integration.disputes import rows


def file_case(trade: Trade, by: User, **changed: object) -> Filing:
    values = {
        "reason": "not_received",
        "story": "No transfer with that reference.",
        "wanted": "all_to_seller",
        "evidence": {"statement": "19 Nov: two bookings, none of 231.40"},
    }
    return open_case(trade=trade, by=by, **{**values, **changed})  # type: ignore[arg-type]


def test_the_hash_commits_to_every_word_and_the_salt(trade: Trade, alice: User) -> None:
    filing = file_case(trade, alice)

    assert filing.document == {
        "kind": "parley.dispute.1",
        "trade": trade.trade_id,
        "by": alice.address,
        "reason": "not_received",
        "story": "No transfer with that reference.",
        "wanted": "all_to_seller",
        "toBuyer": "0",
        "evidence.statement": "19 Nov: two bookings, none of 231.40",
    }
    assert filing.evidence_hash == commitment(filing.document, filing.salt)


def test_the_same_words_again_are_the_same_row(trade: Trade, alice: User) -> None:
    first = file_case(trade, alice)

    again = file_case(trade, alice)

    assert again.pk == first.pk
    assert Filing.objects.count() == 1


def test_other_words_are_another_row_so_that_a_signature_under_way_still_finds_its_text(
    trade: Trade, alice: User
) -> None:
    first = file_case(trade, alice)

    second = file_case(trade, alice, story="Still nothing on Friday.")

    assert {first.evidence_hash, second.evidence_hash} == set(
        Filing.objects.values_list("evidence_hash", flat=True)
    )
    assert first.evidence_hash != second.evidence_hash


def test_filing_does_not_move_the_trade(trade: Trade, alice: User) -> None:
    file_case(trade, alice)

    trade.refresh_from_db()
    assert (trade.status, trade.disputed_at) == ("PAID", 0)
    assert Case.objects.get().opened_at is None


def test_a_split_keeps_the_exact_wish(trade: Trade, bob: User) -> None:
    filing = file_case(
        trade,
        bob,
        reason="wrong_amount",
        wanted="split",
        to_buyer_base_units=244_598_098,
        evidence={},
    )

    assert filing.wanted_to_buyer == 244_598_098
    assert filing.document["toBuyer"] == "244598098"


@pytest.mark.parametrize("to_buyer", [None, -1, rows.AMOUNT + 1])
def test_a_split_outside_the_amount_is_refused_and_nothing_is_kept(
    trade: Trade, bob: User, to_buyer: int | None
) -> None:
    with pytest.raises(WishOutOfRange):
        file_case(
            trade,
            bob,
            reason="wrong_amount",
            wanted="split",
            to_buyer_base_units=to_buyer,
            evidence={},
        )

    assert Filing.objects.count() == 0
    assert Case.objects.count() == 0


def test_a_stranger_cannot_file(trade: Trade, carol: User) -> None:
    with pytest.raises(NotAParty):
        file_case(trade, carol)

    assert Case.objects.count() == 0


@pytest.mark.parametrize(
    ("reason", "who"), [("hold", "bob"), ("not_released", "alice"), ("made_up", "alice")]
)
def test_a_reason_belongs_to_its_side(
    trade: Trade, alice: User, bob: User, reason: str, who: str
) -> None:
    with pytest.raises(UnknownReason):
        file_case(trade, {"alice": alice, "bob": bob}[who], reason=reason, evidence={})

    assert Filing.objects.count() == 0


@pytest.mark.parametrize("status", ["FUNDED", "DISPUTED"])
def test_only_a_paid_trade_can_be_disputed(trade: Trade, alice: User, status: str) -> None:
    Trade.objects.filter(pk=trade.pk).update(status=status)
    trade.refresh_from_db()

    with pytest.raises(CannotDispute):
        file_case(trade, alice)

    assert Filing.objects.count() == 0


def test_a_story_of_1500_characters_fits_and_one_more_does_not(trade: Trade, alice: User) -> None:
    file_case(trade, alice, story="x" * 1500)

    with pytest.raises(TooLong):
        file_case(trade, alice, story="x" * 1501)

    assert Filing.objects.count() == 1


def test_text_that_reorders_or_hides_is_cleaned_before_it_is_hashed(
    trade: Trade, alice: User
) -> None:
    """N10: control and direction characters never reach the page."""
    filing = file_case(trade, alice, story="paid\u202e231\u200b\x00 EUR\r\nyesterday")

    assert filing.story == "paid231 EUR\nyesterday"
    assert filing.document["story"] == filing.story


def test_evidence_for_another_reasons_slot_is_left_out(trade: Trade, alice: User) -> None:
    filing = file_case(
        trade, alice, evidence={"statement": " ", "sender": "Somebody", "made_up": "x"}
    )

    assert filing.evidence == {}


def test_the_case_is_live_by_the_events_hash_and_only_by_it(
    world: rows.World, trade: Trade, alice: User, bob: User
) -> None:
    mine = file_case(trade, alice)
    file_case(trade, bob, reason="not_released", evidence={})
    assert opening_of(trade) is None

    rows.put_in_review(world, trade, by=alice, filing=mine)

    opening = opening_of(trade)
    assert opening is not None
    assert opening.filing == mine
    assert opening.is_genuine


def test_a_text_changed_in_the_database_is_called_out(
    world: rows.World, trade: Trade, alice: User
) -> None:
    """M02: an edited row no longer has the hash that the contract carries."""
    filing = file_case(trade, alice)
    rows.put_in_review(world, trade, by=alice, filing=filing)
    Filing.objects.filter(pk=filing.pk).update(story="He confessed.")

    opening = opening_of(trade)

    assert opening is not None
    assert not opening.is_genuine


def test_somebody_elses_hash_does_not_make_his_text_the_openers(
    world: rows.World, trade: Trade, alice: User, bob: User
) -> None:
    filing = file_case(trade, alice)
    rows.put_in_review(world, trade, by=bob, filing=filing)

    opening = opening_of(trade)

    assert opening is not None
    assert not opening.is_genuine


def test_a_dispute_opened_without_the_hub_is_a_case_without_a_text(
    world: rows.World, trade: Trade, alice: User
) -> None:
    rows.put_in_review(world, trade, by=alice)

    opening = opening_of(trade)

    assert opening is not None
    assert (opening.by, opening.filing, opening.is_genuine) == (alice.address, None, False)
