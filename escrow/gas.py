"""The relayer's gas money, in wei and gas: what it holds, what it has promised, and the most it pays for one thing.

A promise is the gas of one "paid": account details are shown only under it, so nothing else may spend it. Pure but for
reading rows; the relayer alone writes here, under its lock.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import F, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from escrow.models import Chain, Escrow, GasReservation, RelayTransaction
from escrow.services import daily_calls
from escrow.states import EscrowStatus, RelayStatus

# A "paid" uses about 32,000 gas; the rest is for dear calldata and for wallets that are contracts.
PAID_GAS = 120_000
# What all steps of one funding may use together. Every branch of an honest trade fits twice.
TRADE_GAS = 400_000
# A promise is made only while the account could pay it at this many times today's price.
PRICE_MARGIN = 2
# Promises to one buyer at a time: many fundings by one hand must not take the gas of everybody else.
PROMISES_PER_ACCOUNT = 10
# The alarm comes while there is still gas for this many more steps beyond what is promised.
STEPS_AHEAD = 20
# The contract's grace after payBy, during which a late "paid" still counts.
GRACE_SECONDS = 86_400


@dataclass(slots=True)
class Purse:
    """One round's view of the money. `promised` is the number of fundings whose "paid" is covered."""

    balance: int
    max_fee: int
    priority_fee: int
    promised: int = 0
    held_back: list[str] = field(default_factory=list)

    @property
    def step_wei(self) -> int:
        """What one "paid" costs at most now."""
        return PAID_GAS * self.max_fee

    @property
    def promised_wei(self) -> int:
        """What all promises cost at most now."""
        return self.promised * self.step_wei

    def can_spend(self, cost: int, *, is_promised: bool) -> bool:
        """Whether a call may cost this much without breaking a promise; a promised one spends its own."""
        kept = self.promised_wei - (self.step_wei if is_promised else 0)
        return self.balance - max(kept, 0) >= cost

    def spend(self, cost: int, *, is_promised: bool) -> None:
        """Take the most that a sent call can cost, and with it the promise it keeps."""
        self.balance -= cost
        self.promised -= is_promised


def open_cost(chain: Chain, sender: str) -> int:
    """The most that the transactions still waiting to be mined can take from the account."""
    waiting = RelayTransaction.objects.filter(
        chain=chain, sender=sender, status=RelayStatus.PENDING
    ).values_list("gas_limit", "max_fee_wei")
    return sum(gas * fee for gas, fee in waiting)


def promise(chain: Chain, purse: Purse, now: int) -> frozenset[str]:
    """Cover the fundings that wait for it, the oldest first, as far as the money goes; the trades for which this changed.

    `now` is block time in seconds. Covered ones stay covered while the account could pay them all at today's price.
    """
    changed = set()
    per_account: Counter[str] = Counter()
    for row in _live(chain, now):
        is_covered = row.covered_at is not None
        margin = 1 if is_covered else PRICE_MARGIN
        can_pay = purse.balance >= (purse.promised + 1) * purse.step_wei * margin
        is_within = is_covered or not _is_spent(chain, row.account, per_account[row.account])
        keeps = can_pay and is_within and is_affordable(PAID_GAS, purse.max_fee)
        if keeps:
            purse.promised += 1
            per_account[row.account] += 1
        if keeps != is_covered:
            row.covered_at = timezone.now() if keeps else None
            row.save(update_fields=["covered_at"])
            changed.add(row.trade_id)
    return frozenset(changed)


def is_affordable(gas: int, max_fee: int) -> bool:
    """Whether one transaction of this much gas stays under the most that the hub pays for one."""
    return gas * max_fee <= max_cost_wei()


def max_cost_wei() -> int:
    """The most that the hub pays for one transaction."""
    return int(settings.RELAYER_MAX_COST_WEI)


def gas_spent_on(chain: Chain, trade_id: str, since: int) -> int:
    """Gas that the hub has used, or may still use, on one funding; `since` is when it was made, in block time."""
    if not trade_id:
        return 0
    rows = RelayTransaction.objects.filter(chain=chain, trade_id=trade_id).exclude(
        status=RelayStatus.DROPPED
    )
    of_this = rows.filter(signed_call__funded_at=since)
    total = of_this.aggregate(total=Sum(Coalesce("gas_used", F("gas_limit"))))["total"]
    return int(total or 0)


def trouble_of(purse: Purse, address: str) -> str:
    """The sentence when not even one "paid" can be sent now; else nothing."""
    if not is_affordable(PAID_GAS, purse.max_fee):
        return (
            f"Gas costs {_gwei(purse.max_fee)} gwei now, more than this hub pays. "
            "Steps wait here until it is cheaper, or can be sent from your own wallet."
        )
    if purse.balance < purse.step_wei:
        return (
            f"The relayer's gas account {address} is empty: it holds {ether(purse.balance)} ETH. "
            "Its operator must fill it."
        )
    return ""


def warning_of(purse: Purse, address: str) -> str:
    """What the operator should do soon: fill the account, or let steps cost more; else nothing."""
    if purse.held_back:
        return (
            f"{len(purse.held_back)} step(s) wait because of their price or the gas that is promised to others: "
            f"{', '.join(purse.held_back)[:200]}. Fill the account or raise RELAYER_MAX_COST_WEI."
        )
    least = int(settings.RELAYER_MIN_BALANCE_WEI)
    wanted = max(least, (PRICE_MARGIN * purse.promised + STEPS_AHEAD) * purse.step_wei)
    if purse.balance >= wanted:
        return ""
    return (
        f"The gas account {address} holds {ether(purse.balance)} ETH; {ether(purse.promised_wei)} of it are "
        f"promised to {purse.promised} trade(s). Fill it to at least {ether(wanted)} ETH."
    )


def ether(wei: int) -> str:
    """An amount of the chain's coin for people, to a millionth, never in exponents."""
    return f"{Decimal(wei) / 10**18:.6f}".rstrip("0").rstrip(".")


def _live(chain: Chain, now: int) -> list[GasReservation]:
    """Fundings that can still be marked paid and are not being marked already, the promised and older ones first."""
    markable = Escrow.objects.filter(
        chain=chain, status=EscrowStatus.FUNDED, pay_by__gte=now - GRACE_SECONDS
    )
    funded = dict(markable.values_list("trade_id", "funded_at"))
    being_marked = set(
        RelayTransaction.objects.filter(
            chain=chain, move="markPaid", status__in=[RelayStatus.PENDING, RelayStatus.MINED]
        ).values_list("trade_id", flat=True)
    )
    rows = GasReservation.objects.filter(chain=chain, trade_id__in=funded)
    return [
        row
        for row in rows.order_by(F("covered_at").asc(nulls_last=True), "pk")
        if row.funded_at == funded[row.trade_id] and row.trade_id not in being_marked
    ]


def _is_spent(chain: Chain, account: str, held: int) -> bool:
    """Whether a buyer holds as many promises as one may, or has used up the day's budget."""
    since = timezone.now() - timedelta(days=1)
    sent = RelayTransaction.objects.filter(chain=chain, account=account, created_at__gte=since)
    return held >= PROMISES_PER_ACCOUNT or sent.count() >= daily_calls()


def _gwei(wei: int) -> str:
    return f"{Decimal(wei) / 10**9:.1f}"
