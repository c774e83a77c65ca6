"""Follows the chain and moves the trades, until it is told to stop. Any number may run; one per chain works."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseError
from django.db import connection
from structlog.contextvars import bound_contextvars

from escrow import indexer
from escrow.identity import ChainChanged
from escrow.models import Chain
from marketplace.trades.projection import apply_unapplied, hint_watchers

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.5
TROUBLED_PAUSE_SECONDS = 5.0
# A node that does not answer is asked again soon, then ever later.
LONGEST_PAUSE_SECONDS = 8.0


class Command(BaseCommand):
    """`python manage.py follow`"""

    help = "Follow the chain: read blocks, settle events, move trades."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--once` is for scripts: read to the head once and leave."""
        parser.add_argument("--once", action="store_true", help="read to the head once and leave")

    def handle(self, *args: Any, **options: Any) -> None:
        """Loop until SIGTERM or ^C; trouble is logged, waited out and tried again."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        pause = 0.0
        while not stop.is_set():
            pause = one_round(pause)
            if options["once"] and pause:
                return
            stop.wait(pause)


def one_round(last_pause: float = 0.0) -> float:
    """One step on every chain, then what became ripe; how many seconds to rest before the next."""
    try:
        steps = [_advance(chain) for chain in Chain.objects.all()]
        apply_unapplied()
    except (ChainChanged, indexer.ChainHalted) as error:
        logger.error("%s", error)
        return TROUBLED_PAUSE_SECONDS
    except DatabaseError:
        logger.exception("the database did not answer; trying again")
        connection.close()
        return TROUBLED_PAUSE_SECONDS
    if any(done.problem for done in steps):
        return min(max(2 * last_pause, PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
    return 0.0 if any(done.behind for done in steps) else PAUSE_SECONDS


def _advance(chain: Chain) -> indexer.Advance:
    with bound_contextvars(chain=chain.pk):
        done = indexer.advance(chain)
        if done.problem:
            logger.warning("%s", done.problem)
    hint_watchers(done.trade_ids)
    return done
