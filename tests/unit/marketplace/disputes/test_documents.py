"""The documents whose hashes go on chain."""

from __future__ import annotations

import pytest

from marketplace.disputes.documents import document_hash, filing_document, new_salt, ruling_document

TRADE = "0x" + "ab" * 32
DANA = "0x1CBd3b2770909D4e10f157cABC84C7264073C9Ec"
SALT = "0x" + "01" * 32


def filing(**changed: object) -> dict[str, str]:
    values = {
        "trade_id": TRADE,
        "by": DANA,
        "reason": "not_received",
        "story": "Nothing came.",
        "wanted": "all_to_seller",
        "to_buyer_base_units": 0,
        "evidence": {"statement": "19 Nov: none"},
    }
    return filing_document(**{**values, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        {"trade_id": "0x" + "ac" * 32},
        {"by": "0x" + "00" * 20},
        {"reason": "hold"},
        {"story": "Nothing came"},
        {"wanted": "split"},
        {"to_buyer_base_units": 1},
        {"evidence": {}},
        {"evidence": {"anything": "19 Nov: none"}},
    ],
)
def test_every_part_changes_the_hash(changed: dict[str, object]) -> None:
    assert document_hash(filing(**changed), SALT) != document_hash(filing(), SALT)


def test_the_salt_changes_the_hash_so_that_a_short_story_cannot_be_guessed() -> None:
    assert document_hash(filing(), SALT) != document_hash(filing(), "0x" + "02" * 32)
    assert new_salt() != new_salt()


def test_the_order_of_the_evidence_does_not_matter() -> None:
    one = filing(evidence={"a": "1", "b": "2"})
    other = filing(evidence={"b": "2", "a": "1"})

    assert document_hash(one, SALT) == document_hash(other, SALT)


def test_a_story_cannot_pose_as_evidence() -> None:
    """S05: parts are kept apart by their keys, not by joining texts."""
    one = filing(story="x", evidence={"booking": "y"})
    other = filing(story="x\nevidence.booking:y", evidence={})

    assert document_hash(one, SALT) != document_hash(other, SALT)


def test_a_ruling_is_never_a_filing() -> None:
    document = ruling_document(
        trade_id=TRADE,
        by=DANA,
        findings={"paid": "yes"},
        to_buyer_base_units=5,
        reason="paid_in_full",
        letter="Paid.",
    )

    assert document == {
        "kind": "parley.ruling.1",
        "trade": TRADE,
        "by": DANA,
        "reason": "paid_in_full",
        "letter": "Paid.",
        "toBuyer": "5",
        "finding.paid": "yes",
    }


def test_the_hash_of_one_document_is_pinned() -> None:
    """A change of the canonical form would orphan every hash that is on chain already."""
    assert (
        document_hash(filing(), SALT)
        == "0x8b22610e18a5eb3fb4318c05ce0a6cd2f2b35ce9a62e7924ab8609b63c28c662"
    )
