"""`manage.py devnet`: let its time pass, or start its chain over."""

from __future__ import annotations

import shutil
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from escrow.chain.deploy import deploy_devnet
from escrow.services import register_deployment, reset_chain
from marketplace.trades.services import close_lost_trades
from stack import devnet, ports, up
from stack.missing import MissingPrerequisite
from stack.services import NodeRefused, create_database
from stack.supervisor import AlreadyRunning, Supervisor, only_one


class Command(BaseCommand):
    help = "The practice chain: `forward 3d` lets its time pass, `reset` starts it over and keeps people, offers and talk."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="action", required=True)
        forward = commands.add_parser("forward", help="let time pass")
        forward.add_argument("span", help="90s, 25m, 36h, 3d, 1d12h")
        commands.add_parser("reset", help="start the chain over")

    def handle(self, *arguments: Any, **options: Any) -> None:
        if not settings.IS_DEVNET:
            raise CommandError("This hub does not run on a devnet; nothing was done.")
        if options["action"] == "forward":
            self._forward(options["span"])
        else:
            self._reset()

    def _forward(self, span: str) -> None:
        try:
            now = devnet.forward(devnet.seconds_of(span))
        except devnet.NotASpan as wrong:
            raise CommandError(str(wrong)) from wrong
        except NodeRefused as refused:
            raise CommandError(f"The devnet's node refused: {refused}") from refused
        except OSError as error:
            raise CommandError(
                "The devnet does not answer: start it with `python manage.py up`."
            ) from error
        self.stdout.write(
            f"The devnet's clock now shows {datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S} UTC."
        )

    def _reset(self) -> None:
        """Works on the stopped stack with servers of its own: a running follower would write the old chain back."""
        supervisor = Supervisor(self.stdout.write)
        try:
            with only_one():
                shutil.rmtree(up.CHAIN_STATE.parent, ignore_errors=True)
                try:
                    self._start_over(supervisor)
                finally:
                    supervisor.stop()
        except AlreadyRunning as running:
            raise CommandError(f"{running} Stop it first, then run this again.") from running
        except MissingPrerequisite as missing:
            raise CommandError(str(missing)) from missing

    def _start_over(self, supervisor: Supervisor) -> None:
        for server in [supervisor.start(program) for program in up.servers(ports.choose())]:
            server.wait_until_ready()
        create_database(up.POSTGRES_FOLDER)
        call_command("migrate", interactive=False, verbosity=0)
        reset_chain(settings.CHAIN_ID)
        register_deployment(deploy_devnet(settings.CHAIN_RPC_URL))
        closed = close_lost_trades()
        self.stdout.write(
            f"The devnet starts over: {closed} open trades ended with it; people, offers and talk are kept. "
            "Go on with `python manage.py up`."
        )
