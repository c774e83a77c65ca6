"""Prints what the contract itself says of a trade, beside what this hub's rows say."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from escrow.chain.gateway import NodeRefused, NodeUnavailable, gateway
from escrow.fields import canonical_hash
from escrow.selectors import escrow_for

STATUSES = ("none or closed", "FUNDED", "PAID", "DISPUTED")


class Command(BaseCommand):
    """`python manage.py escrow_state ID`."""

    help = "Print the contract's state of a trade, by its id (0x and 64 digits)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("trade_id")

    def handle(self, *args: Any, trade_id: str, **options: Any) -> None:
        node = gateway()
        try:
            state = node.escrow_state(canonical_hash(trade_id))
        except (NodeUnavailable, NodeRefused) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"contract   {node.contract}")
        self.stdout.write(f"status     {STATUSES[state.status]}")
        self.stdout.write(
            f"since      {state.since}\nfundedAt   {state.funded_at}\npayBy      {state.pay_by}"
        )
        row = escrow_for(canonical_hash(trade_id))
        known = (
            "nothing"
            if row is None
            else f"{row.status} {row.outcome} since {row.since}, pay by {row.pay_by}"
        )
        self.stdout.write(f"this hub   {known}")
