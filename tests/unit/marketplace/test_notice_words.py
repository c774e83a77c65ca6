"""What leaves the site: every duty, no talk, and nothing that a stranger at the screen could use."""

from __future__ import annotations

import re

from marketplace.notifications.states import Weight
from marketplace.notifications.words import kinds, words_for
from marketplace.trades.lines import NOTICES, OTHER
from marketplace.trades.states import PARTIES

# Told in the inbox alone: nothing is to be done, and nothing of value moved.
INSIDE = {"proposal_declined", "declined", "settle_declined", "taken"}
LAPSES = {"lapsed.unanswered", "lapsed.not_locked"}


def kinds_of_trades() -> set[str]:
    return {
        f"trade.{name}.{role}"
        for name, rows in NOTICES.items()
        for to, _ in rows
        for role in (PARTIES if to == OTHER else (to,))
    }


def test_every_notice_of_a_trade_leaves_the_site_or_is_known_to_stay() -> None:
    inside = {
        kind
        for kind in kinds_of_trades()
        if kind.split(".", 1)[1].rpartition(".")[0] in INSIDE | LAPSES
    }
    assert kinds_of_trades() - inside == {kind for kind in kinds() if kind.startswith("trade.")}


def test_reminders_and_turns_are_duties() -> None:
    for name, rows in NOTICES.items():
        for to, template in rows:
            if name.startswith("reminded.") or template.startswith("Your turn"):
                words = words_for(f"trade.{name}.{to}")
                assert words is not None
                assert words.weight == Weight.DUTY, name


def test_no_words_hold_an_amount_a_name_or_a_link() -> None:
    for kind in kinds():
        words = words_for(kind)
        assert words is not None
        said = f"{words.title} {words.text}"
        assert not re.search(r"[{}%@<>]|\d|https?:|USDC|EUR|IBAN", said), kind
        assert len(words.title) <= 60, kind
        assert len(words.text) <= 120, kind


def test_a_kind_fits_its_column() -> None:
    assert max(len(kind) for kind in kinds_of_trades() | kinds()) <= 40
