"""What `manage.py bench indexer` runs in a process of its own, on servers given by the environment; prints one JSON object."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django

MIB = 2**20
PATIENCE_SECONDS = 60
ROOT = Path(__file__).resolve().parents[2]


def main(events: int, rounds: int) -> None:
    """Measure and print."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    print(json.dumps(measure(events, rounds)))


def measure(events: int, rounds: int) -> dict[str, float]:
    """All figures of the measurement."""
    from django.conf import settings

    from escrow.chain.deploy import deploy_devnet
    from escrow.chain.gateway import Gateway
    from escrow.models import Chain, ChainEvent
    from escrow.services import register_deployment
    from tests.faultmachine.crowd import trades_in_a_loop

    url = settings.CHAIN_RPC_URL
    deployment = deploy_devnet(url)
    chain = register_deployment(deployment)
    waits = mined_to_page(chain, rounds)
    catch_up(chain)
    node = Gateway(url, deployment.contract)
    people = node.rpc.ask("eth_accounts")
    trades_in_a_loop(node, buyer=people[16], arbitrator=people[14], events=events)
    before = ChainEvent.objects.count()
    start = Chain.objects.get().scanned_block or 0
    decoded, bare_seconds = bare_loop(node, start + 1)
    seconds, growth = catch_up(chain)
    assert ChainEvent.objects.count() - before == decoded > 0.4 * events
    assert not ChainEvent.objects.exclude(set_aside_reason="").exists()
    with empty_blocks(url, events) as longer:
        settings.CHAIN_RPC_URL = longer
        empty_seconds, empty_growth = catch_up(chain)
    return {
        "events_per_s": round(decoded / seconds),
        "baseline_events_per_s": round(decoded / bare_seconds),
        "share_of_baseline": round(bare_seconds / seconds, 3),
        "empty_blocks_per_s": round(events / empty_seconds),
        "catchup_rss_growth_mib": round(max(growth, empty_growth), 1),
        "mined_to_page_p50_ms": round(statistics.median(waits)),
        # Inclusive: of so few waits the last hundredth must not be guessed beyond the longest.
        "mined_to_page_p99_ms": round(statistics.quantiles(waits, n=100, method="inclusive")[98]),
    }


def bare_loop(node: Any, start: int) -> tuple[int, float]:
    """Ask for logs and decode them, nothing else; how many, and how long it took."""
    from escrow.chain.codec import decode_event
    from escrow.reading import Stride, read_logs

    stride, count, last = Stride(), 0, node.head().number
    began = time.perf_counter()
    while start <= last:
        logs, end = read_logs(node, stride, start, last)
        count += sum(decode_event(log) is not None for log in logs)
        start = end + 1
    return count, time.perf_counter() - began


def catch_up(chain: Any) -> tuple[float, float]:
    """Follow to the head; seconds, and MiB by which memory grew after the first tenth."""
    from escrow import indexer

    began, behind, sizes = time.perf_counter(), None, []
    while behind != 0:
        done = indexer.advance(chain)
        assert not done.problem, done.problem
        behind = done.behind
        sizes.append(rss())
    warm = sizes[len(sizes) // 10 :]
    return time.perf_counter() - began, max(0.0, (max(warm) - warm[0]) / MIB)


def rss() -> int:
    """Bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def mined_to_page(chain: Any, rounds: int) -> list[float]:
    """Milliseconds from a mined lock until the buyer's room says that it is on its way, with a follower at work.

    Most of it is the follower's pause between two looks at the chain: half of it on average, all of it at worst.
    """
    from django.test import Client

    from escrow.chain.keys import ALICE, ARBITRATOR, BOB, cast_account
    from marketplace.accounts.models import User
    from tests.drivers.trade import TradeDriver

    keys = {cast_account(at).address: cast_account(at) for at in (ALICE, BOB)}
    alice, bob = (User.objects.create(address=address, name=address[:6]) for address in keys)
    driver = TradeDriver(chain, keys, cast_account(ARBITRATOR))
    page = Client(HTTP_HOST="localhost:8000")
    page.force_login(bob)
    waits = []
    with following(chain):
        for _ in range(rounds):
            trade = driver.agreed(alice, bob)
            where = f"/trade/{trade.ref}/region/"
            assert page.get(where).status_code == 200
            driver.fund(trade)
            mined = time.perf_counter()
            while f"1 of {chain.depth}" not in page.get(where).content.decode():
                assert time.perf_counter() - mined < PATIENCE_SECONDS, f"never shown: {where}"
                time.sleep(0.02)
            waits.append((time.perf_counter() - mined) * 1_000)
    return waits


@contextmanager
def following(chain: Any) -> Iterator[None]:
    """The follower as `up` runs it, once it has had its first look at the chain."""
    chain.refresh_from_db()
    before, started = chain.polled_at, time.monotonic()
    process = subprocess.Popen([sys.executable, "manage.py", "follow"], cwd=ROOT)
    try:
        while chain.polled_at == before:
            assert time.monotonic() - started < PATIENCE_SECONDS, "the follower does not start"
            time.sleep(0.1)
            chain.refresh_from_db()
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def empty_blocks(upstream: str, count: int) -> Iterator[str]:
    """The node's chain, longer by so many empty blocks; served by a process of its own."""
    from stack import services

    port = services.free_port()
    url = services.chain_rpc_url(port)
    command = [sys.executable, "-m", "tests.faultmachine.proxy", "--upstream", upstream]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--empty-blocks", str(count)], cwd=ROOT
    )
    try:
        for _ in range(200):
            try:
                services.rpc(url, "eth_chainId")
                break
            except OSError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
