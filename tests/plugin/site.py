"""The real site for browser tests: the ASGI application under uvicorn in a thread, with its background work."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import uvicorn

from stack import bundle
from stack.processes import LARGEST_FRAME_BYTES
from tests.plugin.background import Background
from tests.plugin.services import SITE_PORT

_START_SECONDS = 10.0


@dataclass(frozen=True)
class Site:
    """A running site. `url` is its origin, which is also settings.PUBLIC_ORIGIN; `background` works behind it."""

    url: str
    background: Background

    def __str__(self) -> str:
        return self.url


@pytest.fixture(scope="session")
def page_bundle() -> None:
    """The page's scripts and styles, built from the sources as they are now."""
    bundle.build()


@pytest.fixture
def live_site(transactional_db: None, page_bundle: None, chain: object) -> Iterator[Site]:
    """The site over a deployed devnet, with follower, relayer, sweeps and practice partner at work."""
    with running_site() as site:
        yield site


@contextmanager
def running_site() -> Iterator[Site]:
    """The site while the block runs. Database and chain must be there before and after."""
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
    background = Background(os.environ["CHAIN_RPC_URL"])
    background.start()
    try:
        yield Site(settings.PUBLIC_ORIGIN, background)
    finally:
        background.stop()
        server.should_exit = True
        serving.join(timeout=10)
    assert not serving.is_alive(), "the site did not stop"


def _wait_until_started(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the site did not start"
        time.sleep(0.02)
