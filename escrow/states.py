"""The states of what the chain side keeps. Pure names; the models store them and the reducer moves between them."""

from __future__ import annotations

from django.db.models import TextChoices


class EscrowStatus(TextChoices):
    """The contract's states; a closed trade has no word on chain any more."""

    FUNDED = "FUNDED"
    PAID = "PAID"
    DISPUTED = "DISPUTED"
    CLOSED = "CLOSED"


class EscrowOutcome(TextChoices):
    """How a trade closed: the name of its closing event."""

    RELEASED = "RELEASED"
    CANCELLED = "CANCELLED"
    RECLAIMED = "RECLAIMED"
    SETTLED = "SETTLED"
    RULED = "RULED"
    TIMED_OUT = "TIMED_OUT"


class ProblemKind(TextChoices):
    """Why the follower cannot go on just now."""

    AWAY = "AWAY", "the node does not answer as it should"
    CHANGED = "CHANGED", "the node serves another chain or contract"
    DISAGREE = "DISAGREE", "two nodes tell different chains"


class AuditSource(TextChoices):
    """What a row was compared with."""

    CONTRACT = "CONTRACT", "the contract"
    EVENTS = "EVENTS", "its events"


class SubmissionStatus(TextChoices):
    """What became of a person's own transaction."""

    PENDING = "PENDING"
    MINED = "MINED"
    REVERTED = "REVERTED"
    REPLACED = "REPLACED"
    DROPPED = "DROPPED"


class SignedCallStatus(TextChoices):
    """Where a signed call stands between its signer and the chain."""

    WAITING = "WAITING"
    SENT = "SENT"
    DONE = "DONE"
    REFUSED = "REFUSED"


class RelayStatus(TextChoices):
    """Where one nonce of the relayer stands."""

    PENDING = "PENDING"
    MINED = "MINED"
    DONE = "DONE"
    DROPPED = "DROPPED"
