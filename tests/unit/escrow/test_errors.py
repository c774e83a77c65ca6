"""Every error of the contract has a sentence that says what was wrong, what is safe and what to do."""

from __future__ import annotations

import pytest

from escrow.chain import codec
from escrow.chain.errors import EscrowReverted, sentence_for, sentence_names


def _arguments(name: str) -> dict[str, str]:
    errors = codec.artifact("Escrow")["abi"] + codec.artifact("Permit2")["abi"]
    entry = next(e for e in errors if e["type"] == "error" and e["name"] == name)
    return {
        given["name"]: "1770000000" if given["type"].startswith("uint") else "0x" + "11" * 20
        for given in entry["inputs"]
    }


def test_every_error_of_the_abi_has_a_sentence() -> None:
    assert set(codec.error_names()) <= set(sentence_names())


def test_no_sentence_is_left_over() -> None:
    assert set(sentence_names()) - set(codec.error_names()) == {"Panic", "Reason", "Unknown"}


@pytest.mark.parametrize("name", codec.error_names())
def test_sentence_is_complete_with_the_errors_own_values(name: str) -> None:
    sentence = sentence_for(name, _arguments(name))
    assert sentence != sentence_for("Unknown", {})
    assert "{" not in sentence
    assert sentence.count(".") >= 2


@pytest.mark.parametrize(
    ("name", "arguments", "part"),
    [
        ("BadState", {"id": "0x", "status": "3"}, "it is in dispute"),
        ("TooEarly", {"time": "1", "from": "1770000000"}, "02 Feb 2026 02:40 UTC"),
        (
            "PayWindowOutOfRange",
            {"window": "1", "min": "1200", "max": "1209600"},
            "20 minutes and 14 days",
        ),
        (
            "PayByOutOfRange",
            {"payBy": "1", "min": "1770000000", "max": "1770086400"},
            "between 02 Feb 2026",
        ),
        ("Expired", {"time": "1", "deadline": str(2**256 - 1)}, str(2**256 - 1)),
    ],
)
def test_values_are_readable(name: str, arguments: dict[str, str], part: str) -> None:
    assert part in sentence_for(name, arguments)


def test_unnamed_error_has_the_general_sentence() -> None:
    assert str(EscrowReverted("Surprise", {})) == sentence_for("Unknown", {})
    assert str(EscrowReverted("TooLate", {})) == sentence_for("Unknown", {})


def test_error_data_of_others_is_not_taken_for_ours() -> None:
    assert codec.decode_error("0xdeadbeef") is None
    assert codec.decode_error("0x") is None
    bad_state = codec.function_signature_to_4byte_selector("BadState(bytes32,uint8)").hex()
    assert codec.decode_error("0x" + bad_state + "00") is None
    assert codec.decode_error("0x4e487b71" + "11".zfill(64)) == (
        "Panic",
        {"data": "0x4e487b71" + "11".zfill(64)},
    )
