"""`python manage.py up`: everything on one machine, in order, until stopped. Standard library only.

It stays outside Django: it is the parent of the processes that carry it, and small.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from stack import bundle, environment, ports, prepared, processes, services
from stack.children import Program, end_leftovers
from stack.folders import LOGS, RUN, STATE
from stack.missing import MissingPrerequisite
from stack.supervisor import AlreadyRunning, StopAsked, Supervisor, listen_for_stop, only_one

BLOCK_SECONDS = 5

REDIS_FOLDER = STATE / "redis"
POSTGRES_FOLDER = STATE / "postgres"
CHAIN_STATE = STATE / "chain" / "state.json"

_BUILD_SECONDS = 120.0
_SITE_SECONDS = 60.0

_WHAT_TO_TRY = """
What to try, with practice coins and a partner who plays his part:
  Buy    {origin}/ and "Start a practice trade": a practice wallet is made and an offer opens
  Sell   {origin}/market/sell/USDC/EUR/ and take a buyer's offer: lock, look into the practice bank, release
  Judge  dispute a trade, switch the practice wallet to Petra, the arbitrator, and open {origin}/desk/
`python manage.py devnet forward 3d` lets time pass. Logs are in .parley/log. ^C stops everything.
"""


def main(arguments: list[str]) -> int:
    """Run until stopped; the answer is the exit code."""
    parser = argparse.ArgumentParser(
        prog="manage.py up", description="Start everything on this machine."
    )
    parser.add_argument("--port", type=int, help="move the site to this port, for good")
    parser.add_argument("--only", choices=["chain"], help="run the devnet's node alone")
    options = parser.parse_args(arguments)
    listen_for_stop()
    try:
        with only_one():
            end_leftovers(RUN)
            _run(options.port, chain_alone=options.only == "chain")
    except StopAsked:
        print("\nStopped. Chain and data are kept in .parley.", flush=True)
        return 0
    except AlreadyRunning as running:
        print(f"{running} {environment.kept().get('PUBLIC_ORIGIN', '')}".rstrip(), file=sys.stderr)
    except MissingPrerequisite as missing:
        print(f"\n{missing}", file=sys.stderr)
    return 1


def _run(site_port: int | None, *, chain_alone: bool) -> None:
    supervisor = Supervisor(_say)
    try:
        chosen = ports.choose(site_port)
        if chain_alone:
            _start_chain(supervisor, chosen)
        else:
            _start_all(supervisor, chosen)
        supervisor.watch()
    finally:
        supervisor.stop()


def _start_chain(supervisor: Supervisor, chosen: ports.Ports) -> None:
    supervisor.start(_anvil(chosen)).wait_until_ready()
    print(f"The devnet alone, chain id {services.CHAIN_ID}; ^C stops it and its state is kept.")
    print(services.chain_rpc_url(chosen.chain), flush=True)


def _start_all(supervisor: Supervisor, chosen: ports.Ports) -> None:
    started_at = time.monotonic()
    values = _environment(chosen)
    environment.write(values)
    # Independent of each other: the bundle, and the servers. The web process reads the bundle when it starts.
    building = None if bundle.is_current() else supervisor.begin(processes.build())
    _say("starting PostgreSQL, Redis and the devnet")
    for server in [supervisor.start(program) for program in servers(chosen)]:
        server.wait_until_ready()
    if not _is_given("DATABASE_URL"):
        services.create_database(POSTGRES_FOLDER)
    _say("preparing the contract, the tables and the practice traders")
    was_prepared = prepared.begin()
    follower = supervisor.start(processes.follower(values))
    if was_prepared:
        supervisor.start(processes.worker(values))
    if building:
        supervisor.finish(building, within_seconds=_BUILD_SECONDS)
        bundle.note_built()
    supervisor.start(processes.web(values, port=chosen.site))
    follower.wait_until_ready()
    if not was_prepared:
        supervisor.start(processes.worker(values))
    _wait_for_site(values["PUBLIC_ORIGIN"])
    _say(f"ready after {time.monotonic() - started_at:.1f} s")
    print(_WHAT_TO_TRY.format(origin=values["PUBLIC_ORIGIN"]))
    print(values["PUBLIC_ORIGIN"] + "/", flush=True)


def _environment(chosen: ports.Ports) -> dict[str, str]:
    own = own_addresses(chosen)
    return {
        "PUBLIC_ORIGIN": f"http://localhost:{chosen.site}",
        **{name: os.environ[name] if _is_given(name) else url for name, url in own.items()},
        environment.OWN: " ".join(name for name in own if not _is_given(name)),
        "SECRET_KEY": environment.secret_key(),
        "VAPID_PRIVATE_KEY": os.environ.get("VAPID_PRIVATE_KEY") or environment.vapid_key(),
        "DEVNET": "1",
        "PARLEY_STATE": str(STATE),
    }


def own_addresses(chosen: ports.Ports) -> dict[str, str]:
    """Where the three servers listen when they are ours."""
    return {
        "DATABASE_URL": services.database_url(POSTGRES_FOLDER),
        "REDIS_URL": services.redis_url(chosen.redis),
        "CHAIN_RPC_URL": services.chain_rpc_url(chosen.chain),
    }


def servers(chosen: ports.Ports) -> list[Program]:
    """PostgreSQL, Redis and the devnet's node of this state folder; those given by the environment are left out."""
    ways = {"DATABASE_URL": _postgres, "REDIS_URL": _redis, "CHAIN_RPC_URL": _anvil}
    return [make(chosen) for name, make in ways.items() if not _is_given(name)]


def _is_given(name: str) -> bool:
    """Whether somebody else runs that server; an address that `up` wrote down as its own is not given."""
    return name in os.environ and name not in os.environ.get(environment.OWN, "").split()


def _postgres(chosen: ports.Ports) -> Program:
    return services.postgres(
        folder=POSTGRES_FOLDER, log=LOGS / "postgres.log", pid_file=RUN / "postgres.pid"
    )


def _redis(chosen: ports.Ports) -> Program:
    return services.redis(
        folder=REDIS_FOLDER, port=chosen.redis, log=LOGS / "redis.log", pid_file=RUN / "redis.pid"
    )


def _anvil(chosen: ports.Ports) -> Program:
    return services.anvil(
        port=chosen.chain,
        state=CHAIN_STATE,
        block_seconds=BLOCK_SECONDS,
        log=LOGS / "anvil.log",
        pid_file=RUN / "anvil.pid",
    )


def _wait_for_site(origin: str) -> None:
    deadline = time.monotonic() + _SITE_SECONDS
    while missing := processes.what_is_missing(origin):
        if processes.waits_for_operator(missing):
            # Everything stays up: pages show the last state, and the command needs the servers.
            _say(missing)
            return
        if time.monotonic() > deadline:
            raise MissingPrerequisite(
                f"The site did not become ready within {_SITE_SECONDS:.0f} s: {missing}. The logs are in {LOGS}."
            )
        time.sleep(0.2)


def _say(text: str) -> None:
    print(f"  {text}", flush=True)
