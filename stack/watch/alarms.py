"""The list of alarms: what is wrong, what that means, what to do, and how it is decided. Pure: a reading goes in, words come out.

`decide` answers a detail for operators when the alarm is on, "" when all is well, and None when the reading cannot tell (then
an open alarm stays open). `plain` is what a visitor reads on /status/; an alarm without it concerns operators alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from escrow.selectors import STALE_AUDIT_SECONDS, STALE_HEAD_SECONDS, STALE_RELAYER_SECONDS
from escrow.states import ProblemKind
from stack.watch import signs
from stack.watch.figures import PAID_IS_LATE_SECONDS, Figures

STUCK_SECONDS = 180
CALL_WAITS_SECONDS = 180
OUTBOX_SECONDS = 60
DELIVERY_SECONDS = 300
REDIS_FULL_PERCENT = 90

# Parts of the hub as /status/ shows them.
CHAIN, STEPS, COMPARISON, NOTICES = "chain", "steps", "comparison", "notices"


@dataclass(frozen=True, slots=True)
class Rule:
    """One alarm of the list. `runbook` is a page of docs/runbook/; `is_urgent`: people cannot act, or soon will not."""

    name: str
    means: str
    runbook: str
    decide: Callable[[Figures], str | None]
    is_urgent: bool = False
    part: str = ""
    plain: str = ""


def raised(figures: Figures) -> dict[str, str | None]:
    """The alarms that are on, with their details, and those that cannot be told (None)."""
    answers = {rule.name: rule.decide(figures) for rule in RULES.values()}
    return {name: answer for name, answer in answers.items() if answer != ""}


# --- the chain -------------------------------------------------------------------------------


def _unread(figures: Figures) -> str:
    chain = figures.chain
    if chain is None:
        return "No chain is set up."
    if chain.halt_reason or chain.problem_kind in {ProblemKind.CHANGED, ProblemKind.DISAGREE}:
        return ""
    age = figures.seconds_since(chain.polled_at)
    if age is None:
        return f"The chain was never read. {chain.problem}".strip()
    if age > STALE_HEAD_SECONDS:
        return f"Last read {age} s ago. {chain.problem}".strip()
    return ""


def _head_old(figures: Figures) -> str:
    chain = figures.chain
    if chain is None or _unread(figures) or chain.head_seen_at is None:
        return ""
    age = figures.seconds_since(chain.head_seen_at) or 0
    return f"Block {chain.head_number} came {age} s ago." if age > STALE_HEAD_SECONDS else ""


def _halted(figures: Figures) -> str:
    return figures.chain.halt_reason if figures.chain else ""


def _kind(kind: ProblemKind) -> Callable[[Figures], str]:
    def decide(figures: Figures) -> str:
        chain = figures.chain
        return chain.problem if chain is not None and chain.problem_kind == kind else ""

    return decide


# --- steps that the hub sends for people ------------------------------------------------------


def _relayer_unable(figures: Figures) -> str:
    row = figures.relayer
    return row.reason if row is not None and row.checked_at is not None and not row.is_ok else ""


def _relayer_low(figures: Figures) -> str:
    row = figures.relayer
    return row.warning if row is not None and not _relayer_unable(figures) else ""


def _relayer_off(figures: Figures) -> str:
    row = figures.relayer
    if row is None:
        return "No relayer is set up." if figures.chain else ""
    age = figures.seconds_since(row.checked_at)
    if age is None or age > STALE_RELAYER_SECONDS:
        return f"Last round: {'never' if age is None else f'{age} s ago'}. {row.reason}".strip()
    return ""


def _relayer_stuck(figures: Figures) -> str:
    age = figures.seconds_since(figures.relayed.oldest)
    if age is None or age <= STUCK_SECONDS:
        return ""
    return f"{figures.relayed.pending} transactions wait for a block, the oldest for {age} s."


def _calls_waiting(figures: Figures) -> str:
    age = figures.seconds_since(figures.calls.oldest)
    if age is None or age <= CALL_WAITS_SECONDS:
        return ""
    return f"{figures.calls.count} signed calls wait, the oldest for {age} s."


def _paid_late(figures: Figures) -> str:
    if not figures.late_paid:
        return ""
    minutes = PAID_IS_LATE_SECONDS // 60
    return f"{figures.late_paid} buyers signed “paid”, it is in no block, and their time ends within {minutes} minutes."


# --- the comparison with the contract ---------------------------------------------------------


def _auditor_differs(figures: Figures) -> str:
    trades = figures.differing_trades
    return f"{trades} trades differ; /ops/ names the fields." if trades else ""


def _auditor_off(figures: Figures) -> str:
    chain = figures.chain
    # A halted chain is not compared: its rows wait for an operator.
    if chain is None or chain.halt_reason or chain.scanned_block is None:
        return ""
    age = figures.seconds_since(chain.audited_at)
    if age is not None and age <= STALE_AUDIT_SECONDS:
        return ""
    return f"Last look: {'never' if age is None else f'{age} s ago'}. {chain.audit_problem}".strip()


# --- tasks, Redis -----------------------------------------------------------------------------


def _outbox_old(figures: Figures) -> str:
    age = figures.seconds_since(figures.outbox.oldest)
    if age is None or age <= OUTBOX_SECONDS:
        return ""
    return f"{figures.outbox.count} rows wait, the oldest for {age} s."


def _deliveries_old(figures: Figures) -> str:
    age = figures.seconds_since(figures.deliveries.oldest)
    if age is None or age <= DELIVERY_SECONDS:
        return ""
    return f"{figures.deliveries.count} mails and browser notices wait, the oldest for {age} s."


def _parked(figures: Figures) -> str:
    return f"{figures.parked} rows failed too often." if figures.parked else ""


def _worker_missing(figures: Figures) -> str | None:
    if figures.redis is None:
        return None
    seen, now = figures.redis.seen, figures.at.timestamp()
    return "; ".join(filter(None, (signs.late(queue, seen, now) for queue in signs.QUEUES)))


def _schedule_missing(figures: Figures) -> str | None:
    if figures.redis is None:
        return None
    return signs.late(signs.SCHEDULE, figures.redis.seen, figures.at.timestamp())


def _redis_down(figures: Figures) -> str:
    return "Redis does not answer." if figures.redis is None else ""


def _redis_full(figures: Figures) -> str | None:
    found = figures.redis
    if found is None:
        return None
    if found.most_bytes and found.policy != "noeviction":
        return f"maxmemory-policy is {found.policy}: Redis would throw tasks away."
    if found.most_bytes and found.used_bytes * 100 > found.most_bytes * REDIS_FULL_PERCENT:
        return f"{found.used_bytes} of {found.most_bytes} bytes are used."
    return ""


_LIST = (
    Rule(
        name="chain-unread",
        means="The follower has not read the chain. Pages show the last state and grow old.",
        runbook="chain.md",
        decide=_unread,
        is_urgent=True,
        part=CHAIN,
        plain="We cannot read the chain just now. Pages show what we last saw.",
    ),
    Rule(
        name="chain-head-old",
        means="The node answers, but shows no new block: the network or the node stands still.",
        runbook="chain.md",
        decide=_head_old,
        part=CHAIN,
        plain="The network has made no new block for a while, so steps take longer to count.",
    ),
    Rule(
        name="chain-halted",
        means="The chain was undone deeper than this hub trusts. Nothing is followed until an operator looked.",
        runbook="chain-halted.md",
        decide=_halted,
        is_urgent=True,
        part=CHAIN,
        plain="The chain took back blocks that we had relied on. Pages stand still until a person has looked.",
    ),
    Rule(
        name="chain-changed",
        means="The node serves another chain, another genesis or another contract than the rows are about. Nothing is written.",
        runbook="chain-changed.md",
        decide=_kind(ProblemKind.CHANGED),
        is_urgent=True,
        part=CHAIN,
        plain="Our connection leads to another chain than our pages are about. Pages show what we last saw.",
    ),
    Rule(
        name="chain-nodes-disagree",
        means="Two nodes tell different chains. Nothing is believed until they agree.",
        runbook="chain.md",
        decide=_kind(ProblemKind.DISAGREE),
        is_urgent=True,
        part=CHAIN,
        plain="Two sources of the chain tell us different things. We believe neither until they agree.",
    ),
    Rule(
        name="relayer-off",
        means="No round of the relayer was run: signed moves and due time-outs wait.",
        runbook="relayer.md",
        decide=_relayer_off,
        is_urgent=True,
        part=STEPS,
        plain="We cannot send steps for people just now. Send them from your own wallet.",
    ),
    Rule(
        name="relayer-unable",
        means="Nothing can be sent: the gas account is empty, gas is dearer than this hub pays, or the node does not take it.",
        runbook="relayer.md",
        decide=_relayer_unable,
        is_urgent=True,
        part=STEPS,
        plain="We cannot send steps for people just now. Send them from your own wallet.",
    ),
    Rule(
        name="relayer-low",
        means="The gas account will soon be unable to keep what is promised, or single steps are too dear for it.",
        runbook="relayer.md",
        decide=_relayer_low,
    ),
    Rule(
        name="relayer-stuck",
        means="A transaction of the relayer gets into no block although its fee was raised.",
        runbook="relayer.md",
        decide=_relayer_stuck,
        is_urgent=True,
        part=STEPS,
        plain="Steps that we send for people take much longer than usual.",
    ),
    Rule(
        name="calls-waiting",
        means="Moves that people signed do not get into a block.",
        runbook="relayer.md",
        decide=_calls_waiting,
        part=STEPS,
        plain="Steps that people signed wait longer than usual before they are sent.",
    ),
    Rule(
        name="paid-late",
        means="A buyer signed “paid” and his time to pay ends before it is in a block.",
        runbook="relayer.md",
        decide=_paid_late,
        is_urgent=True,
    ),
    Rule(
        name="auditor-differs",
        means="Rows say something else than the contract. Pages may show it to people.",
        runbook="rows-that-differ.md",
        decide=_auditor_differs,
        is_urgent=True,
        part=COMPARISON,
        plain="Some trade pages do not say what the contract says. The contract decides.",
    ),
    Rule(
        name="auditor-off",
        means="Rows have not been compared with the contract.",
        runbook="rows-that-differ.md",
        decide=_auditor_off,
        part=COMPARISON,
        plain="Our pages have not been compared with the contract for a while.",
    ),
    Rule(
        name="outbox-old",
        means="Lines and notices of trades are not delivered.",
        runbook="tasks.md",
        decide=_outbox_old,
        part=NOTICES,
        plain="Notices and lines in the rooms come late. Look into your trades yourself.",
    ),
    Rule(
        name="deliveries-old",
        means="Mails or browser notices do not leave: the mail server or a push service does not take them.",
        runbook="tasks.md",
        decide=_deliveries_old,
        part=NOTICES,
        plain="Mails and browser notices come late. Look into your trades yourself.",
    ),
    Rule(
        name="tasks-parked",
        means="Rows of the outbox failed five times and are not tried again.",
        runbook="tasks.md",
        decide=_parked,
    ),
    Rule(
        name="worker-missing",
        means="Nobody works on a queue: its tasks wait.",
        runbook="tasks.md",
        decide=_worker_missing,
        is_urgent=True,
        part=NOTICES,
        plain="The part that sends notices and steps is not running. Look into your trades yourself.",
    ),
    Rule(
        name="schedule-missing",
        means="No task is handed out.",
        runbook="tasks.md",
        decide=_schedule_missing,
        is_urgent=True,
        part=NOTICES,
        plain="The part that plans notices and steps is not running. Look into your trades yourself.",
    ),
    Rule(
        name="redis-down",
        means="Redis does not answer: no tasks, no hints, slower pages.",
        runbook="redis.md",
        decide=_redis_down,
        is_urgent=True,
        part=NOTICES,
        plain="Pages do not refresh by themselves and notices wait. Load a page again to see what is new.",
    ),
    Rule(
        name="redis-full",
        means="Redis is nearly full, or set up to throw away what it holds.",
        runbook="redis.md",
        decide=_redis_full,
    ),
)
RULES: dict[str, Rule] = {rule.name: rule for rule in _LIST}
