"""The devnet's node forgets nothing that a trade stands on when it is started again (fault I07)."""

import shutil
import time

import pytest

from stack import services
from stack.children import Child


@pytest.fixture
def node(tmp_path):
    """Starts the same chain as often as asked; the URL of the last start."""
    port = services.free_port()
    running = []

    def start(*, anew=False):
        while running:
            running.pop().stop()
        if anew:
            shutil.rmtree(tmp_path / "chain")
        program = services.anvil(
            port=port,
            log=tmp_path / "anvil.log",
            state=tmp_path / "chain" / "state.json",
            block_seconds=5,
        )
        running.append(Child(program))
        running[-1].wait_until_ready()
        return services.chain_rpc_url(port)

    yield start
    while running:
        running.pop().stop()


def block(url, number):
    return services.rpc(url, "eth_getBlockByNumber", number, False)


def seconds(header):
    return int(header["timestamp"], 16)


def test_chain_keeps_its_blocks_and_its_first_one_over_many_starts(node):
    url = node()
    services.rpc(url, "anvil_mine", "0x3")
    before = [block(url, "0x0")["hash"], block(url, "0x3")["hash"]]
    for _ in range(4):
        url = node()
        assert [block(url, "0x0")["hash"], block(url, "0x3")["hash"]] == before


def test_clock_never_runs_backwards_after_a_time_skip(node):
    url = node()
    services.rpc(url, "evm_increaseTime", hex(3 * 86_400))
    services.rpc(url, "anvil_mine", "0x1")
    skipped_to = seconds(block(url, "latest"))
    url = node()
    services.rpc(url, "anvil_mine", "0x1")
    assert skipped_to < seconds(block(url, "latest")) < skipped_to + 60


def test_clock_shows_the_present_after_a_pause(node):
    node()
    time.sleep(2.1)
    url = node()
    services.rpc(url, "anvil_mine", "0x1")
    assert abs(seconds(block(url, "latest")) - time.time()) <= 2


def test_chain_made_anew_is_another_chain(node):
    first = block(node(), "0x0")["hash"]
    time.sleep(1.1)
    assert block(node(anew=True), "0x0")["hash"] != first
