"""One reading of everything that is measured, in a fixed number of queries. Metrics, alarms and the status page share it.

Each query runs over what is open (live trades, waiting rows), along an index that holds nothing else: a reading costs the
same after a million closed trades. It writes nothing and asks no node.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import redis
from django.conf import settings
from django.db.models import Case, Count, Exists, Min, OuterRef, QuerySet, Value, When
from django.utils import timezone

from escrow.chain import failures
from escrow.chronicle import ReorgCount, reorg_counts
from escrow.models import (
    AuditFinding,
    Chain,
    ChainEvent,
    Escrow,
    Relayer,
    RelayTransaction,
    SignedCall,
)
from escrow.states import EscrowStatus, RelayStatus, SignedCallStatus
from marketplace import outbox
from marketplace.notifications.selectors import waiting_deliveries
from marketplace.trades.models import Trade
from marketplace.trades.states import BEFORE_FUNDING
from realtime.store import client
from stack.watch import signs

HOUR, DAY = 3_600, 86_400
# Upper bounds of a trade's time in its state, in seconds, with the words that the metrics use.
AGES = ((HOUR, "1h"), (DAY, "1d"), (3 * DAY, "3d"), (7 * DAY, "7d"), (14 * DAY, "14d"))
OLDER = "older"
# A buyer's "paid" must be in a block before payBy; from here on somebody has to look.
PAID_IS_LATE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class RedisFigures:
    """What Redis says of itself and keeps of others. `most_bytes` is 0 when it has no limit."""

    seen: dict[str, float]
    used_bytes: int
    most_bytes: int
    policy: str
    queues: dict[str, int]
    node_failures: dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Relayed:
    """The gas account's open transactions. `oldest` is when the longest one without a block was made."""

    pending: int = 0
    mined: int = 0
    oldest: datetime | None = None
    reserved_wei: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows that wait to be worked on, and since when the oldest does."""

    count: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """The reading. `redis` is None when it does not answer, `chain` when none is set up."""

    at: datetime
    chain: Chain | None = None
    relayer: Relayer | None = None
    reorgs: dict[int, ReorgCount] = field(default_factory=dict)
    differing_trades: int = 0
    relayed: Relayed = Relayed()
    calls: Waiting = Waiting()
    late_paid: int = 0
    escrows: dict[tuple[str, str], int] = field(default_factory=dict)
    takes: dict[str, int] = field(default_factory=dict)
    outbox: Waiting = Waiting()
    parked: int = 0
    deliveries: Waiting = Waiting()
    unapplied: int = 0
    redis: RedisFigures | None = None

    def seconds_since(self, moment: datetime | None) -> int | None:
        """How long ago something was, None when it never was."""
        return None if moment is None else max(int((self.at - moment).total_seconds()), 0)

    @property
    def chain_now(self) -> int:
        """The chain's clock at the reading: the head's time and what passed since it was first seen."""
        if self.chain is None or self.chain.head_time is None:
            return int(self.at.timestamp())
        return self.chain.head_time + (self.seconds_since(self.chain.head_seen_at) or 0)


def read(at: datetime | None = None) -> Figures:
    """Everything, as it is at `at` (now, unless a test says otherwise).

    Raises: django.db.Error; a Redis that does not answer is part of the reading.
    """
    at = at or timezone.now()
    leaving, parked = _outbox()
    chain = Chain.objects.select_related("relayer").filter(pk=settings.CHAIN_ID).first()
    if chain is None:
        return Figures(
            at=at,
            takes=_takes(),
            outbox=leaving,
            parked=parked,
            deliveries=_deliveries(),
            redis=_redis(),
        )
    bare = Figures(at=at, chain=chain)
    return Figures(
        at=at,
        chain=chain,
        relayer=getattr(chain, "relayer", None),
        reorgs=reorg_counts(chain),
        differing_trades=AuditFinding.objects.filter(chain=chain, gone_at=None).aggregate(
            trades=Count("trade_id", distinct=True)
        )["trades"],
        relayed=_relayed(chain),
        calls=_calls(chain),
        late_paid=_late_paid(chain, bare.chain_now),
        escrows=_escrows(chain, bare.chain_now),
        takes=_takes(),
        outbox=leaving,
        parked=parked,
        deliveries=_deliveries(),
        unapplied=ChainEvent.objects.filter(
            chain=chain, canonical=True, applied_at__isnull=True
        ).count(),
        redis=_redis(),
    )


def _relayed(chain: Chain) -> Relayed:
    rows = RelayTransaction.objects.filter(
        chain=chain, status__in=[RelayStatus.PENDING, RelayStatus.MINED]
    ).values_list("status", "created_at", "gas_limit", "max_fee_wei")
    found = list(rows)
    pending = [row for row in found if row[0] == RelayStatus.PENDING]
    return Relayed(
        pending=len(pending),
        mined=len(found) - len(pending),
        oldest=min((row[1] for row in pending), default=None),
        reserved_wei=sum(gas * int(fee) for _, _, gas, fee in pending),
    )


def _open_calls(chain: Chain) -> QuerySet[SignedCall]:
    return SignedCall.objects.filter(
        chain=chain, status__in=[SignedCallStatus.WAITING, SignedCallStatus.SENT]
    )


def _calls(chain: Chain) -> Waiting:
    return Waiting(**_open_calls(chain).aggregate(count=Count("pk"), oldest=Min("created_at")))


def _late_paid(chain: Chain, now: int) -> int:
    """How many buyers' "paid" are not in a block although their time to pay ends soon."""
    unpaid = Escrow.objects.filter(
        chain=chain,
        trade_id=OuterRef("trade_id"),
        status=EscrowStatus.FUNDED,
        pay_by__lt=now + PAID_IS_LATE_SECONDS,
    )
    return _open_calls(chain).filter(Exists(unpaid), move="markPaid").count()


def _escrows(chain: Chain, now: int) -> dict[tuple[str, str], int]:
    ages = [When(since__gt=now - seconds, then=Value(word)) for seconds, word in AGES]
    rows = (
        Escrow.objects.filter(chain=chain)
        .exclude(status=EscrowStatus.CLOSED)
        .annotate(age=Case(*ages, default=Value(OLDER)))
        .values("status", "age")
        .annotate(trades=Count("pk"))
        .values_list("status", "age", "trades")
    )
    return {(status, age): trades for status, age, trades in rows}


def _takes() -> dict[str, int]:
    rows = Trade.objects.filter(status__in=BEFORE_FUNDING).values("status")
    return dict(rows.annotate(trades=Count("pk")).values_list("status", "trades"))


def _outbox() -> tuple[Waiting, int]:
    count, oldest = outbox.waiting()
    return Waiting(count=count, oldest=oldest), outbox.parked_count()


def _deliveries() -> Waiting:
    return Waiting(**waiting_deliveries().aggregate(count=Count("pk"), oldest=Min("created_at")))


def _redis() -> RedisFigures | None:
    try:
        seen = signs.seen()
        pipe = client().pipeline(transaction=False)
        pipe.info("memory")
        for queue in signs.QUEUES:
            pipe.llen(queue)
        memory, *lengths = pipe.execute()
        return RedisFigures(
            seen=seen,
            used_bytes=int(memory["used_memory"]),
            most_bytes=int(memory["maxmemory"]),
            policy=str(memory["maxmemory_policy"]),
            queues=dict(zip(signs.QUEUES, map(int, lengths), strict=True)),
            node_failures=failures.counted(),
        )
    except redis.RedisError:
        return None
