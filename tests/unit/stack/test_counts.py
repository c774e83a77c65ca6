"""What `verify` reads from the output of the programs it runs."""

import pytest

from stack.verify.running import _counts


@pytest.mark.parametrize(
    ("counted", "output", "expected"),
    [
        ("pytest", "....\n31 passed in 4.20s\n", (31, 0)),
        ("pytest", "2 failed, 31 passed, 1 error in 4.20s\n", (31, 3)),
        ("pytest", "31 passed, 3 warnings in 64.20s (0:01:04)\n", (31, 0)),
        (
            "forge",
            "Ran 9 test suites in 1.2s (2s CPU time): 143 tests passed, 0 failed, 0 skipped (143 total tests)",
            (143, 0),
        ),
        ("node", "# tests 12\n# pass 12\n# fail 0\n", (12, 0)),
        ("node", "ℹ tests 12\nℹ pass 12\nℹ fail 0\n", (12, 0)),
        ("check", "", (1, 0)),
    ],
)
def test_counts_are_read(counted, output, expected):
    is_ok = "failed, 31" not in output
    assert _counts(output, counted, is_ok=is_ok) == expected


def test_stage_that_ran_no_test_has_failed():
    assert _counts("no tests ran in 0.01s\n", "pytest", is_ok=True) == (0, 1)


def test_stage_that_crashed_has_failed_whatever_it_printed():
    assert _counts("31 passed in 4.20s\n", "pytest", is_ok=False) == (31, 1)
