"""Short sentences of the room by stage, move and reason. Pure tables; longer texts stand in the templates of the stages."""

from __future__ import annotations

from collections.abc import Mapping

from marketplace.trades.stage import Stage
from marketplace.trades.states import Extra, Move, Role, Status

# The one filled button, repeated in the phone's thumb bar. {fiat} and {coins} repeat the amounts.
MAIN_ACTIONS: Mapping[Stage, str] = {
    Stage.SIGN: "Accept and sign {fiat}",
    Stage.NAME_PAYER: "Accept and sign {fiat}",
    Stage.ANSWER_PROPOSAL: "Accept the proposal",
    Stage.ANSWER_READY: "I'm here",
    Stage.ASK_READY: "Ask {peer}",
    Stage.NO_SHOW: "Ask once more",
    Stage.LOCK: "Lock {coins}",
    Stage.PAY: "I have sent {fiat}",
    Stage.PAY_LATE: "I had sent {fiat}",
    Stage.RECLAIM: "Take {coins} back",
    Stage.EXTRA_BUYER: "Free {coins}",
    Stage.RELOCKED_BUYER: "I had sent {fiat}",
    Stage.RELOCKED_SELLER: "Release {coins}",
    Stage.CONFIRM: "Release {coins}",
    Stage.CONFIRM_OVER: "Release {coins}",
    Stage.CLAIM: "Send the last step",
    Stage.DISPUTED_OVER: "Send the last step",
}
WAIT_WORDS: Mapping[Stage, str] = {
    Stage.QUEUED: "In line",
    Stage.WAIT_SIGN: "Waiting for the signature",
    Stage.WAIT_PROPOSAL: "Waiting for the answer",
    Stage.WAIT_READY: "Waiting for the answer",
    Stage.OVER: "Time is up",
    Stage.PAY_WITHHELD: "Do not pay yet",
    Stage.WAIT_PAY: "Waiting for the payment",
    Stage.WAIT_CONFIRM: "Waiting for the seller",
    Stage.ON_ITS_WAY: "On its way",
}
LOCK_WAIT = {Role.BUYER: "Do not pay yet", Role.SELLER: "Locking"}

ON_ITS_WAY: Mapping[Move, tuple[str, str]] = {
    Move.MARK_PAID: (
        "“Paid” is being recorded",
        "The seller sees it at once; it counts when the network has it.",
    ),
    Move.RELEASE: (
        "The coins are on their way to the buyer",
        "Usually a few seconds on this network.",
    ),
    Move.CANCEL: ("The coins are on their way back", "The buyer gave them back to the seller."),
    Move.RECLAIM: (
        "The coins are on their way back",
        "The seller takes them back; the time to pay was over. Do not pay any more.",
    ),
    Move.SETTLE: ("The split is being paid out", "Both of you signed it."),
    Move.DISPUTE: (
        "The dispute is being recorded",
        "The clock of the seller stops when the network has it.",
    ),
    Move.RULE: ("The decision is being recorded", "The arbitrator signed it."),
    Move.TIMEOUT: ("The last step is on its way", "Time ran out; the contract pays as it must."),
    Move.GRANT_TIME: ("More time is being recorded", "The new time shows when the network has it."),
}

EXTRA: Mapping[str, str] = {
    Extra.LATE: "These coins were locked after the agreed time.",
    Extra.UNSIGNED: "These coins were locked before the buyer had signed the terms.",
    Extra.OLD_TERMS: "These coins were locked under terms that a later proposal had replaced.",
    Extra.DECLINED: "These coins were locked after the trade had been left.",
    Extra.TAKEN: "Another trade was locked first, and the offer held no more.",
    Extra.LEASE: "Another seller was first in line with this offer.",
    Extra.STOCK: "The offer held less than this trade needs.",
}

QUICK_REPLIES: Mapping[tuple[Role, Status], tuple[str, ...]] = {
    (Role.BUYER, Status.ASKED): ("That works for me", "A little less?", "I need 5 minutes"),
    (Role.SELLER, Status.ASKED): ("That works for me", "Shall we meet in the middle?"),
    (Role.BUYER, Status.AGREED): ("I am here", "How long does it take?"),
    (Role.SELLER, Status.AGREED): ("Locking now, one moment", "Are you here?"),
    (Role.BUYER, Status.FUNDED): (
        "It is on its way",
        "My bank asks for a code",
        "I need more time",
    ),
    (Role.SELLER, Status.FUNDED): ("Take your time", "Please write only the reference"),
    (Role.BUYER, Status.PAID): ("It left my account", "Do you see it?"),
    (Role.SELLER, Status.PAID): (
        "I see it, releasing",
        "Not here yet",
        "Which name did it come from?",
    ),
    (Role.BUYER, Status.DISPUTED): ("I am adding it now", "I need until tonight"),
    (Role.SELLER, Status.DISPUTED): ("I am adding it now", "I need until tonight"),
    (Role.BUYER, Status.CLOSED): ("Thank you", "Same again next week?"),
    (Role.SELLER, Status.CLOSED): ("Thank you", "Same again next week?"),
}

CHIPS: Mapping[Stage, str] = {
    Stage.QUEUED: "waiting",
    Stage.OVER: "ended",
    Stage.WAIT_LOCK: "locking",
    Stage.LOCKING: "locking",
    Stage.ON_ITS_WAY: "locking",
    Stage.PAY_WITHHELD: "paused",
    Stage.PAY_OVER: "late",
    Stage.WAIT_CONFIRM: "paid",
    Stage.EXTRA_SELLER: "paused",
    Stage.CONFIRM_OVER: "late",
    Stage.DISPUTED: "in-review",
    Stage.DISPUTED_OVER: "in-review",
}
ON_ITS_WAY_WORD = "On its way"
