"""Programs are watched, started again, and never outlive us."""

import os
import signal
import subprocess
import sys
import time

import pytest

from stack.children import Child, Program, end_leftovers
from stack.folders import ROOT
from stack.missing import MissingPrerequisite
from stack.supervisor import Supervisor

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def program(tmp_path, command=SLEEP, **options):
    options = {"is_ready": lambda: True, **options}
    return Program(name="sleeper", command=command, log=tmp_path / "sleeper.log", **options)


def is_running(pid):
    """Whether it still does something; a dead one that nobody collected does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(answer, seconds=5.0):
    end = time.monotonic() + seconds
    while not answer():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("wish", [signal.SIGKILL, signal.SIGTERM])
def test_children_end_when_their_parent_is_killed(tmp_path, wish):
    script = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from stack.children import Child, Program
child = Child(Program(name="sleeper", command={SLEEP!r}, is_ready=lambda: True, log=Path({str(tmp_path)!r}) / "log"))
print(child.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as parent:
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.send_signal(wish)
        parent.wait()
        wait_until(lambda: not is_running(child))


def test_what_falls_is_started_again(tmp_path):
    said = []
    supervisor = Supervisor(said.append)
    first = supervisor.start(program(tmp_path))
    os.kill(first.pid, signal.SIGKILL)
    wait_until(lambda: first.exit_code is not None)
    second = supervisor._restarted(first)
    try:
        assert is_running(second.pid)
        assert said == ["sleeper stopped (exit code -9); starting it again"]
    finally:
        second.stop()


def test_what_falls_again_and_again_ends_everything(tmp_path):
    supervisor = Supervisor(lambda text: None)
    child = supervisor.start(program(tmp_path, [sys.executable, "-c", "pass"]))
    supervisor._restarts["sleeper"] = [time.monotonic()] * 5
    wait_until(lambda: child.exit_code is not None)
    with pytest.raises(MissingPrerequisite, match="stops again and again"):
        supervisor.watch()


def test_program_that_fails_tells_its_last_words(tmp_path):
    supervisor = Supervisor(lambda text: None)
    child = supervisor.begin(
        program(tmp_path, [sys.executable, "-c", "raise SystemExit('no room left')"])
    )
    with pytest.raises(MissingPrerequisite, match="no room left"):
        supervisor.finish(child, within_seconds=10)


def test_program_that_refuses_explains_itself_in_one_sentence(tmp_path):
    command = [
        sys.executable,
        "-c",
        "print('noise'); print('The chain is another one.'); raise SystemExit(3)",
    ]
    child = Child(program(tmp_path, command, is_ready=lambda: False))
    with pytest.raises(MissingPrerequisite) as refusal:
        child.wait_until_ready()
    assert str(refusal.value) == "The chain is another one."


def test_stop_leaves_nothing_of_what_a_child_started(tmp_path):
    forks = "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"
    child = Child(program(tmp_path, [sys.executable, "-c", forks]))
    ids = []

    def has_grandchild():
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(child.pid)], capture_output=True, text=True
        )
        ids[:] = [int(word) for word in listed.stdout.split()]
        return ids

    wait_until(has_grandchild)
    child.stop()
    wait_until(lambda: not any(is_running(pid) for pid in ids))


def test_leftovers_of_a_crash_are_ended_at_the_next_start(tmp_path):
    notes = tmp_path / "run"
    child = Child(program(tmp_path, pid_file=notes / "sleeper.pid"))
    assert end_leftovers(notes) == ["sleeper"]
    wait_until(lambda: child.exit_code is not None)
    assert not list(notes.iterdir())


def test_a_strangers_process_with_a_reused_id_is_left_alone(tmp_path):
    notes = tmp_path / "run"
    notes.mkdir()
    (notes / "postgres.pid").write_text(f"{os.getpid()} postgres-of-an-earlier-run\n")
    assert end_leftovers(notes) == []
    assert is_running(os.getpid())
