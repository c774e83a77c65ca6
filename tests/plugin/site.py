"""The real site for browser tests: the ASGI application under uvicorn in a thread, with its background work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn

from stack import bundle
from stack.processes import LARGEST_FRAME_BYTES
from tests.plugin.services import SITE_PORT

_START_SECONDS = 10.0
_WORK_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Site:
    """A running site. `url` is its origin, which is also settings.PUBLIC_ORIGIN."""

    url: str

    def __str__(self) -> str:
        return self.url


@pytest.fixture(scope="session")
def page_bundle() -> None:
    """The page's scripts and styles, built from the sources as they are now."""
    bundle.build()


@pytest.fixture
def live_site(transactional_db: None, page_bundle: None, chain: object) -> Iterator[Site]:
    """The site over a deployed devnet, with follower, relayer and sweeps at work."""
    from django.conf import settings

    from config.asgi import application

    server = uvicorn.Server(
        uvicorn.Config(
            application,
            host="127.0.0.1",
            port=SITE_PORT,
            log_level="warning",
            timeout_graceful_shutdown=1,
            ws_max_size=LARGEST_FRAME_BYTES,
            ws_per_message_deflate=False,
        )
    )
    serving = threading.Thread(target=server.run, name="site", daemon=True)
    serving.start()
    _wait_until_started(server)
    stopping = threading.Event()
    working = threading.Thread(target=_work, args=(stopping,), name="work", daemon=True)
    working.start()
    try:
        yield Site(settings.PUBLIC_ORIGIN)
    finally:
        stopping.set()
        server.should_exit = True
        working.join(timeout=10)
        serving.join(timeout=10)
    assert not serving.is_alive(), "the site did not stop"
    assert not working.is_alive(), "the background work did not stop"


def _wait_until_started(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the site did not start"
        time.sleep(0.02)


def _work(stopping: threading.Event) -> None:
    """What the follower and the worker's schedule do elsewhere, in turn."""
    from django.db import connections

    from tests.plugin.background import one_turn

    try:
        while not stopping.wait(_WORK_EVERY_SECONDS):
            one_turn()
    finally:
        connections.close_all()
