"""`manage.py watch`: looks for alarms every fifteen seconds, beside the schedule, which may be what is missing."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from stack.watch.looks import keep_looking


class Command(BaseCommand):
    help = "Look for alarms until told to stop. One machine needs no such process: there the follower's does it."
    requires_system_checks = ()

    def handle(self, *arguments: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        keep_looking(stop)
