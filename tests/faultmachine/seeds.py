"""Which seeds a test runs: so many new ones, and for ever those that once failed."""

from __future__ import annotations

import json
import os
from pathlib import Path

KEPT = Path(__file__).with_name("seeds.json")
# `verify --deep` sets it, as for the random cases of other tests.
IS_DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"


def seeds(name: str, count: int) -> list[int]:
    """The seeds that once failed under this name, then 1 to count."""
    kept: list[int] = json.loads(KEPT.read_text(encoding="utf-8")).get(name, [])
    return [*kept, *(seed for seed in range(1, count + 1) if seed not in kept)]
