"""Looks at the hub now and then: what began and what ended becomes a row, a line of the log and, if wanted, a mail.

Called by the schedule and, since that may be what is missing, by a thread beside the follower. Looks at once do no harm.
"""

from __future__ import annotations

import logging
import threading
import time

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import Error as DatabaseError
from django.db import connection, transaction

from escrow.locks import advisory_lock
from stack.models import Alarm
from stack.watch.alarms import RULES, raised
from stack.watch.figures import Figures, read

EVERY_SECONDS = 15
LOOKS = 7_270_010
_DETAIL_CHARACTERS = 400
# A hub that has just started has not yet read, sent or compared anything: that is no alarm.
STARTING_SECONDS = 60

log = structlog.get_logger(__name__)
_born = time.monotonic()


def is_starting() -> bool:
    """Whether this process is too young to judge the others."""
    return time.monotonic() - _born < STARTING_SECONDS


def look(figures: Figures | None = None) -> list[Alarm]:
    """Look once; the alarms that began or ended. Another look that runs at this moment leaves this one nothing to do.

    Raises: django.db.Error.
    """
    with advisory_lock(LOOKS, 0) as is_held:
        if not is_held:
            return []
        with transaction.atomic():
            changed = _note(figures or read())
    for row in changed:
        _tell(row)
    return changed


def keep_looking(stop: threading.Event) -> None:
    """Look every fifteen seconds until told to stop; whatever fails is logged and tried again."""
    while not stop.wait(EVERY_SECONDS):
        if is_starting():
            continue
        try:
            look()
        except DatabaseError:
            log.warning("the alarms could not be looked at", exc_info=True)
        finally:
            # A connection of a thread is nobody else's to close.
            connection.close()


def start_looking() -> None:
    """Look in a thread of this process, for as long as the process lives."""
    threading.Thread(
        target=keep_looking, args=[threading.Event()], name="alarms", daemon=True
    ).start()


def _note(figures: Figures) -> list[Alarm]:
    found = raised(figures)
    open_rows = {row.name: row for row in Alarm.objects.filter(ended_at=None)}
    changed = []
    for name, detail in found.items():
        if detail is not None and name not in open_rows:
            changed.append(
                Alarm.objects.create(
                    name=name, detail=detail[:_DETAIL_CHARACTERS], began_at=figures.at
                )
            )
    for name, row in open_rows.items():
        if name not in found:
            row.ended_at = figures.at
            row.save(update_fields=["ended_at"])
            changed.append(row)
    return changed


def _tell(row: Alarm) -> None:
    rule = RULES.get(row.name)
    is_over = row.ended_at is not None
    level = (
        logging.INFO if is_over else logging.ERROR if rule and rule.is_urgent else logging.WARNING
    )
    words = "alarm ended" if is_over else "alarm began"
    log.log(level, words, alarm=row.name, detail=row.detail)
    if settings.ALARM_MAIL:
        _mail(row, words)


def _mail(row: Alarm, words: str) -> None:
    rule = RULES.get(row.name)
    lines = [rule.means if rule else "", row.detail]
    if rule and row.ended_at is None:
        lines.append(f"What to do: docs/runbook/{rule.runbook}")
    try:
        send_mail(
            f"{words}: {row.name}", "\n\n".join(filter(None, lines)), None, [settings.ALARM_MAIL]
        )
    except OSError:
        # Smtplib's errors are these too. The row and the log hold it all the same.
        log.warning("the mail about an alarm was not sent", alarm=row.name, exc_info=True)
