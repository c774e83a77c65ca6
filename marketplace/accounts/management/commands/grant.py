"""`python manage.py grant ROLE ADDRESS`: the only way to become staff; `--revoke` takes it back."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace.accounts import services
from marketplace.accounts.access import ROLES
from marketplace.accounts.models import User


class Command(BaseCommand):
    """Gives a wallet address a staff role, or takes it away."""

    help = "Give a wallet address the role of arbitrator, moderator or operator."

    def add_arguments(self, parser: CommandParser) -> None:
        """ROLE ADDRESS [--revoke]."""
        parser.add_argument("role", choices=ROLES)
        parser.add_argument("address")
        parser.add_argument(
            "--revoke", action="store_true", help="take the role away and end the sessions"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """One sentence about what is so now."""
        role, address = options["role"], options["address"]
        try:
            if options["revoke"]:
                user = services.revoke(role, address)
                self.stdout.write(f"{user.address} is no {role} any more.")
            else:
                user = services.grant(role, address)
                self.stdout.write(f"{user.address} is {role} now.")
        except ValidationError as error:
            raise CommandError(error.messages[0]) from error
        except User.DoesNotExist as error:
            raise CommandError(f"Nobody has the address {address}.") from error
