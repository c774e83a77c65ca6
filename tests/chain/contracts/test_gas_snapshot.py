"""What each step of a trade costs is written down; a change of the contract shows there, and growth is refused."""

import json

import pytest

from stack.bench import gas
from stack.folders import ROOT

SNAPSHOT = ROOT / "contracts" / "gas-snapshot.json"


@pytest.fixture(scope="module")
def figures() -> dict[str, int]:
    return gas.measure()


@pytest.fixture(scope="module")
def snapshot() -> dict[str, int]:
    written: dict[str, int] = json.loads(SNAPSHOT.read_text())
    return written


def test_no_figure_has_grown(figures, snapshot):
    grown = {key: (snapshot[key], now) for key, now in figures.items() if now > snapshot[key]}
    assert not grown


def test_the_snapshot_is_of_today(figures, snapshot):
    """Write it anew with `python manage.py bench gas --json > contracts/gas-snapshot.json`."""
    assert figures == snapshot
