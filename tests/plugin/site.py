"""The real site for browser tests: the ASGI application under uvicorn in a thread, with its background work."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from stack import bundle
from stack.processes import LARGEST_FRAME_BYTES
from tests.plugin.background import Background
from tests.plugin.services import SITE_PORT

_START_SECONDS = 10.0


class Site:
    """The site on its origin, settings.PUBLIC_ORIGIN, with its work behind it. It can stop and come back."""

    def __init__(self) -> None:
        from django.conf import settings

        self.url: str = settings.PUBLIC_ORIGIN
        self.background: Background
        self._server: uvicorn.Server
        self._serving: threading.Thread | None = None

    def __str__(self) -> str:
        return self.url

    def start(self) -> None:
        """Serve and work. Database and chain must be there."""
        self._server = uvicorn.Server(_configuration())
        self._serving = threading.Thread(target=self._server.run, name="site", daemon=True)
        self._serving.start()
        _wait_until_started(self._server)
        self.background = Background(os.environ["CHAIN_RPC_URL"])
        self.background.start()

    def stop(self) -> None:
        """Nothing answers and nothing works any more; what is stored stays."""
        if self._serving is None:
            return
        serving, self._serving = self._serving, None
        try:
            self.background.stop()
        finally:
            self._server.should_exit = True
            serving.join(timeout=10)
        assert not serving.is_alive(), "the site did not stop"


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
    site = Site()
    site.start()
    try:
        yield site
    finally:
        site.stop()


def _configuration() -> uvicorn.Config:
    from config.asgi import application

    return uvicorn.Config(
        application,
        host="127.0.0.1",
        port=SITE_PORT,
        log_level="warning",
        timeout_graceful_shutdown=1,
        ws_max_size=LARGEST_FRAME_BYTES,
        ws_per_message_deflate=False,
    )


def _wait_until_started(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the site did not start"
        time.sleep(0.02)
