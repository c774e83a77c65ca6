"""`manage.py work`: the workers of the three queues and their schedule, for one machine. Larger hubs run Celery's own commands.

One process per queue, so that a flood, a leak or a fall in one leaves the others alone; forked from one parent that has
loaded everything, so that four cost little more memory than one.
"""

from __future__ import annotations

import functools
from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from celery import Celery
from celery.app.utils import find_app
from celery.beat import Service
from django.core.management.base import BaseCommand

from stack import limits
from stack.crew import Crew

# Tasks are short and wait for the database or the node most of the time, so threads do; each takes 1 MB
# where a process would take 100.
THREADS = 2
SCHEDULE = "schedule"
# What each fork would load for itself otherwise, in memory of its own.
SHARED = (
    "billiard.pool",
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.thread",
    "celery.events.receiver",
    "celery.worker.components",
    "celery.worker.consumer",
    "cryptography.hazmat.backends.openssl.backend",
    "django.db.backends.postgresql.base",
    "kombu.mixins",
    "kombu.transport.redis",
)


class Command(BaseCommand):
    help = "Run tasks and their schedule."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--threads", type=int, default=THREADS, help="per queue")

    def handle(self, *arguments: Any, **options: Any) -> None:
        app: Celery[Any] = find_app("config")
        app.loader.import_default_modules()
        for name in SHARED:
            import_module(name)
        app.finalize()
        limits.watch()
        members = {
            queue.name: functools.partial(_work, app, queue.name, options["threads"])
            for queue in app.conf.task_queues
        }
        Crew({**members, SCHEDULE: functools.partial(_keep_time, app)}).run()


def _work(app: Celery[Any], queue: str, threads: int) -> None:
    what = ["-Q", queue, "-n", f"{queue}@%h", "--pool", "threads", "--concurrency", str(threads)]
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    app.worker_main(["worker", *what, *alone, "--loglevel", "WARNING"])


def _keep_time(app: Celery[Any]) -> None:
    Service(app, scheduler_cls=app.conf.beat_scheduler).start()
