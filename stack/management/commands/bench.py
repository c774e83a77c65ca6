"""`manage.py bench`: measurements that anybody can repeat."""

from __future__ import annotations

import importlib
import json
import pkgutil
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

import stack.bench


class Command(BaseCommand):
    help = "List the measurements, or run one."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help="which measurement")
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object and nothing else"
        )

        parser.add_argument(
            "--events", type=int, help="indexer: fewer events and blocks than 100,000"
        )

    def handle(self, *arguments: Any, **options: Any) -> None:
        known = [module.name for module in pkgutil.iter_modules(stack.bench.__path__)]
        name = options["name"]
        if name is None:
            for each in known:
                self.stdout.write(f"{each:<12} {self._first_line(each)}")
            return
        if name not in known:
            raise CommandError(f"There is no measurement {name!r}; there are: {', '.join(known)}.")
        if options["events"] is not None and name != "indexer":
            raise CommandError("--events belongs to the measurement indexer.")
        smaller = {} if options["events"] is None else {"events": options["events"]}
        figures = importlib.import_module(f"stack.bench.{name}").measure(**smaller)
        if options["json"]:
            self.stdout.write(json.dumps(figures, indent=2))
            return
        widest = max(map(len, figures))
        for key, value in figures.items():
            self.stdout.write(f"{key:<{widest}} {value:>12,}")

    def _first_line(self, name: str) -> str:
        text = importlib.import_module(f"stack.bench.{name}").__doc__ or ""
        return text.strip().splitlines()[0]
