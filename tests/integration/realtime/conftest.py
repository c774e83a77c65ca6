"""A server of its own for a test that talks by wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.realtime.server import Server


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()
