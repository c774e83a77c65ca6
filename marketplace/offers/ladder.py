"""Where a price stands among others, as a small drawing and in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from marketplace.money import price_places, price_text

WIDTH = 560


@dataclass(frozen=True, slots=True)
class Ladder:
    """The drawing's paths, its scale, and the place: `cheaper` offers come before, `count` includes one's own."""

    rungs: str
    mine: int
    market: int | None
    low: str
    high: str
    place: int
    count: int

    @property
    def before(self) -> int:
        """How many offers come before."""
        return self.place - 1


def ladder(
    prices: Sequence[Decimal],
    *,
    mine: Decimal,
    market: Decimal | None,
    currency: str,
    is_sell: bool,
) -> Ladder:
    """One's price among the other offers' `prices`; on a sell offer lower is better for takers, on a buy offer higher."""
    everything = [*prices, mine, *([market] if market is not None else [])]
    low, high = min(everything), max(everything)
    room = (high - low) or (mine / 100) or Decimal(1)
    low, high = low - room / 10, high + room / 10
    places = price_places(mine, currency)
    better = sum(price < mine if is_sell else price > mine for price in prices)
    return Ladder(
        rungs="".join(f"M{_x(price, low, high)} 22v26" for price in prices[:200]),
        mine=_x(mine, low, high),
        market=_x(market, low, high) if market is not None else None,
        low=price_text(low.quantize(Decimal(1).scaleb(-places)), places=places),
        high=price_text(high.quantize(Decimal(1).scaleb(-places)), places=places),
        place=better + 1,
        count=len(prices) + 1,
    )


def ordinal(number: int) -> str:
    """A place in words: "1st", "2nd", "3rd", "4th", "11th"."""
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _x(price: Decimal, low: Decimal, high: Decimal) -> int:
    return int((price - low) / (high - low) * WIDTH)
