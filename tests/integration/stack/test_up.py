"""`python manage.py up` as a person meets it: what it prints, what it keeps, what it leaves behind."""

import http.server
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from stack import ports, services
from stack import up as starting
from stack.folders import ROOT


@pytest.fixture
def up(tmp_path):
    """Starts `up` on a state folder of its own."""
    started = []
    given = {"DATABASE_URL", "REDIS_URL", "CHAIN_RPC_URL", "PUBLIC_ORIGIN", "SECRET_KEY"}
    environment = {name: value for name, value in os.environ.items() if name not in given}

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", *arguments],
            cwd=ROOT,
            env={**environment, "PARLEY_STATE": str(tmp_path / "state"), "PARLEY_BOOTSTRAP": "0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def last_line_of_start(process):
    for line in process.stdout:
        if line.startswith("http"):
            return line.strip()
    raise AssertionError(f"it ended with {process.wait()}")


def answers(url):
    try:
        return int(services.rpc(url, "eth_chainId"), 16)
    except OSError:
        return None


def wait_until(answer, seconds=10.0):
    end = time.monotonic() + seconds
    while not answer():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_chain_alone_answers_at_the_address_printed_last(up):
    url = last_line_of_start(up("--only", "chain"))
    assert answers(url) == 72731


@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopping_is_quiet_and_leaves_nothing(up, wish):
    process = up("--only", "chain")
    url = last_line_of_start(process)
    process.send_signal(wish)
    said, _ = process.communicate(timeout=15)
    assert process.returncode == 0
    assert said.strip() == "Stopped. Chain and data are kept in .parley."
    assert answers(url) is None


def test_killed_parent_leaves_nothing_and_the_next_start_goes_on(up):
    process = up("--only", "chain")
    url = last_line_of_start(process)
    services.rpc(url, "anvil_mine", "0x3")
    process.kill()
    wait_until(lambda: answers(url) is None)
    assert last_line_of_start(up("--only", "chain")) == url
    assert int(services.rpc(url, "eth_blockNumber"), 16) >= 3


def test_second_start_on_the_same_folder_is_refused_in_one_sentence(up):
    last_line_of_start(up("--only", "chain"))
    second = up()
    said, _ = second.communicate(timeout=15)
    assert second.returncode == 1
    assert said.strip() == "Parley already runs from this folder."


def test_taken_port_ends_the_start_in_one_sentence(up):
    port = services.free_port()
    holder = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: not ports.is_free(port))
        process = up("--port", str(port))
        said, _ = process.communicate(timeout=15)
    finally:
        holder.kill()
        holder.wait()
    assert process.returncode == 1
    assert said.strip().startswith(f"Port {port} is taken by ")
    assert f"http.server {port}" in said
    assert f"(process {holder.pid})" in said
    assert "Traceback" not in said


def test_halted_follower_leaves_everything_up_and_names_the_command(capsys):
    """I05, I07: the one command needs the servers that `up` runs."""

    class Unwell(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            text = b"database: ok\nchain: The chain was undone. Run `python manage.py chain_resume 72731`.\n"
            self.send_response(503)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Unwell) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        starting._wait_for_site(f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
    assert "chain_resume 72731" in capsys.readouterr().out
