"""The catalogue of a dispute's words."""

from __future__ import annotations

import pytest

from marketplace.disputes.models import Filing, Ruling
from marketplace.disputes.reasons import (
    ANSWERS,
    QUESTIONS,
    REASONS,
    RULING_REASONS,
    WANTED,
    reason,
    reasons_for,
    ruling_reason,
    slot_label,
)


@pytest.mark.parametrize("entry", REASONS, ids=lambda entry: entry.code)
def test_a_reason_has_a_sentence_a_checklist_and_a_place_for_evidence(entry: object) -> None:
    assert entry.sentence.endswith(".")  # type: ignore[attr-defined]
    assert len(entry.checklist) >= 2  # type: ignore[attr-defined]
    assert entry.slots  # type: ignore[attr-defined]
    assert entry.roles  # type: ignore[attr-defined]


def test_codes_are_unique_and_fit_their_columns() -> None:
    for codes, length in (
        ([entry.code for entry in REASONS], Filing._meta.get_field("reason").max_length),
        ([entry.code for entry in RULING_REASONS], Ruling._meta.get_field("reason").max_length),
        ([code for code, _ in WANTED], Filing._meta.get_field("wanted").max_length),
        ([code for code, _ in ANSWERS], Ruling._meta.get_field("paid").max_length),
    ):
        assert len(set(codes)) == len(codes)
        assert max(map(len, codes)) <= (length or 0)


def test_the_questions_are_columns_of_a_ruling() -> None:
    assert {code for code, _ in QUESTIONS} <= {field.name for field in Ruling._meta.get_fields()}


def test_hold_is_the_sellers_and_not_released_the_buyers() -> None:
    assert [entry.code for entry in reasons_for("seller")] == [
        "hold", "not_received", "wrong_amount", "other_name", "pressured", "other",
    ]  # fmt: skip
    assert [entry.code for entry in reasons_for("buyer")] == [
        "wrong_amount",
        "not_released",
        "pressured",
        "other",
    ]
    assert reasons_for("arbitrator") == []


@pytest.mark.parametrize("entry", RULING_REASONS, ids=lambda entry: entry.code)
def test_every_letter_can_be_filled_in(entry: object) -> None:
    text = entry.letter.format(buyer="Jonas", seller="Marta", amount="250 USDC", fiat="231.40 EUR")  # type: ignore[attr-defined]

    assert "{" not in text


def test_unknown_codes_are_none_and_a_retired_slot_keeps_its_code() -> None:
    assert reason("nonsense") is None
    assert ruling_reason("nonsense") is None
    assert slot_label("nonsense") == "nonsense"
