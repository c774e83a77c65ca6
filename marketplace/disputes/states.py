"""A dispute's clock and its possible ends, as pure functions of what the contract holds. Times are chain seconds."""

from __future__ import annotations

from dataclasses import dataclass

SOON_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Clock:
    """The ruling window: it starts with the dispute, and past `deadline` anybody can have the coins split in half."""

    since: int
    deadline: int
    now: int

    @property
    def left_seconds(self) -> int:
        return max(0, self.deadline - self.now)

    @property
    def is_over(self) -> bool:
        return self.now > self.deadline

    @property
    def permille_left(self) -> int:
        window = max(1, self.deadline - self.since)
        return min(1000, self.left_seconds * 1000 // window)

    @property
    def level(self) -> str:
        """How it is drawn: fine, soon (under a day) or late (under a tenth of the window, or over)."""
        if self.permille_left < 100:
            return "late"
        return "soon" if self.left_seconds < SOON_SECONDS else "fine"

    @property
    def window_seconds(self) -> int:
        return self.deadline - self.since

    @property
    def left_text(self) -> str:
        """ "13 d 4 h", "5 h 12 min", "18 min", "over"."""
        days, rest = divmod(self.left_seconds, 86_400)
        hours, minutes = rest // 3600, rest % 3600 // 60
        if self.is_over:
            return "over"
        if days:
            return f"{days} d {hours} h"
        return f"{hours} h {minutes} min" if hours else f"{minutes} min"

    @property
    def is_past_half(self) -> bool:
        """Whether half of the window is gone; clients do not take offers of an arbitrator with such a case."""
        return self.permille_left < 500


def ruling_clock(*, since: int, ruling_seconds: int, now: int) -> Clock:
    """The clock of a dispute that began at `since`."""
    return Clock(since=since, deadline=since + ruling_seconds, now=now)


def half_each(amount_base_units: int) -> tuple[int, int]:
    """What buyer and seller get when nobody decides: half each, the odd unit to the seller, no fee."""
    to_buyer = amount_base_units // 2
    return to_buyer, amount_base_units - to_buyer


def share_permille(part_base_units: int, amount_base_units: int) -> int:
    """A part of the amount in thousandths, rounded down; for drawing only."""
    return part_base_units * 1000 // amount_base_units if amount_base_units else 0


def outcome_of(to_buyer_base_units: int, amount_base_units: int) -> str:
    """The ruling in one word: all_to_buyer, all_to_seller or split."""
    if to_buyer_base_units == amount_base_units:
        return "all_to_buyer"
    return "all_to_seller" if to_buyer_base_units == 0 else "split"
