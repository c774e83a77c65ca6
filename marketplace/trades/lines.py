"""What each step of a trade says: one line for the room's log, and notices for the people it concerns.

Lines are the same for every reader, so they name people and never say "you". A notice speaks to one person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chat.lines import register
from marketplace.trades.models import Trade, TradeEvent
from marketplace.trades.states import Role

BUYER, SELLER, OTHER = "buyer", "seller", "other"

LINES: Mapping[str, str] = {
    "asked": "{taker} took offer {offer}: {coins} for {fiat} by {method}",
    "leased": "{taker} is first in line for three minutes",
    "payer_named": "{buyer} named the account to pay from",
    "proposed": "{actor} proposes {p_coins} for {p_fiat}",
    "proposal_declined": "{actor} declined the proposal",
    "terms_changed": "New terms: {coins} for {fiat} by {method}. {buyer} signs them next",
    "signed": "{buyer} signed the terms: {fiat} for {net}",
    "ready_asked": "{seller} asks whether {buyer} is here",
    "ready": "{buyer} is here",
    "declined": "{actor} left. Nothing was locked, nothing is owed",
    "declined.no_show": "{buyer} did not answer and {seller} left. Nothing was locked, nothing is owed",
    "lapsed.unanswered": "Time ran out before {buyer} signed. Nothing was locked, nothing is owed",
    "lapsed.not_locked": "Time ran out before {seller} locked the coins. Nothing is owed",
    "taken": "Another trade was locked first and the offer holds no more. Nothing is owed",
    "chain_lost": "The practice network was started over; this trade ended with it",
    "Funded": "{coins} locked",
    "Funded.extra": "{coins} locked outside the agreement. Nothing may be paid for them",
    "Funded.relocked": "{coins} locked again under the same terms",
    "TimeGranted": "{seller} gave more time to pay",
    "time_asked": "{buyer} asks for more time",
    "MarkedPaid": "{buyer} says {fiat} were sent",
    "Disputed": "{actor} opened a dispute",
    "settle_proposed": "{actor} offers a split: {part} to {buyer}, {rest} to {seller}",
    "settle_declined": "{actor} declined the split",
    "settle_accepted": "{actor} signed the split too",
    "Released": "{seller} released {coins}",
    "Cancelled": "{buyer} gave {coins} back to {seller}",
    "Reclaimed": "The time to pay was over and {seller} took {coins} back",
    "Settled": "Settled by both: {part} for {buyer} before the fee, {rest} for {seller}",
    "Ruled": "Decided: {part} for {buyer}, {rest} for {seller}",
    "TimedOut.buyer": "{seller}'s time to answer ran out: the coins went to {buyer}",
    "TimedOut.seller": "{buyer}'s time to pay ran out: the coins went back to {seller}",
    "TimedOut.half": "Nobody decided in time: half each, no fee",
    "undone": "The network undid steps that had counted as final: {steps}. By the contract this trade is now: {standing}. "
    "Only a bank's and a wallet's own pages say more; our staff looks at it",
    "alarm.page": "{actor}'s page refused what it was shown. Do not pay; our staff looks at it",
    "alarm": "The chain shows something else than was agreed. Do not pay; our staff looks at it",
}

NOTICES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "leased": ((BUYER, "{seller} offers {coins} for {fiat}. Accept within three minutes."),),
    "proposed": ((OTHER, "{actor} proposes {p_coins} for {p_fiat}. Answer in the trade."),),
    "proposal_declined": ((OTHER, "{actor} declined your proposal. The terms stay as they were."),),
    "terms_changed": ((BUYER, "The new terms stand: {fiat} for {net}. Sign them to go on."),),
    "signed": ((SELLER, "Your turn: {buyer} signed {fiat} for {coins}. Lock the coins."),),
    "ready_asked": ((BUYER, "Are you here? {seller} locks {coins} when you say so. One minute."),),
    "ready": ((SELLER, "{buyer} is here. Lock {coins} now."),),
    "declined": ((OTHER, "{actor} left the trade. Nothing was locked, nothing is owed."),),
    "lapsed.unanswered": (
        (BUYER, "The take lapsed: it was not signed in time. Nothing is owed."),
        (SELLER, "{buyer} did not sign in time. Nothing is owed."),
    ),
    "lapsed.not_locked": (
        (BUYER, "{seller} did not lock the coins in time. Nothing is owed, no mark for you."),
        (SELLER, "You did not lock the coins in time, so the take lapsed."),
    ),
    "taken": (
        (BUYER, "Somebody else was a moment earlier. Nothing is owed; the market has more offers."),
        (SELLER, "The take by {taker} closed: your offer holds no more."),
    ),
    "Funded": ((BUYER, "Your turn: {coins} are locked. Send {fiat} to {seller}."),),
    "Funded.extra": (
        (
            BUYER,
            "Do not pay: {seller} locked coins outside the agreement. Free them with one signature.",
        ),
        (
            SELLER,
            "Your coins were locked outside the agreement. {buyer} must not pay; you get them back.",
        ),
    ),
    "Funded.relocked": ((BUYER, "{seller} locked {coins} again. Do not pay twice."),),
    "TimeGranted": ((BUYER, "{seller} gave you more time to pay."),),
    "time_asked": ((SELLER, "{buyer} asks for more time to pay. Grant it in one step."),),
    "MarkedPaid": ((SELLER, "Your turn: {buyer} says {fiat} were sent. Check your own bank."),),
    "Disputed": ((OTHER, "{actor} opened a dispute. You two can still end it yourselves."),),
    "settle_proposed": ((OTHER, "{actor} offers a split: {part} to {buyer}, {rest} to {seller}."),),
    "settle_declined": ((OTHER, "{actor} declined your split."),),
    "Released": ((BUYER, "Done. {net} are in your wallet."),),
    "Cancelled": ((SELLER, "{buyer} gave {coins} back to you."),),
    "Reclaimed": ((BUYER, "The time to pay was over and {seller} took the coins back."),),
    "Settled": (
        (BUYER, "Settled by both. Your part is paid out."),
        (SELLER, "Settled by both. Your part is paid out."),
    ),
    "Ruled": (
        (BUYER, "Decided: {part} for you, {rest} for {seller}."),
        (SELLER, "Decided: {rest} for you, {part} for {buyer}."),
    ),
    "TimedOut.buyer": (
        (BUYER, "{seller} stayed silent, so the coins went to you: {net}."),
        (SELLER, "Your time to look ran out, so the coins went to {buyer}."),
    ),
    "TimedOut.seller": (
        (BUYER, "The time to pay ran out a day ago: the coins went back to {seller}."),
        (SELLER, "The coins are back with you: {buyer} did not pay in time."),
    ),
    "TimedOut.half": (
        (BUYER, "Nobody decided in time: half of the coins went to you, no fee."),
        (SELLER, "Nobody decided in time: half of the coins went to you, no fee."),
    ),
    "undone": (
        (BUYER, "The network undid {steps}. The trade is now: {standing}. Look before you act."),
        (SELLER, "The network undid {steps}. The trade is now: {standing}. Look before you act."),
    ),
    "alarm.page": (
        (
            OTHER,
            "{actor}'s page refused what it was shown. Do not pay or release until it is cleared.",
        ),
    ),
    "alarm": (
        (
            BUYER,
            "Do not pay: the chain shows something else than was agreed. Our staff looks at it.",
        ),
        (SELLER, "The chain shows something else than was agreed. Our staff looks at it."),
    ),
    "reminded.ASKED": ((BUYER, "{left} left to sign {fiat} for {net}."),),
    "reminded.AGREED": ((SELLER, "{left} left to lock {coins}."),),
    "reminded.FUNDED": ((BUYER, "{left} left to send {fiat} and say so."),),
    "reminded.PAID": (
        (
            SELLER,
            "{left} left to check your bank for {fiat}. If you do nothing, the coins go to {buyer}.",
        ),
    ),
}

# Lines that carry a small table: what was, what is proposed.
SLIPS = frozenset({"proposed", "terms_changed"})


def register_lines() -> None:
    """Teach the chat log every line of a trade."""
    for name, template in LINES.items():
        register(f"trade.{name}", template, slip=name in SLIPS)


def name_of(event: TradeEvent) -> str:
    """The entry of the tables that speaks for this event."""
    variant = event.params.get("variant", "")
    return f"{event.cause}.{variant}" if variant else event.cause


def words_for(trade: Trade, event: TradeEvent) -> dict[str, Any]:
    """Everything a line or notice may name: people now, amounts as they were when it happened."""
    people = {Role.BUYER: trade.buyer.label, Role.SELLER: trade.seller.label}
    return {
        "taker": trade.taker.label,
        "buyer": trade.buyer.label,
        "seller": trade.seller.label,
        "actor": people.get(Role(event.actor), "") if event.actor in people else "",
        "offer": trade.offer.public_id,
        **event.params,
    }


def recipients(trade: Trade, event: TradeEvent, to: str) -> list[Any]:
    """The people a notice goes to: a role, or everybody but the one who acted."""
    people = {BUYER: trade.buyer, SELLER: trade.seller}
    if to == OTHER:
        return [person for role, person in people.items() if role != event.actor]
    return [people[to]]
