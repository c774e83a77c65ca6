"""How a trade's end is told to each of the two: one heading and one sentence per way it can end. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from marketplace.trades.states import Outcome, Role, Status

BUYER, SELLER = Role.BUYER, Role.SELLER


@dataclass(frozen=True)
class Ending:
    """The words of an end. `chip` is a state of the chip component; texts may name {peer}, {net}, {coins}, {part}, {rest}, {fiat}."""

    chip: str
    heading: str
    text: str


CHAIN: Mapping[tuple[str, Role], Ending] = {
    ("RELEASED", BUYER): Ending("released", "Done. {net} are in your wallet", "They went straight from the lock to you."),
    ("RELEASED", SELLER): Ending("released", "Done. You released {coins} to {peer}", "{fiat} are with you, the coins with {peer}."),
    ("CANCELLED", BUYER): Ending("returned", "You gave {coins} back to {peer}", "The trade is over. No mark for either of you."),
    ("CANCELLED", SELLER): Ending("returned", "{coins} are back in your wallet", "{peer} cancelled. No mark for you."),
    ("RECLAIMED", BUYER): Ending("returned", "Time was up and {peer} took the coins back",
        "If you had already sent {fiat}, ask {peer} to lock the same deal again, or get help. Do not send anything now."),
    ("RECLAIMED", SELLER): Ending("returned", "{coins} are back in your wallet",
        "{peer} did not say “paid” in time. Should {fiat} arrive after all, lock the same deal again or send it back."),
    ("SETTLED", BUYER): Ending("released", "Settled. {part} went to you", "Both of you signed this split; the fee came off your part."),
    ("SETTLED", SELLER): Ending("released", "Settled. {rest} came back to you", "Both of you signed this split."),
    ("RULED", BUYER): Ending("decided", "Decided: {part} for you", "{rest} went to {peer}. A ruling costs no fee."),
    ("RULED", SELLER): Ending("decided", "Decided: {rest} for you", "{part} went to {peer}. A ruling costs no fee."),
    ("TIMED_OUT.buyer", BUYER): Ending("released", "Done. {net} went to you", "{peer}'s time to look ran out, so the coins are yours."),
    ("TIMED_OUT.buyer", SELLER): Ending("ended", "Your time ran out: the coins went to {peer}",
        "You did not answer “paid” in time. The contract then gives the coins to the buyer."),
    ("TIMED_OUT.seller", BUYER): Ending("returned", "Your time to pay ran out",
        "The coins went back to {peer}. Had you already paid? Get help; do not send anything now."),
    ("TIMED_OUT.seller", SELLER): Ending("returned", "{coins} are back in your wallet", "{peer} did not pay in time."),
    ("TIMED_OUT.half", BUYER): Ending("decided", "Nobody decided in time: {part} for you", "Half each, no fee."),
    ("TIMED_OUT.half", SELLER): Ending("decided", "Nobody decided in time: {rest} for you", "Half each, no fee."),
}  # fmt: skip

HUB: Mapping[tuple[str, Role], Ending] = {
    ("unanswered", BUYER): Ending("ended", "The take lapsed", "It was not signed in time. Nothing was locked, nothing is owed."),
    ("unanswered", SELLER): Ending("ended", "The take lapsed", "{peer} did not sign in time. No mark for you; nothing was locked."),
    ("not_locked", BUYER): Ending("ended", "{peer} did not lock in time", "Nothing is owed and no mark for you. Other offers are open."),
    ("not_locked", SELLER): Ending("ended", "You did not lock in time", "The take lapsed. Nothing left your wallet."),
    ("taken", BUYER): Ending("ended", "Somebody was a moment earlier", "The offer holds no more. Nothing is owed; other offers are open."),
    ("taken", SELLER): Ending("ended", "Your offer was taken by somebody else first", "Nothing was locked for this take."),
    ("declined", BUYER): Ending("ended", "This trade ended before it began", "Nothing was locked, nothing is owed, no mark for either of you."),
    ("declined", SELLER): Ending("ended", "This trade ended before it began", "Nothing was locked, nothing is owed, no mark for either of you."),
    ("undone", BUYER): Ending("ended", "The network undid the lock",
        "By the contract nothing is locked. Had you already paid? Get help; do not send anything now."),
    ("undone", SELLER): Ending("ended", "The network undid the lock", "Your coins are in your wallet as the network shows it now. Look before you act."),
    ("devnet_reset", BUYER): Ending("ended", "The practice network was started over", "Its coins are gone with it. This trade stays as a record."),
    ("devnet_reset", SELLER): Ending("ended", "The practice network was started over", "Its coins are gone with it. This trade stays as a record."),
}  # fmt: skip


def ending_of(outcome: str, role: Role, *, close_reason: str = "", variant: str = "") -> Ending:
    """The words for an end; an outcome before funding is told by its reason."""
    key = f"{outcome}.{variant}" if outcome == Outcome.TIMED_OUT else outcome
    told = CHAIN.get((key, role)) or HUB.get((close_reason, role))
    return told or HUB["declined", role]


def timeout_variant(before: str) -> str:
    """Whom a time-out paid, by the status it ended."""
    return {Status.FUNDED: "seller", Status.PAID: "buyer"}.get(Status(before), "half")
