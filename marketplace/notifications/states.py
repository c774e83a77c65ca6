"""What a channel may be, and what it carries. Knows no database."""

from __future__ import annotations

from enum import StrEnum


class Way(StrEnum):
    """How a notice leaves the page. Each new way is one more word here and one more module that sends."""

    MAIL = "mail"
    PUSH = "push"


class Weight(StrEnum):
    """Why somebody is told: something is asked of him, something happened to his coins, or he asked for a test."""

    DUTY = "duty"
    NEWS = "news"
    TEST = "test"


class Ended(StrEnum):
    """Why a channel carries nothing any more."""

    STOPPED = "stopped"  # the person said so, in a mail or on the page
    REFUSED = "refused"  # the mail server says that nobody is there
    GONE = "gone"  # the browser gave the subscription up


# What each way carries until its owner says otherwise. Talk between the two of a trade goes out by none.
CARRIES: dict[Way, frozenset[Weight]] = {way: frozenset({Weight.DUTY, Weight.NEWS}) for way in Way}
