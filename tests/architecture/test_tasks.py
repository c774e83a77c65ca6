"""Due time is a column; tasks are short, named and never wait in the queue for hours."""

import ast
import inspect
from importlib import import_module

from config.celery import app
from tests.architecture.sources import tracked

LONGEST_WAIT_SECONDS = 60
LONGEST_PERIOD_SECONDS = 6 * 3600


def test_every_scheduled_task_exists_and_runs_often():
    app.loader.import_default_modules()
    for name, entry in app.conf.beat_schedule.items():
        module = entry["task"].rsplit(".", 1)[0]
        import_module(module)
        assert entry["task"] in app.tasks, name
        assert float(entry["schedule"]) <= LONGEST_PERIOD_SECONDS, name


def test_every_scheduled_task_names_a_queue_that_the_worker_reads():
    queues = {queue.name for queue in app.conf.task_queues}
    for name, entry in app.conf.beat_schedule.items():
        assert entry["options"]["queue"] in queues, name


def test_hard_limit_is_below_the_visibility_timeout():
    visible_seconds = app.conf.broker_transport_options["visibility_timeout"]
    assert app.conf.task_time_limit < visible_seconds


def test_every_task_of_ours_has_limits_that_fit():
    """A soft limit above the hard one stops the schedule altogether."""
    app.loader.import_default_modules()
    for name, task in app.tasks.items():
        if not name.startswith("celery."):
            hard = task.time_limit or app.conf.task_time_limit
            soft = task.soft_time_limit or app.conf.task_soft_time_limit or 0
            assert soft < hard <= app.conf.task_time_limit, name


def test_every_scheduled_message_expires():
    """A queue that nobody works on must not fill; what is due is found by the next sweep (Q02, Q09)."""
    for name, entry in app.conf.beat_schedule.items():
        assert entry["options"]["expires"] <= max(60, entry["schedule"]), name


def test_tasks_take_ids_and_nothing_else():
    """What comes by the broker may be forged (Q10): it can name a row, never bring one."""
    app.loader.import_default_modules()
    for name, task in app.tasks.items():
        if not name.startswith(("celery.", "tests.")):
            given = inspect.signature(task.run).parameters.values()
            assert [one.name for one in given if one.annotation not in ("int", int)] == [], name


def test_the_broker_is_asked_for_json_and_for_what_was_lost():
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1


def test_no_task_waits_longer_than_a_minute_in_the_queue():
    """Q02."""
    found = []
    for path in tracked("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and _is_apply_async(call):
                found += [
                    f"{path}:{call.lineno}" for keyword in call.keywords if _waits_long(keyword)
                ]
    assert not found, "\n".join(found)


def _is_apply_async(call):
    return isinstance(call.func, ast.Attribute) and call.func.attr == "apply_async"


def _waits_long(keyword):
    if keyword.arg == "eta":
        return True
    if keyword.arg != "countdown":
        return False
    value = keyword.value
    return not (isinstance(value, ast.Constant) and value.value <= LONGEST_WAIT_SECONDS)
