"""Every refusal of the trade services, with a code for programs and sentences for people.

`field` names the input that is to blame, when one is.
"""

from __future__ import annotations


class TradeRefused(Exception):
    """An expected refusal: nothing was changed. The text says what happened, what is safe and what to do."""

    code = "refused"
    text = "That is not possible now. Nothing was changed."
    field: str | None = None
    status = 409

    def __init__(self, text: str | None = None, *, field: str | None = None) -> None:
        if text is not None:
            self.text = text
        if field is not None:
            self.field = field
        super().__init__(self.text)


class ImpossibleMove(Exception):
    """A cause met a status that it cannot move. From the chain this means our picture of the trade is wrong."""

    def __init__(self, ref: str, status: str, cause: str) -> None:
        super().__init__(f"{ref}: {cause} cannot follow {status}")


class SomebodyWasFirst(TradeRefused):
    """The trade moved between reading and writing."""

    code = "somebody_was_first"
    text = "Something changed a moment earlier. Nothing of yours was lost; look at the trade again."


class NotPossibleNow(TradeRefused):
    """The move is not in the table for this role, status and time."""

    code = "not_possible_now"
    text = "That step is not open now. The page shows what is."


class NotEnoughLeft(TradeRefused):
    """The offer holds less than was asked for."""

    code = "not_enough_left"
    field = "amount"


class MethodRefused(TradeRefused):
    """The offer does not take this payment method."""

    code = "method_refused"
    field = "method"
    text = "This offer does not take that payment method. Pick one it lists."
    status = 400


class AccountRefused(TradeRefused):
    """Account details are incomplete, or do not match what the page committed to."""

    code = "account_refused"
    status = 400


class AlreadyTaken(TradeRefused):
    """The same person has an open take of this offer."""

    code = "already_taken_by_you"

    def __init__(self, ref: str) -> None:
        self.ref = ref
        super().__init__(f"You already have trade {ref} open with this offer. Go on there.")


class CoinsNotSeen(TradeRefused):
    """A seller takes a buy offer without the coins."""

    code = "coins_not_seen"


class ChainUnavailable(TradeRefused):
    """The node does not answer."""

    code = "chain_unavailable"
    text = "The network does not answer at the moment. Nothing was changed; try again in a minute."
    status = 503


class WaitYourTurn(TradeRefused):
    """A queued take of a buy offer."""

    code = "wait_your_turn"
    text = "Somebody else is first in line with this offer. You move up by yourself; keep this page open."


class TermsChanged(TradeRefused):
    """The signature belongs to terms that are no longer the current ones."""

    code = "terms_changed"
    text = "The terms changed while you were signing. Nothing is agreed; read the new figures and sign again."


class TermsIncomplete(TradeRefused):
    """One of the two accounts is not named yet."""

    code = "terms_incomplete"
    text = "First write the name on the account you pay from; it becomes part of what you sign."
    field = "payerName"


class BadSignature(TradeRefused):
    """The signature is not by the expected account over the expected message."""

    code = "bad_signature"
    text = "The signature does not fit this trade or this account. Nothing was sent; sign again with the right wallet."
    status = 400


class DeadlineRefused(TradeRefused):
    """A signature that is over, or would stay open for too long."""

    code = "deadline_refused"
    status = 400


class ProposalRefused(TradeRefused):
    """A proposal that changes nothing, or breaks a limit."""

    code = "proposal_refused"
    status = 400


class ProposalGone(TradeRefused):
    """The proposal was answered, replaced or has lapsed."""

    code = "proposal_gone"
    text = "That proposal no longer stands. Nothing was agreed; the room shows the latest one."


class SettleOpen(TradeRefused):
    """One split is on the table already."""

    code = "settle_open"
    text = "There is a split on the table already. Answer that one first."


class BadInput(TradeRefused):
    """A request that is not in the expected form."""

    code = "bad_input"
    text = "The request was not understood. Reload the page and try again."
    status = 400
