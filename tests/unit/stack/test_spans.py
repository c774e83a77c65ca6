"""Lengths of time as people type them."""

import pytest

from stack.devnet import NotASpan, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("25m", 1_500),
        ("36h", 129_600),
        ("3d", 259_200),
        ("1d12h", 129_600),
        (" 2W ", 1_209_600),
    ],
)
def test_span_becomes_seconds(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "d", "3 d", "-3d", "3d!", "1.5h", "0d", "401d"])
def test_what_is_no_span_is_refused_with_a_sentence(text):
    with pytest.raises(NotASpan, match=r"is not a length of time|too far"):
        seconds_of(text)
