"""The workers as `up` starts them: floods, forged messages, tasks that do not end. Real processes, Redis and PostgreSQL."""

from __future__ import annotations

import json
import pickle
import time
from pathlib import Path

import psutil
import pytest
import redis
from django.core.cache import cache

from chat.models import Entry
from marketplace.accounts.models import User
from stack.watch import signs
from tests.integration.disputes import rows
from tests.integration.tasks.conftest import (
    START_SECONDS,
    Programs,
    outbox_rows,
    traded,
    until,
)

pytestmark = pytest.mark.timeout(900)

QUEUES = ("chain", "notify", "bulk")
# Under a flood; without one it is a few milliseconds. Far below what the flood takes.
BOUND_SECONDS = 15


class Harmful:
    """Whoever reads this pickle makes the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.path,))


def message(task: str, arguments: list[object], queue: str, body: bytes | None = None) -> str:
    """A message as it lies in Redis."""
    import base64

    raw = body if body is not None else json.dumps([arguments, {}, {}]).encode()
    return json.dumps(
        {
            "body": base64.b64encode(raw).decode(),
            "content-encoding": "binary" if body is not None else "utf-8",
            "content-type": "application/x-python-serialize" if body else "application/json",
            "headers": {"lang": "py", "task": task, "id": f"forged-{task}", "argsrepr": "()"},
            "properties": {
                "correlation_id": f"forged-{task}",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": f"tag-{task}-{len(raw)}",
            },
        }
    )


def test_floods_forgeries_and_endless_tasks_leave_the_others_alone(
    world: rows.World,
    alice: User,
    bob: User,
    programs: Programs,
    broker: redis.Redis,
    tmp_path: Path,
) -> None:
    """Q08, Q10, Q07: one start of the workers for all three, since a start is slow."""
    from tests.integration.tasks.program import endless, slow

    crew = programs.work()
    until(
        lambda: set(QUEUES) <= signs.seen().keys(),
        START_SECONDS,
        programs.said,
    )

    # Q08: bulk is full for minutes; a question to the chain's queue is answered at once all the same.
    for _ in range(200):
        slow.apply_async(args=[2.0], queue="bulk")
    waits = []
    for _ in range(3):
        waits.append(seconds_to_answer("chain", programs))
    assert broker.llen("bulk") > 100
    assert max(waits) < BOUND_SECONDS, waits
    print("answers of chain under a flood of bulk:", [round(wait, 3) for wait in waits])
    broker.delete("bulk")

    # Q10: nothing of this is obeyed, and the next honest message is.
    made = tmp_path / "made-by-pickle"
    for forged in (
        message("tests.sweep", [], "notify", pickle.dumps([[Harmful(made)], {}, {}])),
        message("os.system", ["touch " + str(made)], "notify"),
        message("marketplace.trades.tasks.sweep_trades", [{"trade": 1}], "notify"),
        message("tests.sweep", [], "notify", b"\xff not json"),
        "not even an envelope",
    ):
        broker.lpush("notify", forged)
    outbox_rows(traded(world, alice, bob, "TTT-TT"), 3)
    told = Entry.objects.filter(client_id__startswith="trade-event-")
    until(lambda: told.count() == 3, START_SECONDS, programs.said)
    assert not made.exists()

    # Q07: a task that does not end takes its own process with it, and that one comes back.
    before = {child.pid for child in crew.children()}
    endless.apply_async(queue="bulk")
    until(lambda: before - {child.pid for child in crew.children()}, START_SECONDS, programs.said)
    until(lambda: len(crew.children()) == len(before), START_SECONDS, programs.said)
    assert len(before & {child.pid for child in crew.children()}) >= len(before) - 1

    children = crew.children()
    crew.terminate()
    _, alive = psutil.wait_procs([crew, *children], timeout=30)
    assert not alive, "asked to stop, all of them end"


def seconds_to_answer(queue: str, programs: Programs) -> float:
    """How long until somebody on this queue has answered a question asked now."""
    from stack.tasks import heartbeat

    key = f"stack:seen:{queue}"
    asked = time.time()
    heartbeat.apply_async(queue=queue)
    until(lambda: (cache.get(key) or 0) > asked, START_SECONDS, programs.said)
    return float(cache.get(key) - asked)
