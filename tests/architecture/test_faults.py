"""Every attack and fault of a finished family has a test that names it."""

from __future__ import annotations

import pytest

from tests.faults import COMPLETE, places_by_id, wanted_ids


@pytest.mark.parametrize("family", sorted(COMPLETE))
def test_each_case_has_a_test(family: str) -> None:
    found = places_by_id()
    assert [case for case in wanted_ids([family]) if case not in found] == []
