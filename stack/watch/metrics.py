"""The figures in Prometheus' words, read when asked: no process keeps a count of its own, so any web process may answer."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stack.watch.alarms import RULES, raised
from stack.watch.figures import Figures, RedisFigures, read


def text() -> bytes:
    """All metrics in the text format of Prometheus.

    Raises: django.db.Error.
    """
    registry = CollectorRegistry()
    registry.register(_Reading(read()))
    return generate_latest(registry)


class _Reading(Collector):
    """One reading as metrics."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        figures = self._figures
        yield from _alarms(figures)
        if figures.chain is not None:
            yield from _chain(figures)
            yield from _relayer(figures)
        yield from _trades(figures)
        yield from _tasks(figures)
        yield _gauge("parley_redis_up", "Whether Redis answers.", figures.redis is not None)
        if figures.redis is not None:
            yield from _redis(figures.redis)


def _alarms(figures: Figures) -> Iterator[Metric]:
    found = raised(figures)
    family = GaugeMetricFamily(
        "parley_alarm", "1 while an alarm is on; see docs/RUNNING.md.", labels=["alarm", "urgent"]
    )
    for rule in RULES.values():
        is_on = found.get(rule.name) is not None
        family.add_metric([rule.name, "yes" if rule.is_urgent else "no"], is_on)
    yield family


def _chain(figures: Figures) -> Iterator[Metric]:
    chain = figures.chain
    assert chain is not None
    head, scanned = chain.head_number or 0, chain.scanned_block or 0
    settled = chain.settled_block or 0
    ages = {
        "parley_chain_poll_age_seconds": (chain.polled_at, "Since the follower last read."),
        "parley_chain_head_age_seconds": (chain.head_seen_at, "Since the newest block came."),
        "parley_audit_age_seconds": (chain.audited_at, "Since rows were compared last."),
    }
    yield _gauge("parley_chain_head_block", "The newest block seen.", head)
    yield _gauge("parley_chain_settled_block", "The newest block that counts.", settled)
    yield _gauge("parley_chain_lag_blocks", "Blocks seen and not read yet.", head - scanned)
    for name, (moment, words) in ages.items():
        age = figures.seconds_since(moment)
        if age is not None:
            yield _gauge(name, words, age)
    yield _gauge("parley_events_unapplied", "Events not applied yet.", figures.unapplied)
    yield _gauge("parley_audit_differing_trades", "See auditor-differs.", figures.differing_trades)
    reorgs = CounterMetricFamily("parley_reorgs", "Reorgs by depth.", labels=["depth"])
    lost = CounterMetricFamily("parley_reorg_events_lost", "Events they took.", labels=["depth"])
    for depth, count in sorted(figures.reorgs.items()):
        reorgs.add_metric([str(depth)], count.times)
        lost.add_metric([str(depth)], count.lost_events)
    yield from (reorgs, lost)


def _relayer(figures: Figures) -> Iterator[Metric]:
    relayed = figures.relayed
    if figures.relayer is not None:
        # Prometheus knows floats only; the exact balance stands at /ops/.
        balance = float(figures.relayer.balance_wei)
        yield _gauge("parley_relayer_balance_wei", "What the gas account holds.", balance)
        age = figures.seconds_since(figures.relayer.checked_at)
        if age is not None:
            yield _gauge("parley_relayer_age_seconds", "Since the relayer's last round.", age)
    yield _gauge("parley_relayer_reserved_wei", "Spoken for by open ones.", relayed.reserved_wei)
    family = GaugeMetricFamily(
        "parley_relay_transactions", "The relayer's open transactions.", labels=["state"]
    )
    family.add_metric(["pending"], relayed.pending)
    family.add_metric(["mined"], relayed.mined)
    yield family
    yield _gauge(
        "parley_relay_oldest_seconds",
        "How long the oldest one waits for a block.",
        figures.seconds_since(relayed.oldest) or 0,
    )
    yield _gauge("parley_signed_calls_open", "Signed moves in no deep block.", figures.calls.count)
    yield _gauge(
        "parley_signed_calls_oldest_seconds",
        "How long the oldest one waits.",
        figures.seconds_since(figures.calls.oldest) or 0,
    )
    yield _gauge("parley_paid_late", "See the alarm paid-late.", figures.late_paid)


def _trades(figures: Figures) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "parley_trades",
        "Open trades by state and by time in it (at most); before funding without an age.",
        labels=["state", "age"],
    )
    for status, trades in sorted(figures.takes.items()):
        family.add_metric([status, ""], trades)
    for (status, age), trades in sorted(figures.escrows.items()):
        family.add_metric([status, age], trades)
    yield family


def _tasks(figures: Figures) -> Iterator[Metric]:
    yield _gauge(
        "parley_deliveries", "Mails and browser notices that wait.", figures.deliveries.count
    )
    yield _gauge(
        "parley_deliveries_oldest_seconds",
        "For how long the oldest of them waits.",
        figures.seconds_since(figures.deliveries.oldest) or 0,
    )
    yield _gauge("parley_outbox_rows", "Rows of the outbox that wait.", figures.outbox.count)
    yield _gauge(
        "parley_outbox_oldest_seconds",
        "How long the oldest one waits.",
        figures.seconds_since(figures.outbox.oldest) or 0,
    )
    yield _gauge("parley_tasks_parked", "Rows that failed too often.", figures.parked)
    if figures.redis is None:
        return
    ages = GaugeMetricFamily(
        "parley_sign_of_life_age_seconds",
        "Since the schedule, or a worker of a queue, was last seen.",
        labels=["who"],
    )
    for who, seen_at in figures.redis.seen.items():
        ages.add_metric([who], max(figures.at.timestamp() - seen_at, 0))
    yield ages


def _redis(found: RedisFigures) -> Iterator[Metric]:
    yield _gauge("parley_redis_used_bytes", "What Redis holds.", found.used_bytes)
    yield _gauge("parley_redis_most_bytes", "Its limit, 0 for none.", found.most_bytes)
    queues = GaugeMetricFamily("parley_queue_tasks", "Tasks in line.", labels=["queue"])
    for queue, length in found.queues.items():
        queues.add_metric([queue], length)
    yield queues
    failed = CounterMetricFamily(
        "parley_node_failures", "Calls that a node failed.", labels=["method", "kind"]
    )
    for (method, kind), times in sorted(found.node_failures.items()):
        failed.add_metric([method, kind], times)
    yield failed


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)
