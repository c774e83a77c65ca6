"""Why an act of staff is refused; each text is fit for the member of staff who reads it."""

from __future__ import annotations

from marketplace.accounts.models import User


class StaffRefused(Exception):
    """An act of staff is not possible; the text says why and what is."""

    code = "staff_refused"
    field: str | None = None


class ReasonMissing(StaffRefused):
    code, field = "reason_missing", "reason"

    def __init__(self) -> None:
        super().__init__("Write the reason: the person and the audit log both get it.")


class BadEnd(StaffRefused):
    code, field = "bad_end", "until"

    def __init__(self) -> None:
        super().__init__("A suspension needs an end in the future, at most a year away.")


class NotOneself(StaffRefused):
    code = "not_oneself"

    def __init__(self) -> None:
        super().__init__("Nobody decides about himself. Ask a colleague.")


class AlreadySuspended(StaffRefused):
    code = "already_suspended"

    def __init__(self, user: User) -> None:
        super().__init__(
            f"{user.label} is suspended already. Lift that first, so that the record shows both."
        )


class NotSuspended(StaffRefused):
    code = "not_suspended"

    def __init__(self, user: User) -> None:
        super().__init__(f"{user.label} is not suspended.")


class OfferNotOpen(StaffRefused):
    code = "offer_not_open"

    def __init__(self) -> None:
        super().__init__("This offer is not open, so there is nothing to pause.")


class NotAnArbitrator(StaffRefused):
    code, field = "not_an_arbitrator", "to"

    def __init__(self) -> None:
        super().__init__("Only an arbitrator without an interest in the trade can take this case.")


class CaseTaken(StaffRefused):
    code = "case_taken"

    def __init__(self, who: str) -> None:
        super().__init__(f"{who} has this case. Ask for it to be handed over.")


class CaseNotLive(StaffRefused):
    code = "case_not_live"

    def __init__(self) -> None:
        super().__init__(
            "This trade is not in review any more; only the contract's own record counts now."
        )


class EndOnItsWay(StaffRefused):
    code = "end_on_its_way"

    def __init__(self, step: str) -> None:
        super().__init__(
            f"{step}, and that is on its way: it ends the trade if the network keeps it. "
            "Nothing was sent. Rule only if the page shows the trade in review again."
        )


class RecordClosed(StaffRefused):
    code = "record_closed"

    def __init__(self) -> None:
        super().__init__("Open the record first: both parties see that you read it.")


class NotYours(StaffRefused):
    code = "not_yours"

    def __init__(self) -> None:
        super().__init__(
            "The contract takes a ruling only from the arbitrator whom the trade names. That is not you."
        )


class TimeIsOver(StaffRefused):
    code = "time_is_over"

    def __init__(self) -> None:
        super().__init__(
            "The ruling window is over: the contract takes no ruling any more. The coins are split in half."
        )


class RulingOutOfRange(StaffRefused):
    code, field = "ruling_out_of_range", "to_buyer"

    def __init__(self) -> None:
        super().__init__(
            "The buyer's part must lie between nothing and all the coins, in whole base units."
        )


class FindingMissing(StaffRefused):
    code, field = "finding_missing", "findings"

    def __init__(self) -> None:
        super().__init__("Answer all four questions; “unclear” is an answer.")


class LetterMissing(StaffRefused):
    code, field = "letter_missing", "letter"

    def __init__(self) -> None:
        super().__init__("Write the letter: both will ask why, and the contract keeps its hash.")
