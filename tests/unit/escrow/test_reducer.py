"""The reducer turns events into a trade's state and refuses events that do not follow."""

from __future__ import annotations

from typing import Any

import pytest

from escrow.chain.types import TradeTerms
from escrow.reducer import EscrowRecord, EventMisplaced, Fact, reduce_event, reduce_events
from escrow.states import EscrowOutcome, EscrowStatus

T0 = 1_770_000_000
TERMS = TradeTerms(
    seller="0x" + "11" * 20,
    buyer="0x" + "22" * 20,
    token="0x" + "00" * 20,
    amount=1_001,
    arbitrator="0x" + "33" * 20,
    fee_bps=50,
    pay_window=1_800,
    release_window=259_200,
    ruling_window=1_209_600,
    terms="0x" + "44" * 32,
)


def fact(name: str, time: int = T0 + 60, **args: Any) -> Fact:
    return Fact(name=name, trade_id=TERMS.trade_id, args=args, block_time=time)


FUNDED = fact("Funded", T0, trade=TERMS.as_json())
WALKS = {
    EscrowStatus.FUNDED: [FUNDED],
    EscrowStatus.PAID: [FUNDED, fact("MarkedPaid", T0 + 10)],
    EscrowStatus.DISPUTED: [FUNDED, fact("MarkedPaid", T0 + 10), fact("Disputed", T0 + 20)],
    EscrowStatus.CLOSED: [FUNDED, fact("Cancelled", T0 + 10)],
}


def at(status: str) -> EscrowRecord:
    return reduce_events(WALKS[EscrowStatus(status)])[TERMS.trade_id]


def test_funding_starts_the_trade_with_its_terms_and_clock() -> None:
    assert at("FUNDED") == EscrowRecord(
        terms=TERMS, status="FUNDED", since=T0, funded_at=T0, pay_by=T0 + 1_800
    )


@pytest.mark.parametrize(
    ("status", "name", "args", "after", "outcome", "to_buyer"),
    [
        ("FUNDED", "MarkedPaid", {}, "PAID", "", None),
        ("PAID", "Disputed", {}, "DISPUTED", "", None),
        ("FUNDED", "Released", {}, "CLOSED", EscrowOutcome.RELEASED, 1_001),
        ("PAID", "Cancelled", {}, "CLOSED", EscrowOutcome.CANCELLED, 0),
        ("FUNDED", "Reclaimed", {}, "CLOSED", EscrowOutcome.RECLAIMED, 0),
        ("DISPUTED", "Settled", {"toBuyer": "400"}, "CLOSED", EscrowOutcome.SETTLED, 400),
        ("DISPUTED", "Ruled", {"toBuyer": "1001"}, "CLOSED", EscrowOutcome.RULED, 1_001),
        ("PAID", "TimedOut", {"toBuyer": "1001"}, "CLOSED", EscrowOutcome.TIMED_OUT, 1_001),
    ],
)
def test_event_moves_the_trade(
    status: str, name: str, args: dict[str, str], after: str, outcome: str, to_buyer: int | None
) -> None:
    record = reduce_event(at(status), fact(name, T0 + 99, **args))
    assert record is not None
    assert (record.status, record.outcome, record.to_buyer, record.since) == (
        after,
        outcome,
        to_buyer,
        T0 + 99,
    )


def test_granted_time_moves_only_the_clock() -> None:
    record = reduce_event(at("FUNDED"), fact("TimeGranted", payBy=str(T0 + 9_000)))
    assert record is not None
    assert (record.status, record.pay_by, record.since) == ("FUNDED", T0 + 9_000, T0)


MISPLACED = [
    ("FUNDED", "Disputed"),
    ("PAID", "MarkedPaid"),
    ("PAID", "TimeGranted"),
    ("DISPUTED", "Disputed"),
    ("CLOSED", "Released"),
    ("CLOSED", "MarkedPaid"),
]


@pytest.mark.parametrize(("status", "name"), MISPLACED)
def test_event_that_does_not_follow_is_misplaced(status: str, name: str) -> None:
    with pytest.raises(EventMisplaced):
        reduce_event(at(status), fact(name, payBy="1"))


def test_event_of_an_id_that_was_never_funded_is_misplaced() -> None:
    """I20: unknown ids never make a trade."""
    with pytest.raises(EventMisplaced, match="never funded"):
        reduce_event(None, fact("Released"))


def test_funding_under_a_foreign_id_is_misplaced() -> None:
    with pytest.raises(EventMisplaced, match="not the hash"):
        reduce_event(None, Fact("Funded", "0x" + "77" * 32, FUNDED.args, T0))


def test_live_trade_is_not_funded_again_but_a_closed_one_is() -> None:
    with pytest.raises(EventMisplaced):
        reduce_event(at("PAID"), FUNDED)
    again = reduce_event(at("CLOSED"), fact("Funded", T0 + 500, trade=TERMS.as_json()))
    assert again == EscrowRecord(
        terms=TERMS, status="FUNDED", since=T0 + 500, funded_at=T0 + 500, pay_by=T0 + 2_300
    )


@pytest.mark.parametrize("name", ["Credited", "Withdrawn", "FeesWithdrawn"])
def test_events_about_coins_change_no_trade(name: str) -> None:
    assert reduce_event(at("CLOSED"), fact(name)) == at("CLOSED")
