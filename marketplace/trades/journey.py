"""How far a step has come on its way to the chain, as the room tells it: signed, waiting, sent, "1 of 2". Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from escrow.models import SignedCall, Submission
from escrow.selectors import PendingEvent
from escrow.states import SignedCallStatus, SubmissionStatus
from marketplace.trades.models import Trade
from marketplace.trades.selectors import Traffic
from marketplace.trades.states import Move, Status, shown_pay_by

# A relayed step is usually in a block within seconds; after this the page offers another way.
SLOW_AFTER = timedelta(seconds=60)
# So near to the page's end of the time to pay, one waits for a "paid" only this long.
CLOSE_SECONDS = 300
CLOSE_SLOW_AFTER = timedelta(seconds=15)
# What the relayer's answers leave to the signer's own wallet.
OWN_WALLET_REASONS = frozenset({"TooDear", "TradeBudgetSpent", "FailedOnChain"})
# What the room's own button can send once more without asking anything.
SENDABLE = frozenset({Move.MARK_PAID, Move.GRANT_TIME, Move.RECLAIM, Move.DISPUTE})
MARKS = {
    "done": ("is-safe", "check"),
    "now": ("is-time", "refresh-cw"),
    "ahead": ("", "circle"),
}
OPEN = frozenset({SignedCallStatus.WAITING, SignedCallStatus.SENT})


@dataclass(frozen=True)
class Leg:
    """One line of the way. `state` is "done", "now" or "ahead"."""

    text: str
    state: str
    more: str = ""
    tx_hash: str = ""

    @property
    def mark(self) -> tuple[str, str]:
        """Tone and icon of its dot."""
        return MARKS[self.state]

    @property
    def is_ahead(self) -> bool:
        """Whether it has not begun."""
        return self.state == "ahead"


@dataclass(frozen=True)
class Journey:
    """The way of the step that is on its way, and what its signer can do if it is slow."""

    legs: tuple[Leg, ...] = ()
    # The reader's own signed step that is not in a block yet.
    own_call: SignedCall | None = None
    is_slow: bool = False
    # It is a "paid", slow, and the time to pay is all but over.
    hurries: bool = False
    # The reader's own step that was refused, where his own wallet can still send it.
    sendable: SignedCall | None = None
    refusal: str = ""

    @property
    def call_to_send(self) -> SignedCall | None:
        """The step that a button "send it myself" would send; for others there is the page of the signed step."""
        call = self.own_call if self.is_slow else self.sendable
        return None if call is None or call.move not in SENDABLE else call


def journey_of(trade: Trade, traffic: Traffic, address: str, *, now: int) -> Journey:
    """The way of what is on its way for a trade, as the party with this address reads it; `now` is block time."""
    call = _open_call(traffic, address)
    is_mined = traffic.pending is not None
    own = None if is_mined else call
    is_slow = own is not None and _is_slow(own, trade, now)
    return Journey(
        legs=_legs(traffic),
        own_call=own,
        is_slow=is_slow,
        hurries=is_slow
        and call is not None
        and call.move == Move.MARK_PAID
        and is_close(trade, now),
        sendable=_refused_call(traffic, address),
        refusal=traffic.refusal_for(address),
    )


def _legs(traffic: Traffic) -> tuple[Leg, ...]:
    if traffic.move is None:
        return ()
    event = traffic.pending
    sent = _sent(traffic)
    if isinstance(sent, Submission):
        before = [
            Leg(
                "Sent from a wallet", "done", "its owner pays the network", _shown_hash(sent, event)
            )
        ]
    elif isinstance(sent, SignedCall):
        before = _relayed(sent, event)
    else:
        before = [Leg("Sent to the network", "done", tx_hash=event.tx_hash if event else "")]
    return (*before, *_blocks(event, is_sent=before[-1].state == "done"))


def _relayed(call: SignedCall, event: PendingEvent | None) -> list[Leg]:
    signed = Leg("Signed", "done", "a message, no network fee")
    if event is not None:
        return [signed, Leg("Sent to the network", "done", tx_hash=event.tx_hash)]
    if call.status == SignedCallStatus.SENT:
        return [signed, Leg("Sent to the network", "done", "we pay for it", call.tx_hash)]
    return [signed, Leg("Waiting for our sender", "now", "usually a few seconds")]


def _blocks(event: PendingEvent | None, *, is_sent: bool) -> list[Leg]:
    if event is None:
        state = "now" if is_sent else "ahead"
        return [Leg("In a block", state), Leg("Safe: it counts", "ahead")]
    count = f"{event.confirmations} of {event.depth} confirmations"
    return [Leg("In a block", "done"), Leg("Safe: it counts", "now", count)]


def _sent(traffic: Traffic) -> SignedCall | Submission | None:
    """What carries the step: the reader's or the other's transaction before a signature, the newest of each."""
    for sent in traffic.submissions:
        is_this = sent.move == traffic.move
        if is_this and sent.status in {SubmissionStatus.PENDING, SubmissionStatus.MINED}:
            return sent
    for call in traffic.calls:
        if call.move == traffic.move and call.status != SignedCallStatus.REFUSED:
            return call
    return None


def _shown_hash(sent: Submission, event: PendingEvent | None) -> str:
    return event.tx_hash if event else sent.replaced_by or sent.tx_hash


def _open_call(traffic: Traffic, address: str) -> SignedCall | None:
    mine = (call for call in traffic.calls if call.signer == address and call.status in OPEN)
    return next((call for call in mine if call.move in traffic.ahead), None)


def _refused_call(traffic: Traffic, address: str) -> SignedCall | None:
    """The newest signed step, if it was refused for what it costs and still fits where the trade stands."""
    mine = next((call for call in traffic.calls if call.signer == address), None)
    is_left = mine is not None and mine.reason in OWN_WALLET_REASONS and mine.move in traffic.ahead
    return mine if is_left else None


def is_close(trade: Trade, now: int) -> bool:
    """Whether the time to pay that people are told is all but over; `now` is block time."""
    return trade.status == Status.FUNDED and now >= shown_pay_by(trade.pay_by) - CLOSE_SECONDS


def _is_slow(call: SignedCall, trade: Trade, now: int) -> bool:
    hurries = call.move == Move.MARK_PAID and is_close(trade, now)
    return timezone.now() - call.created_at > (CLOSE_SLOW_AFTER if hurries else SLOW_AFTER)
