"""Reads of how somebody's trades ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from marketplace.accounts.models import User
from marketplace.reputation.models import Standing, TradeResult

PERCENT_FROM = 10
LEVELS = ((4, "New here"), (25, "Known"), (250, "Steady"))
TOP_LEVEL = "Anchor"
BANDS = (
    (0, "no trades yet"),
    (10, "up to 10 trades"),
    (50, "10 to 50 trades"),
    (250, "50 to 250 trades"),
)


@dataclass(frozen=True, slots=True)
class Record:
    """The facts a page may show of somebody. Percent only from ten ended trades up: below that counts say more."""

    done: int
    ended: int
    partners: int
    completion_percent: int | None
    median_release_seconds: int | None
    median_pay_seconds: int | None
    disputes_opened: int
    disputes_lost: int
    member_since: datetime
    level: str
    volume_band: str

    @property
    def is_new(self) -> bool:
        """Whether pages say "new here"."""
        return self.done < LEVELS[0][0]

    @property
    def in_words(self) -> str:
        """One line: "99 % of 214" for the known, "2 trades, both finished" for the new."""
        if self.completion_percent is not None:
            return f"{self.completion_percent} % of {self.ended}"
        if self.ended == 0:
            return "no trades yet"
        if self.ended == 1:
            return "1 trade, finished" if self.done else "1 trade, not finished"
        if self.done == self.ended:
            return f"{self.ended} trades, {'both' if self.ended == 2 else 'all'} finished"
        return f"{self.done} of {self.ended} trades finished"


def record_for(user: User) -> Record:
    """The person's record; one query unless `user.standing` was fetched with the user."""
    return _record(user, getattr(user, "standing", None) or Standing())


def together(user: User, other: User) -> int:
    """How many trades the two have finished with each other."""
    pair = Q(seller=user, buyer=other) | Q(seller=other, buyer=user)
    return TradeResult.objects.filter(pair, finished=True).count()


def level_of(done: int) -> str:
    """The level that so many finished trades earn; it cannot be bought."""
    return next((name for limit, name in LEVELS if done < limit), TOP_LEVEL)


def _record(user: User, standing: Standing) -> Record:
    percent = standing.done * 100 // standing.ended if standing.ended >= PERCENT_FROM else None
    band = next((words for limit, words in BANDS if standing.ended <= limit), "over 250 trades")
    return Record(
        done=standing.done,
        ended=standing.ended,
        partners=standing.partners,
        completion_percent=percent,
        median_release_seconds=standing.median_release_seconds,
        median_pay_seconds=standing.median_pay_seconds,
        disputes_opened=standing.disputes_opened,
        disputes_lost=standing.disputes_lost,
        member_since=user.created_at,
        level=level_of(standing.done),
        volume_band=band,
    )
