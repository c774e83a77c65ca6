"""The texts of lines, notices and ends name only what they are given, and every way to end has its words."""

from __future__ import annotations

import itertools
import string

import pytest

from marketplace.trades.endings import CHAIN, ending_of, timeout_variant
from marketplace.trades.lines import LINES, NOTICES, SLIPS
from marketplace.trades.states import CHAIN_OUTCOMES, Cause, Extra, Note, Outcome, Role, Status
from marketplace.trades.told import EXTRA

WORDS = {
    "fiat",
    "coins",
    "fee",
    "net",
    "price",
    "method",
    "taker",
    "buyer",
    "seller",
    "actor",
    "offer",
}
OF_EVENT = {
    "proposed": {"p_coins", "p_fiat"},
    "settle_proposed": {"part", "rest"},
    "Settled": {"part", "rest"},
    "Ruled": {"part", "rest"},
    "reminded": {"left"},
    "undone": {"steps", "standing"},
}


def names_in(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("name", LINES)
def test_a_line_names_only_what_its_event_carries(name: str) -> None:
    assert names_in(LINES[name]) <= WORDS | OF_EVENT.get(name.split(".")[0], set())


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_names_only_what_its_event_carries(name: str) -> None:
    for _, template in NOTICES[name]:
        assert names_in(template) <= WORDS | OF_EVENT.get(name.split(".")[0], set())


def test_every_step_but_a_reminder_has_its_line() -> None:
    told = {name.split(".")[0] for name in LINES}
    assert {str(cause) for cause in (*Cause, *Note)} - told == {"reminded"}


def test_lines_of_the_room_speak_to_nobody() -> None:
    assert not [name for name, text in LINES.items() if " you" in f" {text.lower()}"]


def test_slips_are_lines() -> None:
    assert set(LINES) >= SLIPS


@pytest.mark.parametrize(
    ("outcome", "role"), list(itertools.product(sorted(CHAIN_OUTCOMES), [Role.BUYER, Role.SELLER]))
)
def test_every_end_on_chain_is_told_to_both(outcome: Outcome, role: Role) -> None:
    for before in (Status.FUNDED, Status.PAID, Status.DISPUTED):
        told = ending_of(outcome, role, variant=timeout_variant(before))
        assert told in CHAIN.values()
        assert names_in(told.heading + told.text) <= {
            "peer",
            "fiat",
            "coins",
            "net",
            "part",
            "rest",
        }


@pytest.mark.parametrize(
    "reason", ["unanswered", "not_locked", "taken", "declined", "devnet_reset"]
)
def test_an_end_before_funding_says_that_nothing_is_owed(reason: str) -> None:
    """Product rule 3: it says who let time pass, and never "you cancelled" to the other."""
    for role in (Role.BUYER, Role.SELLER):
        told = ending_of("LAPSED", role, close_reason=reason)
        assert told.chip == "ended"
        assert "cancelled" not in told.heading + told.text


def test_every_extra_lock_says_why() -> None:
    assert {Extra(reason) for reason in EXTRA} == set(Extra) - {Extra.NONE, Extra.RELOCKED}
