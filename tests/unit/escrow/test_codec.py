"""Events, calls and moves are read and written exactly, whatever their values."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode

from escrow.chain import codec, moves
from escrow.chain.keys import ALICE, BOB, CAROL, DANA, DEVNET_ACCOUNTS, cast_account
from escrow.chain.types import ZERO_ADDRESS, DecodedEvent, RawLog, TradeTerms

TERMS = TradeTerms(
    seller=cast_account(ALICE).address,
    buyer=cast_account(BOB).address,
    token=ZERO_ADDRESS,
    amount=2**128 - 1,
    arbitrator=cast_account(DANA).address,
    fee_bps=50,
    pay_window=1_800,
    release_window=259_200,
    ruling_window=1_209_600,
    terms="0x" + "ab" * 32,
)
SIGNATURE = "0x" + "11" * 65


def log(topics: list[str], data: bytes) -> RawLog:
    return RawLog(
        address=ZERO_ADDRESS,
        topics=tuple(topics),
        data="0x" + data.hex(),
        block_number=1,
        block_hash="0x" + "01" * 32,
        log_index=0,
        tx_hash="0x" + "02" * 32,
        tx_index=0,
    )


def padded(address: str) -> str:
    return "0x" + address[2:].lower().zfill(64)


def test_funding_event_carries_the_whole_trade() -> None:
    kinds = ["(address,address,address,uint128,address,uint16,uint32,uint32,uint32,bytes32)"]
    topics = [
        codec.event_topic("Funded"),
        TERMS.trade_id,
        padded(TERMS.seller),
        padded(TERMS.buyer),
    ]
    event = codec.decode_event(log(topics, encode(kinds, [TERMS.as_tuple()])))
    assert event is not None
    assert (event.name, event.trade_id) == ("Funded", TERMS.trade_id)
    assert event.args["seller"] == TERMS.seller
    assert TradeTerms.from_typed(event.args["trade"]) == TERMS


def test_extreme_amount_is_kept_to_the_last_digit() -> None:
    """I22."""
    topics = [codec.event_topic("Withdrawn"), padded(ZERO_ADDRESS), padded(TERMS.buyer)]
    event = codec.decode_event(
        log(topics, encode(["address", "uint256"], [TERMS.seller, 2**256 - 1]))
    )
    assert event == DecodedEvent(
        name="Withdrawn",
        trade_id="",
        args={
            "to": TERMS.seller,
            "amount": str(2**256 - 1),
            "token": ZERO_ADDRESS,
            "account": TERMS.buyer,
        },
    )


@pytest.mark.parametrize(
    ("topics", "data"),
    [
        ([], b""),
        (["0x" + "ab" * 32], b""),
        ([codec.event_topic("Released")], b""),
        ([codec.event_topic("Settled"), TERMS.trade_id], b"\1"),
        ([codec.event_topic("Settled"), TERMS.trade_id, TERMS.trade_id], b"\0" * 32),
        ([codec.event_topic("Settled"), TERMS.trade_id], b"\xff" * 32),
    ],
)
def test_log_that_is_no_event_of_ours_is_none(topics: list[str], data: bytes) -> None:
    """I20: odd topics, cut or oversized values."""
    assert codec.decode_event(log(topics, data)) is None


def test_calldata_names_its_function_and_trade() -> None:
    paid = moves.direct_calldata("markPaid", TERMS)
    assert codec.called_trade(paid) == ("markPaid", TERMS.trade_id)
    assert codec.called_trade(moves.direct_calldata("fund", TERMS)) == ("fund", TERMS.trade_id)
    withdrawal = codec.encode_call("withdraw", TERMS.token, TERMS.seller)
    assert codec.called_trade(withdrawal) == ("withdraw", "")
    for strange in ("0x", "0xdeadbeef", paid[:100]):
        assert codec.called_trade(strange) == ("", "")


@pytest.mark.parametrize(
    "name", [name for name, move in moves.MOVES.items() if move.primary and name != "settle"]
)
def test_every_signed_move_has_its_call(name: str) -> None:
    values = {"newPayBy": 5, "evidence": "0x" + "22" * 32, "toBuyer": "7"}
    arguments = {key: values[key] for key, _ in moves.MOVES[name].arguments}
    data = moves.signed_calldata(
        name, TERMS, arguments, deadline=9, signer=TERMS.buyer, signature=SIGNATURE
    )
    assert codec.called_trade(data) == (f"{name}BySig", TERMS.trade_id)
    primary, message = moves.message_of(name, TERMS, funded_at=3, arguments=arguments, deadline=9)
    assert primary == moves.MOVES[name].primary
    assert list(message) == ["trade", "fundedAt", *arguments, "deadline"]


SIGNERS = {
    "markPaid": {BOB},
    "cancel": {BOB},
    "release": {ALICE},
    "reclaim": {ALICE},
    "grantTime": {ALICE},
    "dispute": {ALICE, BOB},
    "settle": {ALICE, BOB},
    "rule": {DANA},
}


@pytest.mark.parametrize(("name", "people"), SIGNERS.items())
def test_move_is_signed_by_its_own_party_only(name: str, people: set[int]) -> None:
    """The move table of the protocol; Carol signs nothing."""
    assert moves.signers_of(name, TERMS) == {cast_account(person).address for person in people}
    assert cast_account(CAROL).address not in moves.signers_of(name, TERMS)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("timeout", {}),
        ("steal", {}),
        ("markPaid", {"toBuyer": 1}),
        ("settle", {}),
        ("rule", {"toBuyer": 1}),
    ],
)
def test_move_that_cannot_be_signed_so_is_unknown(name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(moves.UnknownMove):
        moves.message_of(name, TERMS, funded_at=3, arguments=arguments, deadline=9)


def test_value_that_does_not_fit_the_function_is_malformed() -> None:
    with pytest.raises(codec.CallMalformed):
        moves.direct_calldata("settle", TERMS, {"toBuyer": 2**128}, deadline=1)
    with pytest.raises(moves.UnknownMove):
        moves.direct_calldata("steal", TERMS)


def test_cast_is_the_published_one() -> None:
    assert cast_account(0).address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert len({cast_account(index).address for index in range(DEVNET_ACCOUNTS)}) == 20
    with pytest.raises(IndexError):
        cast_account(DEVNET_ACCOUNTS)
