"""`python manage.py audit [--head HASH]`: walks the audit log, prints its head, fails when it was tampered with."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace.moderation.audit import verify_chain


class Command(BaseCommand):
    """Note the printed head elsewhere now and then, and hand it in again: a cut end shows in no other way."""

    help = "Checks the hash chain of the audit log and prints its head."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", default="", help="a head you noted earlier; it must still be part of the log"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        check = verify_chain(known_head=options["head"].strip().lower())
        if not check.is_whole:
            raise CommandError(check.problem)
        self.stdout.write(f"{check.entries} entries, head {check.head}")
