"""A server of its own process for tests that talk by wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.realtime.server import Server


@pytest.fixture(scope="session")
def site_process(django_db_setup: None, redis_server: str) -> Iterator[Server]:
    """One server for all tests of this folder: starting one takes seconds."""
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def server(transactional_db: None, site_process: Server) -> Server:
    """The running server over a fresh database."""
    return site_process
