"""Goes on after the follower halted, taking the chain as it is now for the truth."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from escrow import indexer
from escrow.chain.gateway import NodeRefused, NodeUnavailable
from escrow.identity import ChainChanged
from escrow.models import Chain


class Command(BaseCommand):
    """`python manage.py chain_resume CHAIN_ID`."""

    help = "Read a halted chain anew and follow it again; look at the trades it names first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("chain_id", type=int)

    def handle(self, *args: Any, chain_id: int, **options: Any) -> None:
        chain = Chain.objects.filter(pk=chain_id).first()
        if chain is None:
            raise CommandError(f"This hub knows no chain {chain_id}.")
        try:
            done = indexer.resume(chain)
        except (indexer.FollowerBusy, ChainChanged, NodeUnavailable, NodeRefused) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Read again up to block {done.head}; following goes on.")
