"""The on-chain feeds of this chain, and cross rates made of their answers. Pure apart from the reader it is given."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, localcontext
from functools import cache
from pathlib import Path
from typing import Protocol

import escrow.chain

BASE = "USD"
# Feeds of money move once a day at least; a round older than this is no price.
ROUND_MAX_AGE_SECONDS = 26 * 3600
PLACES = Decimal(1).scaleb(-18)


class FeedAnswer(Protocol):
    """What a feed's latest round says; `answer` is scaled by `decimals`."""

    @property
    def answer(self) -> int: ...

    @property
    def decimals(self) -> int: ...

    @property
    def updated_at(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Rate:
    """One value in USD, and the time of its oldest round."""

    value: Decimal
    at: int
    sources: int


@cache
def feeds_of(chain_id: int) -> Mapping[str, tuple[str, ...]]:
    """The feed addresses of a chain by pair ("EUR/USD"), from the committed deployments."""
    path = Path(escrow.chain.__file__).with_name("deployments.json")
    entries = json.loads(path.read_text()).get(str(chain_id), {}).get("feeds", [])
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        found[entry["pair"]] = (*found.get(entry["pair"], ()), entry["address"])
    return found


def usd_rates(
    feeds: Mapping[str, Sequence[str]], read: Callable[[str], FeedAnswer | None], *, now: int
) -> dict[str, Rate]:
    """USD per whole unit of each symbol that has a usable feed: the median of its feeds' answers.

    `now` is the chain's time. Feeds that do not answer, are stale, zero or negative count for nothing.
    """
    rates = {BASE: Rate(Decimal(1), now, 0)}
    for pair, addresses in feeds.items():
        symbol, _, quoted = pair.partition("/")
        answers = [answer for address in addresses if (answer := read(address)) is not None]
        usable = [answer for answer in answers if quoted == BASE and is_usable(answer, now=now)]
        if usable:
            values = [Decimal(answer.answer).scaleb(-answer.decimals) for answer in usable]
            rates[symbol] = Rate(
                median(values), min(answer.updated_at for answer in usable), len(usable)
            )
    return rates


def is_usable(answer: FeedAnswer, *, now: int) -> bool:
    """Whether a round is a price: positive, sane decimals, neither stale nor from the future."""
    return (
        answer.answer > 0
        and 0 <= answer.decimals <= 18
        and -300 <= now - answer.updated_at <= ROUND_MAX_AGE_SECONDS
    )


def median(values: Sequence[Decimal]) -> Decimal:
    """The middle value; of an even number the mean of the two middle ones."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    with localcontext(prec=80):
        return (ordered[middle - 1] + ordered[middle]) / 2


def cross(asset: Rate, currency: Rate) -> Decimal:
    """Units of the currency per whole coin, 18 decimals, rounded down."""
    with localcontext(prec=80):
        return (asset.value / currency.value).quantize(PLACES, rounding=ROUND_DOWN)


def source_text(asset: str, currency: str) -> str:
    """Where a cross rate comes from, as it stands in signed terms."""
    return (
        f"on-chain feed {asset}/{BASE}"
        if currency == BASE
        else f"on-chain feeds {asset}/{BASE} over {currency}/{BASE}"
    )
