"""`manage.py prepare`: brings a devnet's contract and database to what the code expects. Safe to repeat."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand

from escrow.chain.deploy import DeploymentBroken, WrongChain, deploy_devnet
from escrow.services import ChainMismatch, register_deployment
from stack import prepared
from stack.children import REFUSED
from stack.devnet import refresh_feeds
from stack.watch.looks import start_looking


class Command(BaseCommand):
    help = "Deploy the contract if it is absent, migrate, register the chain, seed the practice traders."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--then", metavar="COMMAND", help="go on as this command in the same process"
        )

    def handle(self, *arguments: Any, **options: Any) -> None:
        try:
            deployment = deploy_devnet(settings.CHAIN_RPC_URL)
            call_command("migrate", interactive=False, verbosity=0)
            register_deployment(deployment)
        except (ChainMismatch, DeploymentBroken, WrongChain) as refusal:
            self.stderr.write(str(refusal).replace("\n", " "))
            sys.exit(REFUSED)
        refresh_feeds()
        if "seed" in get_commands():
            call_command("seed", verbosity=0)
        prepared.note_done()
        if options["then"]:
            # Beside the follower, since on one machine worker and schedule are one process that may be what is missing.
            start_looking()
            call_command(options["then"])
