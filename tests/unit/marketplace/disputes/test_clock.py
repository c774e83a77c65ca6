"""The ruling window as it is shown: to the second, and what happens at zero."""

from __future__ import annotations

import pytest

from marketplace.disputes.states import half_each, outcome_of, ruling_clock, share_permille

DAY = 86_400
SINCE = 1_795_000_000


def clock(now: int, ruling_seconds: int = 14 * DAY):  # type: ignore[no-untyped-def]
    return ruling_clock(since=SINCE, ruling_seconds=ruling_seconds, now=now)


@pytest.mark.parametrize(
    ("offset", "left", "is_over"), [(-1, 1, False), (0, 0, False), (1, 0, True), (5 * DAY, 0, True)]
)
def test_a_ruling_counts_up_to_the_deadlines_own_second(
    offset: int, left: int, is_over: bool
) -> None:
    """C17: the same side of the comparison as the contract, which takes a ruling at the deadline and none after."""
    found = clock(SINCE + 14 * DAY + offset)

    assert (found.left_seconds, found.is_over) == (left, is_over)


@pytest.mark.parametrize(
    ("left", "level"),
    [
        (14 * DAY, "fine"),
        (2 * DAY, "fine"),
        (14 * DAY // 10 - 1000, "late"),
        (60, "late"),
        (0, "late"),
    ],
)
def test_a_long_window_turns_late_in_its_last_tenth(left: int, level: str) -> None:
    assert clock(SINCE + 14 * DAY - left).level == level


def test_a_short_window_is_soon_from_its_last_day_on() -> None:
    assert clock(SINCE + 3 * DAY - 20 * 3600, 3 * DAY).level == "soon"


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (14 * DAY, "14 d 0 h"),
        (DAY + 3600, "1 d 1 h"),
        (DAY - 60, "23 h 59 min"),
        (59 * 60, "59 min"),
        (30, "0 min"),
    ],
)
def test_the_time_left_in_words(left: int, text: str) -> None:
    assert clock(SINCE + 14 * DAY - left).left_text == text


def test_over_is_over() -> None:
    assert clock(SINCE + 14 * DAY + 1).left_text == "over"


def test_past_half_of_the_window_is_known() -> None:
    assert not clock(SINCE + 7 * DAY).is_past_half
    assert clock(SINCE + 7 * DAY + 14 * DAY // 500).is_past_half


@pytest.mark.parametrize(
    ("amount", "parts"),
    [
        (100_000_001, (50_000_000, 50_000_001)),
        (1, (0, 1)),
        (2, (1, 1)),
        (2**128 - 1, (2**127 - 1, 2**127)),
    ],
)
def test_half_each_gives_the_odd_unit_to_the_seller(amount: int, parts: tuple[int, int]) -> None:
    assert half_each(amount) == parts
    assert sum(parts) == amount


@pytest.mark.parametrize(
    ("to_buyer", "word"),
    [(0, "all_to_seller"), (250, "all_to_buyer"), (1, "split"), (249, "split")],
)
def test_an_outcome_in_one_word(to_buyer: int, word: str) -> None:
    assert outcome_of(to_buyer, 250) == word


def test_a_share_for_drawing_is_rounded_down() -> None:
    assert share_permille(244_598_098, 250_000_000) == 978
    assert share_permille(0, 0) == 0
