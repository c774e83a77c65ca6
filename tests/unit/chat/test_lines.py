"""Sentences of lines are filled with harmless text."""

from __future__ import annotations

import pytest

from chat import lines
from chat.text import shown


def test_sentence_is_filled() -> None:
    lines.register("test_locked", "{amount} locked by {name}")
    assert lines.text_of("test_locked", {"amount": "250 USDC", "name": "Marta"}) == (
        "250 USDC locked by Marta"
    )


def test_line_nobody_knows_any_more_still_reads() -> None:
    assert lines.text_of("gone_since_last_year", {}) == lines.FALLBACK
    assert lines.text_of("test_locked", {}) == lines.FALLBACK


def test_braces_in_a_name_stay_text() -> None:
    lines.register("test_name", "{name} came")
    assert lines.text_of("test_name", {"name": "{name.__class__}"}) == "{name.__class__} came"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("a\nb\tc", "a\nb\tc"),
        ("pay \u202ered\u202c now", "pay red now"),
        ("a\x00b\x1bc\x7f", "abc"),
        ("iso\u2066late\u2069d", "isolated"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("half \ud83d pair", "half  pair"),
        ("family \U0001f469\u200d\U0001f467", "family \U0001f469\u200d\U0001f467"),
        ("tag\U000e0041", "tag"),
        ("عربي", "عربي"),
    ],
)
def test_hidden_and_reordering_characters_are_taken_out(text: str, seen: str) -> None:
    """N10."""
    assert shown(text) == seen
