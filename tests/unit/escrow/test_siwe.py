"""The sign-in message is taken only in its one exact form and for this site's question."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from eth_account.messages import encode_defunct
from hypothesis import given
from hypothesis import strategies as st

from escrow.chain import siwe, typed_data
from escrow.chain.keys import ALICE, cast_account

ORIGIN = "http://localhost:7273"
NOW = datetime(2026, 10, 21, 12, 0, 30, tzinfo=UTC)
ISSUED = "2026-10-21T12:00:00Z"
SIGNING, AGREEMENT = bytes(range(32)), bytes(range(32, 64))


def message(**changes: Any) -> siwe.SignInMessage:
    values: dict[str, Any] = {
        "origin": ORIGIN,
        "address": cast_account(ALICE).address,
        "chain_id": 72731,
        "nonce": "a1B2c3D4e5F6",
        "issued_at": ISSUED,
        "signing_key": SIGNING,
        "agreement_key": AGREEMENT,
        "statement": "Sign in to Parley. This costs nothing.",
    }
    return siwe.build(**{**values, **changes})


TEXT = message().text()
STANDARD = "\n".join(
    [
        "localhost:7273 wants you to sign in with your Ethereum account:",
        cast_account(ALICE).address,
        "",
        "Sign in to Parley. This costs nothing.",
        "",
        "URI: http://localhost:7273",
        "Version: 1",
        "Chain ID: 72731",
        "Nonce: a1B2c3D4e5F6",
        "Issued At: 2026-10-21T12:00:00Z",
        "Resources:",
        f"- urn:parley:device:1:{SIGNING.hex()}:{AGREEMENT.hex()}",
    ]
)


def test_message_has_the_exact_standard_form() -> None:
    assert TEXT == STANDARD


def test_message_is_read_back_as_it_was_built() -> None:
    for built in (
        message(),
        message(statement=None),
        message(expiration_time="2026-10-21T12:10:00.5+02:00"),
    ):
        assert siwe.SignInMessage.parse(built.text()) == built


def test_message_names_the_device_and_its_hash() -> None:
    parsed = siwe.SignInMessage.parse(TEXT)
    assert (parsed.signing_key, parsed.agreement_key) == (SIGNING, AGREEMENT)
    assert parsed.device_hash == typed_data.device_hash(SIGNING, AGREEMENT)


def test_digest_is_what_a_wallet_signs() -> None:
    account = cast_account(ALICE)
    signature = bytes(account.sign_message(encode_defunct(text=TEXT)).signature)
    assert typed_data.recover(siwe.SignInMessage.parse(TEXT).digest(), signature) == account.address


REWRITES = {
    "trailing line": TEXT + "\n",
    "carriage returns": TEXT.replace("\n", "\r\n"),
    "second nonce": TEXT.replace("Issued At", "Nonce: zzzzzzzz\nIssued At"),
    "nonce hidden in the statement": TEXT.replace("This costs", "\nNonce: zzzzzzzz\n"),
    "leading zero of the chain": TEXT.replace("Chain ID: 72731", "Chain ID: 072731"),
    "space after a value": TEXT.replace("Version: 1", "Version: 1 "),
    "other version": TEXT.replace("Version: 1", "Version: 2"),
    "lower-case address": TEXT.replace(
        cast_account(ALICE).address, cast_account(ALICE).address.lower()
    ),
    "address without 0x": TEXT.replace(
        cast_account(ALICE).address, cast_account(ALICE).address[2:]
    ),
    "short nonce": TEXT.replace("a1B2c3D4e5F6", "a1B2"),
    "nonce with a dash": TEXT.replace("a1B2c3D4e5F6", "a1B2-3D4e5F6"),
    "no time zone": TEXT.replace(ISSUED, ISSUED[:-1]),
    "impossible time": TEXT.replace(ISSUED, "2026-13-21T12:00:00Z"),
    "fields in another order": TEXT.replace(
        "Version: 1\nChain ID: 72731", "Chain ID: 72731\nVersion: 1"
    ),
    "non-ASCII statement": TEXT.replace("costs", "cösts"),
    "other wording": TEXT.replace("wants you", "Wants you"),
    "cut off": TEXT.split("Nonce")[0],
    "empty": "",
    "too long": TEXT.replace("This", "x" * 3000),
    "unknown line": TEXT.replace("Resources:", "Extra: 1\nResources:"),
    "resource without dash": TEXT.replace("- urn", "urn"),
    "full-width digits": TEXT.replace("72731", "72731".translate({ord("7"): "７"})),
}


@pytest.mark.parametrize("text", REWRITES.values(), ids=REWRITES.keys())
def test_message_in_any_other_form_is_refused(text: str) -> None:
    """W02: rebuild and compare byte for byte."""
    with pytest.raises(siwe.MalformedMessage):
        siwe.SignInMessage.parse(text)


DEVICE_LINE = TEXT.split("\n")[-1]


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("\nResources:\n" + DEVICE_LINE, ""),
        TEXT + "\n" + DEVICE_LINE,
        TEXT + "\n- https://example.org",
        TEXT.replace("device:1", "device:2"),
        TEXT.replace(SIGNING.hex(), SIGNING.hex().upper()),
        TEXT.replace(AGREEMENT.hex(), AGREEMENT.hex()[:-2]),
    ],
)
def test_message_must_name_exactly_one_device(text: str) -> None:
    with pytest.raises(siwe.WrongDevice):
        siwe.SignInMessage.parse(text)


@given(st.integers(0, len(TEXT) - 1), st.characters(codec="utf-8"))
def test_changed_character_is_another_message_or_none(position: int, character: str) -> None:
    """W02: no two texts mean the same message."""
    changed = TEXT[:position] + character + TEXT[position + 1 :]
    try:
        parsed = siwe.SignInMessage.parse(changed)
    except siwe.SignInRefused:
        return
    assert parsed.text() == changed
    assert (parsed == message()) == (changed == TEXT)


def check(parsed: siwe.SignInMessage, **changes: Any) -> None:
    values: dict[str, Any] = {
        "origin": ORIGIN,
        "chain_id": 72731,
        "nonce": "a1B2c3D4e5F6",
        "now": NOW,
    }
    parsed.check(**{**values, **changes})


def test_message_for_this_question_passes() -> None:
    check(message())


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"origin": "https://parley.example"}, siwe.WrongDomain),
        ({"origin": "https://localhost:7273"}, siwe.WrongDomain),
        ({"origin": "http://localhost:72"}, siwe.WrongDomain),
        ({"chain_id": 1}, siwe.WrongChain),
        ({"nonce": "anotherNonce1"}, siwe.WrongNonce),
        ({"now": NOW + timedelta(minutes=11)}, siwe.WrongTime),
        ({"now": NOW - timedelta(minutes=3)}, siwe.WrongTime),
    ],
)
def test_message_for_another_question_is_refused(
    asked: dict[str, Any], error: type[Exception]
) -> None:
    """W02: domain, page, chain, nonce and time are this site's own."""
    with pytest.raises(error):
        check(message(), **asked)


def test_message_with_another_page_of_another_site_is_refused() -> None:
    text = TEXT.replace("URI: http://localhost:7273", "URI: http://localhost:7273.example.org")
    with pytest.raises(siwe.WrongDomain):
        check(siwe.SignInMessage.parse(text))


def test_expired_message_is_refused() -> None:
    with pytest.raises(siwe.WrongTime, match="expired"):
        check(message(expiration_time="2026-10-21T12:00:30Z"))
