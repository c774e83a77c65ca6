"""A topic exists only if somebody registered its kind, and opens only to those its owner lets in."""

from __future__ import annotations

from typing import Any

import pytest

from realtime import topics
from realtime.topics import NoSuchAction, NoSuchTopic, topic_named


@pytest.fixture(autouse=True)
def boats() -> Any:
    topics.register(
        "boat:", lambda user, key: user == "keeper", {"sink": lambda user, key, data: {"sunk": key}}
    )
    yield
    del topics._kinds["boat"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "boat",
        "boat:",
        ":x",
        "ship:x",
        "BOAT:x",
        "boat:a.b",
        "boat:a b",
        "boat:é",
        "boat:x\n",
        "boat:" + "x" * 65,
        None,
        7,
        ["boat:x"],
    ],
)
def test_names_that_are_no_topics(name: object) -> None:
    with pytest.raises(NoSuchTopic):
        topic_named(name)


def test_key_may_hold_colons_and_groups_stay_apart() -> None:
    assert topic_named("boat:buy:USDC:EUR").key == "buy:USDC:EUR"
    assert topics.group_of("boat:buy:USDC") == "boat.buy.USDC"


def test_action_asks_first_whether_the_person_may() -> None:
    """K09."""
    assert topic_named("boat:x").perform("keeper", "sink", {}) == {"sunk": "x"}  # type: ignore[arg-type]
    with pytest.raises(NoSuchTopic):
        topic_named("boat:x").perform("stranger", "sink", {})  # type: ignore[arg-type]


def test_unknown_action_is_refused() -> None:
    """K17: only what the owner named can be called."""
    for action in ("", "pull", "authorise", "__init__", "perform"):
        with pytest.raises(NoSuchAction):
            topic_named("boat:x").perform("keeper", action, {})  # type: ignore[arg-type]
