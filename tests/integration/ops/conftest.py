"""The same people as at the desk."""

from __future__ import annotations

from tests.integration.desk.conftest import mia, olga, oskar
from tests.integration.disputes.conftest import trade, world

__all__ = ["mia", "olga", "oskar", "trade", "world"]
