"""What a notice says outside the site, by its kind: no amounts, no names, no accounts.

One file for mails and for the browser's own notices, whose text the service worker builds. A kind that is not in it never leaves the site.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from django.conf import settings

from marketplace.notifications.states import Weight

TEST = "channel.test"


@dataclass(frozen=True)
class Words:
    """One kind of notice as it is told outside."""

    weight: Weight
    title: str
    text: str


def words_for(kind: str) -> Words | None:
    """The words of a kind, None for what is told on the site only."""
    return _table().get(kind)


def kinds() -> frozenset[str]:
    """Every kind that may leave the site."""
    return frozenset(_table())


@cache
def _table() -> dict[str, Words]:
    source = json.loads((settings.ROOT / "frontend" / "notices.json").read_text())
    return {
        kind: Words(Weight(row["weight"]), row["title"], row["text"])
        for kind, row in source.items()
    }
