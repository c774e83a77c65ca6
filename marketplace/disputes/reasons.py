"""The words of a dispute: reasons as sentences, their checklists and evidence slots, what to ask for, why it was decided.

Pure data. A reason is retired by taking its roles away, never by deleting it: old cases keep their words.
"""

from __future__ import annotations

from dataclasses import dataclass

STORY_LENGTH = 1500
EVIDENCE_LENGTH = 1500

BUYER = "buyer"
SELLER = "seller"
BOTH = (BUYER, SELLER)

ALL_TO_BUYER = "all_to_buyer"
ALL_TO_SELLER = "all_to_seller"
SPLIT = "split"
WAIT = "wait"


@dataclass(frozen=True)
class Slot:
    """One piece of evidence that fits a reason, given as text."""

    code: str
    label: str
    hint: str


@dataclass(frozen=True)
class Reason:
    """Why somebody asks for a decision: `sentence` is what he picks, `short` is what everybody else reads."""

    code: str
    sentence: str
    short: str
    roles: tuple[str, ...]
    checklist: tuple[str, ...]
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class RulingReason:
    """Why it was decided so, with the letter an arbitrator starts from; {seller}, {buyer}, {amount} and {fiat} are filled in."""

    code: str
    text: str
    letter: str


BOOKING = Slot(
    "booking",
    "The booking in your bank",
    "Date, time, amount and reference, copied from your statement.",
)
SENDER = Slot("sender", "The sender's name as your bank shows it", "Copy it letter by letter.")
RECEIPT = Slot(
    "receipt",
    "The confirmation of your transfer",
    "Reference, date, time, amount and the account it went to.",
)
STATEMENT = Slot(
    "statement",
    "What your statement shows for those days",
    "The lines before and after, so that a gap would be seen.",
)
MESSAGES = Slot(
    "messages", "The words that put you under pressure", "Quote them and say where they stand."
)
ANYTHING = Slot("anything", "Anything else that shows it", "Facts first: what, when, from where.")

REASONS: tuple[Reason, ...] = (
    Reason(
        "hold",
        "The money is not here yet, and I want to wait for it.",
        "Not here yet",
        (SELLER,),
        (
            "Open your bank's own app and look again, also under pending and at the reference.",
            "Ask in the chat when it was sent and by which bank: between banks one business day is usual.",
            "Holding stops the clock that would release the coins. It leaves no mark if the trade ends by release.",
        ),
        (STATEMENT,),
    ),
    Reason(
        "not_received",
        "Nothing came, and I do not believe it was sent.",
        "Nothing came",
        (SELLER,),
        (
            "Look in the account that stands in the terms, not in another one of yours.",
            "Look for the amount without the reference: banks cut references off.",
            "Ask the buyer for the booking in his statement. A picture of a transfer form proves nothing.",
        ),
        (STATEMENT, ANYTHING),
    ),
    Reason(
        "wrong_amount",
        "A different amount arrived than agreed.",
        "Different amount",
        BOTH,
        (
            "A fee of a bank on the way is a reason to settle on a split: both sign, paid out at once.",
            "If only a little is missing, the buyer can send the rest while the trade is open.",
            "Write down exactly what arrived, to the cent.",
        ),
        (BOOKING, RECEIPT),
    ),
    Reason(
        "other_name",
        "The money came from another name than agreed.",
        "Other name sent it",
        (SELLER,),
        (
            "Compare the sender with the name in the terms: a second given name or a missing umlaut is no other person.",
            "If it is another person, send the money back to where it came from, and nowhere else.",
            "Once the buyer sees it back he can cancel: the coins return to you, and nobody gets a mark.",
        ),
        (SENDER, BOOKING),
    ),
    Reason(
        "not_released",
        "I have paid, and the coins are not released.",
        "Not released",
        (BUYER,),
        (
            "If the seller stays silent the coins come to you by themselves when his time ends: you need not do anything.",
            "Check that the transfer was booked, not only ordered, and that it went to the account of the terms.",
            "A dispute stops that clock. Open one only if the seller says something that is not true.",
        ),
        (RECEIPT, BOOKING),
    ),
    Reason(
        "pressured",
        "I am put under pressure to do something I do not want.",
        "Felt pressured",
        BOTH,
        (
            "Nobody from here ever asks for keys, secret words, a second payment or a talk elsewhere.",
            "Stop answering. The coins are locked and cannot be taken from you by words.",
            "Quote the messages below, and give them free from the chat after you opened the case.",
        ),
        (MESSAGES,),
    ),
    Reason(
        "other",
        "Something else is wrong.",
        "Something else",
        BOTH,
        (
            "Say first what you want to happen: it is often the quickest way to it.",
            "You two can still settle on a split at any moment, also after the case is open.",
        ),
        (ANYTHING,),
    ),
)

WANTED: tuple[tuple[str, str], ...] = (
    (ALL_TO_BUYER, "All coins to the buyer"),
    (ALL_TO_SELLER, "All coins back to the seller"),
    (SPLIT, "A split"),
    (WAIT, "Only a little more time"),
)

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("paid", "Was it paid?"),
    ("on_time", "On time?"),
    ("right_name", "From the right name?"),
    ("right_amount", "The right amount?"),
)
ANSWERS: tuple[tuple[str, str], ...] = (("yes", "Yes"), ("no", "No"), ("unclear", "Unclear"))

RULING_REASONS: tuple[RulingReason, ...] = (
    RulingReason(
        "paid_in_full",
        "Paid in full: the coins go to the buyer",
        "{fiat} were paid in full, on time and from the right name. The coins go to {buyer}.",
    ),
    RulingReason(
        "not_paid",
        "No payment was shown: the coins go back",
        "No booking of {fiat} was shown that fits the terms. The coins go back to {seller}.",
    ),
    RulingReason(
        "underpaid",
        "Underpaid: split in proportion",
        "Less than the agreed {fiat} arrived, from the right name to the right account. The {amount} are split in that proportion.",
    ),
    RulingReason(
        "other_name",
        "Paid from another name: the coins go back",
        "The payment came from another name than the terms say, and has to go back to its sender. The coins go back to {seller}.",
    ),
    RulingReason(
        "paid_late",
        "Paid too late",
        "The payment was made after the time to pay had ended.",
    ),
    RulingReason(
        "no_answer",
        "One side did not answer",
        "One side was asked and did not answer in the time given. The decision rests on what the other side showed.",
    ),
    RulingReason(
        "undecidable",
        "It cannot be told who is right",
        "Both accounts stand against each other and the evidence decides for neither. The {amount} are split.",
    ),
)

_REASONS = {reason.code: reason for reason in REASONS}
_RULING_REASONS = {reason.code: reason for reason in RULING_REASONS}
_SLOTS = {slot.code: slot for reason in REASONS for slot in reason.slots}


def reason(code: str) -> Reason | None:
    """The reason with this code, or None."""
    return _REASONS.get(code)


def reasons_for(role: str) -> list[Reason]:
    """The reasons a buyer or a seller can give."""
    return [entry for entry in REASONS if role in entry.roles]


def ruling_reason(code: str) -> RulingReason | None:
    """The ruling's reason with this code, or None."""
    return _RULING_REASONS.get(code)


def slot_label(code: str) -> str:
    """What a piece of evidence is called; the code itself when the slot was retired."""
    slot = _SLOTS.get(code)
    return slot.label if slot else code
