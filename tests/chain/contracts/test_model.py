"""The contract does what the model of the protocol does, on sequences that nobody chose."""

from __future__ import annotations

import os

import pytest

from escrow.chain import codec
from tests.model import abi
from tests.model.replay import replay

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
    assert abi.ERRORS.keys() - NOT_OURS == set(codec.error_names()) - ELSEWHERE
    entries = codec.artifact("Escrow")["abi"]
    assert abi.EVENTS.keys() == {e["name"] for e in entries if e["type"] == "event"} - {
        "EIP712DomainChanged"
    }
