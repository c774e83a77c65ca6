"""Random sequences of calls: mostly sensible, often on the edge of a clock, and every third one wrong somewhere.

A sequence is made by walking the model, so that every step already knows how it must end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.model import cast
from tests.model.cast import (
    ACTORS,
    COINS,
    ESCROW,
    ODD,
    PERMIT2,
    PLAIN,
    STRANGER,
    TREASURY,
)
from tests.model.chances import PRIMARY, Chances
from tests.model.contract import DAY, DISPUTED, FUNDED, GRACE, MAX_BATCH, NONE, PAID, Event, Item
from tests.model.ledger import Ledger
from tests.model.messages import NOTHING, Signature, Trade
from tests.model.world import FOREVER, NATIVE, Refused

# What a decoder refuses before the contract is asked: the place of an argument, and its bits.
_NARROW = {
    "grant_time": (1, 40),
    "grant_time_by_sig": (1, 40),
    "settle": (1, 128),
    "rule": (1, 128),
    "rule_by_sig": (1, 128),
    "dispute_and_rule": (1, 128),
}
_MOVES = (
    "markPaid",
    "grantTime",
    "reclaim",
    "release",
    "cancel",
    "settle",
    "dispute",
    "rule",
    "both",
    "timeout",
)
_LIKELY = {
    NONE: (1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
    FUNDED: (16, 4, 4, 2, 2, 2, 1, 1, 1, 4),
    PAID: (1, 1, 1, 3, 2, 3, 12, 1, 5, 4),
    DISPUTED: (1, 1, 1, 2, 2, 3, 1, 14, 1, 6),
}
_BY_BUYER = ("mark_paid", "cancel")


@dataclass(frozen=True)
class Step:
    """One call, and how it ends: the answer of a good one, or the error with its arguments."""

    chain_id: int
    time: int
    sender: int
    to: int
    function: str
    arguments: tuple[object, ...]
    value: int
    is_done: bool
    answer: object
    events: list[Event]
    figures: list[int]

    @property
    def end(self) -> str:
        """Empty, or the name of the error; a refusal without words is "no words"."""
        return "" if self.is_done else str(self.answer[0] or "no words")  # type: ignore[index]

    def __str__(self) -> str:
        end = (
            f"gives {self.answer}, {shown(self.events)}"
            if self.is_done
            else f"is refused: {shown(self.answer)}"
        )
        value = f" with {self.value}" if self.value else ""
        return f"at {self.time} {shown(self.sender)} calls {self.function}{shown(self.arguments)}{value}: {end}"


def shown(value: object) -> str:
    """A value for a reader: people by name, trades by the start of their id."""
    if isinstance(value, Trade):
        return f"trade {value.id:#x}"[:16]
    if isinstance(value, tuple | list):
        return f"({', '.join(map(shown, value))})"
    return cast.NAMES.get(value, str(value)) if isinstance(value, int) else str(value)


class Walk(Chances):
    """One sequence, made from a seed."""

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self.ledger = Ledger()
        # Nothing may come of the wrong ones, so their ids are read as well.
        self.trade_ids = [trade.id for trade in self.trades + self.wrong]
        self.steps: list[Step] = []
        self._signed_calls: list[tuple[str, tuple[object, ...]]] = []
        self._permit2_nonce = 0

    def run(self) -> Walk:
        """Make the steps."""
        for wallet in cast.MOODY:
            if self._flip():
                self._set_mood(wallet)
        for _ in range(self.random.randint(20, 40)):
            self._pass_time()
            self._do_something()
        return self

    # ------------------------------------------------------------------ steps

    def take(self, function: str, sender: int, *arguments: object, value: int = 0) -> None:
        """Call the contract."""
        self.model.events = []
        answer: object
        try:
            answer = self.model.attempt(self._call, function, sender, arguments, value)
        except Refused as refused:
            self._note(
                function, sender, ESCROW, arguments, value, False, (refused.name, refused.arguments)
            )
            return
        self.ledger.read(self.model.events, self.world.time)
        self._check_ledger()
        self._note(function, sender, ESCROW, arguments, value, True, answer)
        if function.endswith("_by_sig"):
            self._signed_calls.append((function, arguments))

    def _call(
        self, function: str, sender: int, arguments: tuple[object, ...], value: int
    ) -> object:
        if function == "fund":
            return self.model.fund(sender, *arguments, value=value)  # type: ignore[arg-type, func-returns-value]
        place, bits = _NARROW.get(function, (0, 0))
        if value or (bits and int(str(arguments[place])) >> bits):
            raise Refused("")
        return getattr(self.model, function)(sender, *arguments)

    def change(
        self, function: str, sender: int, to: int, *arguments: object, answer: object = None
    ) -> None:
        """Something happens in the world that is no business of the contract."""
        self.model.events = []
        self._note(function, sender, to, arguments, 0, True, answer)

    def _note(
        self,
        function: str,
        sender: int,
        to: int,
        arguments: tuple[object, ...],
        value: int,
        is_done: bool,
        answer: object,
    ) -> None:
        world = self.world
        found = cast.figures(self.model, self.trade_ids)
        call = (world.chain_id, world.time, sender, to, function, arguments, value)
        self.steps.append(Step(*call, is_done, answer, self.model.events, found))

    def _check_ledger(self) -> None:
        """C37, invariant 12: the events say all that there is to know."""
        for trade_id in self.trade_ids:
            assert self.ledger.word(trade_id) == self.model.words.get(trade_id, (0, 0, 0, 0))
        for coin in COINS:
            assert self.ledger.fees.get(coin, 0) == self.model.fees.get(coin, 0)
            for account in ACTORS:
                owed = self.model.credits.get((coin, account), 0)
                assert self.ledger.credits.get((coin, account), 0) == owed

    # ------------------------------------------------------------------ time

    def _pass_time(self) -> None:
        kind = self.random.random()
        if kind < 0.3:
            return
        if kind < 0.6:
            self.world.time += 1
        elif kind < 0.75:
            self.world.time += self.random.randint(1, 7_200)
        else:
            self._go_to_an_edge()

    def _go_to_an_edge(self) -> None:
        """To the last second of some clock, or the one before or after it (C17)."""
        edges: list[int] = []
        for trade in self.trades:
            word = self.model.word_of(trade)
            if word.status == FUNDED:
                edges += [word.pay_by, word.pay_by + GRACE]
            elif word.status == PAID:
                edges.append(word.since + trade.release_window)
            elif word.status == DISPUTED:
                edges.append(word.since + trade.ruling_window)
        if edges:
            edge = self.random.choice(edges) + self.random.choice((-1, 0, 1))
            self.world.time = max(self.world.time, edge)

    # ------------------------------------------------------------------ what to do

    def _do_something(self) -> None:
        kind = self.random.random()
        if kind < 0.09:
            self._change_the_world()
        elif kind < (0.25 if any(self.model.credits.values()) else 0.11):
            self._withdraw()
        elif kind < 0.28:
            self._withdraw_fees()
        elif kind < 0.34:
            self._batch()
        elif kind < 0.37 and self._signed_calls:
            # S01: a signature that was good once is sent again.
            function, arguments = self.random.choice(self._signed_calls)
            self.take(function, self._anyone(), *arguments)
        elif kind < 0.41:
            self._fund(self.random.choice(self.wrong))
        else:
            live = [trade for trade in self.trades if trade.id in self.model.words]
            self._act_on(self.random.choice(live if live and self._flip(0.7) else self.trades))

    def _act_on(self, trade: Trade) -> None:
        status = self.model.word_of(trade).status
        if self.random.random() < (0.85 if status == NONE else 0.05):
            self._fund(trade)
            return
        if self._flip(0.02):
            trade = self._spoiled(trade)
        move = self.random.choices(_MOVES, _LIKELY[status])[0]
        acts: dict[str, Callable[[Trade], None]] = {
            "markPaid": lambda t: self._plain_move("mark_paid", t),
            "reclaim": lambda t: self._plain_move("reclaim", t),
            "release": lambda t: self._plain_move("release", t),
            "cancel": lambda t: self._plain_move("cancel", t),
            "grantTime": self._grant_time,
            "settle": self._settle,
            "dispute": self._dispute,
            "rule": self._rule,
            "both": self._dispute_and_rule,
            "timeout": lambda t: self.take("timeout", self._anyone(), t, value=self._stray_value()),
        }
        acts[move](trade)

    def _fund(self, trade: Trade) -> None:
        seller = self._mostly(trade.seller)
        kind = self.random.random()
        if trade.token == NATIVE and kind < 0.9:
            value = trade.amount + (self.random.choice((-1, 1)) if self._is_wrong(0.08) else 0)
            self.take("fund", seller, trade, value=value if 0 <= value < 2**139 else 0)
        elif kind < 0.45:
            self.take("fund", seller, trade, value=self._stray_value())
        elif kind < 0.65:
            self._fund_with_permit(trade, seller)
        else:
            self._fund_with_permit2(trade)

    def _fund_with_permit(self, trade: Trade, seller: int) -> None:
        deadline = self._deadline()
        nonce = self.world.tables.permit_nonces.get(trade.seller, 0)
        values = (trade.seller, ESCROW, trade.amount, nonce, deadline)
        spoken = self._spoken(trade.seller, self.world.permit_domain(), "Permit", values)
        if isinstance(spoken, Signature):
            spoken = spoken._replace(form="long")  # v, r and s come as three numbers
        self.take("fund_with_permit", seller, trade, deadline, spoken)

    def _fund_with_permit2(self, trade: Trade) -> None:
        deadline = self._deadline()
        if self.random.random() < 0.9:
            self._permit2_nonce += 1
        nonce = self._permit2_nonce
        values = self.world.permit2_values(ESCROW, trade, nonce, deadline)
        spoken = self._spoken(
            trade.seller, self.world.permit2_domain(), "PermitWitnessTransferFrom", values
        )
        self.take("fund_with_permit2", self._anyone(), trade, nonce, deadline, spoken)

    def _plain_move(self, name: str, trade: Trade) -> None:
        who = trade.buyer if name in _BY_BUYER else trade.seller
        if self._flip():
            self.take(name, self._mostly(who), trade, value=self._stray_value())
            return
        deadline = self._deadline()
        spoken = self._about(who, PRIMARY[name], trade, (), deadline)
        self.take(f"{name}_by_sig", self._anyone(), trade, deadline, spoken)

    def _grant_time(self, trade: Trade) -> None:
        now, pay_by = self.world.time, self.model.word_of(trade).pay_by
        edges = (pay_by, pay_by + 1, now + 14 * DAY, now + 14 * DAY + 1, now, 2**40 + pay_by + 1)
        new = self.random.choice(edges) if self._flip() else now + self.random.randint(1, 14 * DAY)
        if self._flip():
            self.take("grant_time", self._mostly(trade.seller), trade, new)
            return
        deadline = self._deadline()
        spoken = self._about(trade.seller, "GrantTime", trade, (new,), deadline)
        self.take("grant_time_by_sig", self._anyone(), trade, new, deadline, spoken)

    def _settle(self, trade: Trade) -> None:
        part, deadline = self._part(trade), self._deadline()
        by = [
            self._about(who, "Settle", trade, (part,), deadline)
            for who in (trade.seller, trade.buyer)
        ]
        sender = self._mostly(self.random.choice((trade.seller, trade.buyer, self._anyone())))
        if self._flip():
            # A party that sends it needs no signature of its own.
            by = [NOTHING if who == sender else one for who, one in zip(trade[:2], by, strict=True)]
        self.take("settle", sender, trade, part, deadline, *by)

    def _dispute(self, trade: Trade) -> None:
        by, evidence = self._mostly(self.random.choice(trade[:2])), self._evidence()
        if self._flip():
            self.take("dispute", by, trade, evidence)
            return
        deadline = self._deadline()
        spoken = self._about(by, "Dispute", trade, (evidence,), deadline)
        self.take("dispute_by_sig", self._anyone(), trade, evidence, by, deadline, spoken)

    def _rule(self, trade: Trade) -> None:
        part, evidence = self._part(trade), self._evidence()
        if self._flip():
            self.take("rule", self._mostly(trade.arbitrator), trade, part, evidence)
            return
        deadline = self._deadline()
        spoken = self._about(trade.arbitrator, "Rule", trade, (part, evidence), deadline)
        self.take("rule_by_sig", self._anyone(), trade, part, evidence, deadline, spoken)

    def _dispute_and_rule(self, trade: Trade) -> None:
        by, evidence, deadline = (
            self._mostly(self.random.choice(trade[:2])),
            self._evidence(),
            self._deadline(),
        )
        spoken = self._about(by, "Dispute", trade, (evidence,), deadline)
        arguments = (self._part(trade), self._evidence(), by, evidence, spoken, deadline)
        self.take("dispute_and_rule", self._mostly(trade.arbitrator), trade, *arguments)

    def _batch(self) -> None:
        name = self.random.choice(("mark_paid", "release"))
        items: list[Item] = []
        for _ in range(self.random.randint(0, 5)):
            trade, deadline = self.random.choice(self.trades), self._deadline()
            who = trade.buyer if name in _BY_BUYER else trade.seller
            items.append((trade, deadline, self._about(who, PRIMARY[name], trade, (), deadline)))
        if items and self.random.random() < 0.02:
            items = (items * (MAX_BATCH + 1))[: MAX_BATCH + self.random.randint(0, 1)]
        self.take(f"batch_{name}", self._anyone(), items)

    def _withdraw(self) -> None:
        owed = [place for place, amount in self.model.credits.items() if amount]
        coin, account = (
            self.random.choice(owed) if owed and self._flip(0.8) else (self._coin(), self._anyone())
        )
        others = (self._anyone(), self._anyone(), TREASURY, STRANGER, 0, ESCROW, PLAIN)
        to = account if self._flip() else self.random.choice(others)
        if owed and self._flip(0.2):
            to = self.random.choice(owed)[1]
        if to in cast.MOODY and self._flip(0.4):
            # C06: whoever has refused his coins before now calls back while he gets some.
            self._set_mood(to, "CallsBack")
        if self._flip():
            self.take("withdraw", account, coin, to)
            return
        amount = self.model.credits.get((coin, account), 0)
        if self._is_wrong():
            amount = max(0, amount + self.random.choice((-1, 1)))
        deadline = self._deadline()
        values = (account, coin, amount, to, deadline)
        spoken = self._spoken(account, self.model.domain(), "Withdraw", values)
        self.take("withdraw_by_sig", self._anyone(), *values, spoken)

    def _withdraw_fees(self) -> None:
        waiting = [coin for coin, amount in self.model.fees.items() if amount]
        coin = self.random.choice(waiting) if waiting and self._flip(0.8) else self._coin()
        self.take("withdraw_fees", self._anyone(), coin)

    def _change_the_world(self) -> None:
        tables, kind = self.world.tables, self.random.randint(0, 9)
        if kind < 4:
            self._set_mood(self.random.choice(cast.MOODY))
        elif kind < 6:
            tables.oddity = self.random.choice(list(cast.ODDITIES))
            self.change("set_oddity", STRANGER, ODD, cast.ODDITIES[tables.oddity])
        elif kind == 6:
            tables.cut_bps = self.random.choice((0, 0, 100))
            self.change("set_cut", STRANGER, ODD, tables.cut_bps)
        elif kind == 7:
            account, blocked = self.random.choice((*ACTORS, TREASURY)), self._flip()
            (tables.blocked.add if blocked else tables.blocked.discard)(account)
            self.change("set_blocked", STRANGER, ODD, account, int(blocked))
        elif kind == 8:
            owner, coin = self._anyone(), self.random.choice((PLAIN, ODD))
            spender, amount = (
                self.random.choice((ESCROW, PERMIT2)),
                self.random.choice((0, 10**6, FOREVER)),
            )
            tables.allowances[coin, owner, spender] = amount
            self.change("approve", owner, coin, spender, amount, answer=1)
        else:
            # S02: the chain splits, and this side of it gets another id.
            self.world.chain_id = self.random.choice((cast.CHAIN_ID, cast.CHAIN_ID + 1))

    def _set_mood(self, wallet: int, mood: str = "") -> None:
        mood = mood or self.random.choice(cast.MOODS)
        self.world.tables.moods[wallet] = mood
        self.change("set_mood", STRANGER, wallet, cast.MOODS.index(mood))
