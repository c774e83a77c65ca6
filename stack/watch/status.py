"""What /status/ says, in words for everybody: what works, since when it does not, and what happened lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from stack.models import Alarm
from stack.watch import alarms
from stack.watch.alarms import RULES, Rule, raised
from stack.watch.figures import Figures, read

PAST_DAYS, MOST_PAST = 30, 10

WORKS, SLOW, DOWN = "works", "slow", "down"
# The word and the kind of chip that show a state.
_SHOWN = {WORKS: ("Works", "safe"), SLOW: ("Slow", "soon"), DOWN: ("Does not work", "failed")}


@dataclass(frozen=True, slots=True)
class Row:
    """One part of the hub. `state` is works, slow or down; `since` is when that began, if a look has noted it."""

    name: str
    state: str
    text: str
    since: datetime | None = None

    @property
    def word(self) -> str:
        return _SHOWN[self.state][0]

    @property
    def chip(self) -> str:
        return _SHOWN[self.state][1]


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that did not work for a while and is over."""

    text: str
    began_at: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class Status:
    """The whole page."""

    at: datetime
    rows: tuple[Row, ...]
    past: tuple[Incident, ...]

    @property
    def is_well(self) -> bool:
        return all(row.state == WORKS for row in self.rows)


def status_of_now() -> Status:
    """The page's content.

    Raises: django.db.Error.
    """
    figures = read()
    began = dict(Alarm.objects.filter(ended_at=None).values_list("name", "began_at"))
    found = [RULES[name] for name, detail in raised(figures).items() if detail is not None]
    parts = (
        (alarms.CHAIN, "Reading the chain", _chain_text(figures)),
        (alarms.STEPS, "Sending steps for people", _steps_text(figures)),
        (alarms.COMPARISON, "Comparing pages with the contract", _comparison_text(figures)),
        (alarms.NOTICES, "Notices and live pages", _notices_text(figures)),
    )
    rows = tuple(
        _row(name, text, [rule for rule in found if rule.part == part], began)
        for part, name, text in parts
    )
    return Status(at=figures.at, rows=rows, past=_past(figures.at))


def _row(name: str, text: str, found: list[Rule], began: dict[str, datetime]) -> Row:
    if not found:
        return Row(name, WORKS, text)
    worst = max(found, key=lambda rule: rule.is_urgent)
    state = DOWN if worst.is_urgent else SLOW
    known = [began[rule.name] for rule in found if rule.name in began]
    return Row(name, state, worst.plain, min(known, default=None))


def _chain_text(figures: Figures) -> str:
    chain = figures.chain
    age = figures.seconds_since(chain.head_seen_at) if chain else None
    if chain is None or age is None:
        return "The chain has not been read yet."
    return f"The newest block, {chain.head_number}, came {_ago(age)}."


def _steps_text(figures: Figures) -> str:
    if not figures.calls.count:
        return "No signed step waits to be sent."
    waiting = figures.seconds_since(figures.calls.oldest) or 0
    steps = (
        "1 signed step is"
        if figures.calls.count == 1
        else f"{figures.calls.count} signed steps are"
    )
    return f"{steps} on the way, the oldest handed in {_ago(waiting)}."


def _comparison_text(figures: Figures) -> str:
    age = figures.seconds_since(figures.chain.audited_at) if figures.chain else None
    if age is None:
        return "Nothing has been compared yet."
    return f"Every open trade was compared with the contract {_ago(age)}; no page differs."


def _notices_text(figures: Figures) -> str:
    if not figures.outbox.count:
        return "No notice waits."
    waiting = figures.seconds_since(figures.outbox.oldest) or 0
    return f"{figures.outbox.count} waiting, the oldest for {_time(waiting)}."


def _past(at: datetime) -> tuple[Incident, ...]:
    plain = [rule.name for rule in RULES.values() if rule.plain]
    rows = Alarm.objects.filter(
        name__in=plain, ended_at__isnull=False, began_at__gt=at - timedelta(days=PAST_DAYS)
    ).order_by("-began_at")[:MOST_PAST]
    return tuple(_incident(row.name, row.began_at, row.ended_at or at) for row in rows)


def _incident(name: str, began_at: datetime, ended_at: datetime) -> Incident:
    seconds = int((ended_at - began_at).total_seconds())
    return Incident(RULES[name].plain, began_at, max(-(-seconds // 60), 1))


def _ago(seconds: int) -> str:
    return "just now" if seconds < 2 else f"{_time(seconds)} ago"


def _time(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} seconds"
    if seconds < 7200:
        return f"{seconds // 60} minutes"
    return f"{seconds // 3600} hours"
