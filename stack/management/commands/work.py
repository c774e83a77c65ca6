"""`manage.py work`: worker and schedule in one process, for one machine. Larger hubs run Celery's own commands."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from celery import Celery, bootsteps
from celery.app.utils import find_app
from celery.beat import EmbeddedService
from django.core.management.base import BaseCommand

from stack.folders import RUN

# Tasks are short and wait for the database or the node most of the time, so threads do; each takes 1 MB
# where a process would take 100.
THREADS = 3
QUEUES = "chain,notify,bulk"


class Schedule(bootsteps.StartStopStep):
    """The schedule as a thread of the worker; Celery's `-B` forks a process of 100 MB for it."""

    def create(self, worker: Any) -> Any:
        return EmbeddedService(worker.app, thread=True, schedule_filename=str(RUN / "schedule"))


class Command(BaseCommand):
    help = "Run tasks and their schedule in one process."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--threads", type=int, default=THREADS)

    def handle(self, *arguments: Any, **options: Any) -> None:
        app: Celery[Any] = find_app("config")
        app.steps["worker"].add(Schedule)
        RUN.mkdir(parents=True, exist_ok=True)
        what = ["-Q", QUEUES, "--pool", "threads", "--concurrency", str(options["threads"])]
        alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        app.worker_main(["worker", *what, *alone, "--loglevel", "WARNING"])
