"""Does a whole transaction again when the database, not the person, is to blame: deadlock, collision, lost connection.

Only for acts that do nothing twice when their commit was kept and only the answer was lost.
"""

from __future__ import annotations

import functools
import logging
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)

TRIES = 3
_DEADLOCK, _COLLISION = "40P01", "40001"
_LONGEST_REST_SECONDS = 0.1

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class DatabaseBusy(Exception):
    """The database refused or lost the act three times."""

    code = "busy"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            "Too much happened at once and this step was not done. Your coins and the trade are where they were; "
            "try again in a moment."
        )


def again(act: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """The act, tried up to three times. Inside somebody else's transaction once only: that one has to be done again whole.

    Raises (the act made so): DatabaseBusy, and what the act raises itself.
    """

    @functools.wraps(act)
    def tried(*given: Given.args, **named: Given.kwargs) -> Answer:
        if connection.in_atomic_block:
            return act(*given, **named)
        for number in range(1, TRIES + 1):
            try:
                return act(*given, **named)
            except (OperationalError, InterfaceError) as error:
                if not _is_passing(error):
                    raise
                logger.warning("%s, try %s: %s", act.__name__, number, error)
                if connection.connection is not None and not connection.is_usable():
                    connection.close()
                # Not both at the same moment again.
                time.sleep(random.uniform(0, _LONGEST_REST_SECONDS))
        raise DatabaseBusy

    return tried


def _is_passing(error: Exception) -> bool:
    code = getattr(error.__cause__, "sqlstate", None)
    return code in {_DEADLOCK, _COLLISION} or connection.connection is None or _is_lost(code)


def _is_lost(code: str | None) -> bool:
    """Whether the connection went: the server was stopped (57P..), a connection error (08...), or nothing was said at all."""
    return code is None or code.startswith(("57P", "08"))
