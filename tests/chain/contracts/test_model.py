"""The contract does what the model of the protocol does, on sequences that nobody chose."""

from __future__ import annotations

import dataclasses
import os

import pytest

from escrow.chain import codec
from tests.model import abi
from tests.model import replay as replaying
from tests.model.replay import Different, replay
from tests.model.sequences import Step, Walk

SEQUENCES = 20_000 if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 1_000
# What no sequence reaches: a token that calls back into a funding, and a payment with too little gas.
ELSEWHERE = {"Reentered", "LowGas"}
NOT_OURS = {name for name in abi.ERRORS if name.startswith(("Invalid", "Signature"))} | {"Error"}


@pytest.mark.timeout(SEQUENCES)
def test_model_and_contract_agree_on_random_sequences() -> None:
    """C01-C06, C08-C11, C13, C15-C17, C19-C24, C29-C31, C33, C37, S01-S03, S06, S12, S14; invariants 12 and 13.

    Every answer, error, event, word, credit, fee and balance is compared after every call; and no function, error or
    event may have been left out.
    """
    tally = replay(sequences=SEQUENCES, seed=712)
    assert tally.sequences == SEQUENCES
    assert tally.steps > 25 * SEQUENCES
    assert not tally.never()


def test_model_knows_every_error_and_event_of_the_contract() -> None:
    entries = codec.artifact("Escrow")["abi"]
    names = {
        kind: {entry["name"] for entry in entries if entry["type"] == kind}
        for kind in ("error", "event")
    }
    assert abi.ERRORS.keys() - NOT_OURS == names["error"] - ELSEWHERE
    assert abi.EVENTS.keys() == names["event"] - {"EIP712DomainChanged"}


@pytest.mark.parametrize(
    ("told_wrong", "found"),
    [
        ({"events": [("Released", 5)]}, "event"),
        ({"figures": [7] * 200}, "figure"),
        ({"is_done": False, "answer": ("NotSeller", (5,))}, "done with 0x"),
    ],
    ids=["events", "figures", "answers"],
)
def test_difference_is_found_and_told_with_the_steps_that_led_to_it(
    monkeypatch: pytest.MonkeyPatch, told_wrong: dict[str, object], found: str
) -> None:
    """The comparison itself can fail: here the model is made to say something else about one good step."""

    class Liar(Walk):
        def run(self) -> Walk:
            super().run()
            place = next(at for at, step in enumerate(self.steps) if step.events)
            changes = {key: _fitted(value, self.steps[place]) for key, value in told_wrong.items()}
            self.steps[place] = dataclasses.replace(self.steps[place], **changes)
            return self

    monkeypatch.setattr(replaying, "Walk", Liar)
    with pytest.raises(Different, match=rf"sequence 0 of seed 5, step \d+: {found}") as told:
        replay(sequences=2, seed=5)
    assert "calls fund" in str(told.value)


def _fitted(value: object, step: Step) -> object:
    """As many figures as there are."""
    return value[: len(step.figures)] if isinstance(value, list) and len(value) > 100 else value
