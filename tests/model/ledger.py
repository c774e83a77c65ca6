"""The state of the escrow, rebuilt from nothing but its events and the times of their blocks."""

from __future__ import annotations

from collections.abc import Iterable

from tests.model.contract import DISPUTED, FUNDED, NO_WORD, PAID, Event, Word
from tests.model.messages import Trade


class Ledger:
    """Invariant 12: whoever reads the events knows every word, credit and fee."""

    def __init__(self) -> None:
        self.words: dict[int, Word] = {}
        self.credits: dict[tuple[int, int], int] = {}
        self.fees: dict[int, int] = {}
        self._trades: dict[int, Trade] = {}

    def read(self, events: Iterable[Event], time: int) -> None:
        """What a call at this time said."""
        for name, *values in events:
            self._read(str(name), [int(str(value)) for value in values], time)

    def _read(self, name: str, values: list[int], time: int) -> None:
        if name == "Credited":
            _, token, account, amount = values
            self._credit(token, account, amount)
        elif name == "Withdrawn":
            token, account, _, amount = values
            self._credit(token, account, -amount)
        elif name == "FeesWithdrawn":
            token, amount = values
            self.fees[token] -= amount
        elif name == "Funded":
            trade = Trade(*values[3:])
            assert trade.id not in self.words, "funded twice"
            self._trades[trade.id] = trade
            self.words[trade.id] = Word(FUNDED, time, time, time + trade.pay_window)
        else:
            self._move(name, values, time)

    def _move(self, name: str, values: list[int], time: int) -> None:
        trade_id, *rest = values
        word = self.words[trade_id]
        if name == "MarkedPaid":
            self.words[trade_id] = word._replace(status=PAID, since=time)
        elif name == "TimeGranted":
            self.words[trade_id] = word._replace(pay_by=rest[0])
        elif name == "Disputed":
            self.words[trade_id] = word._replace(status=DISPUTED, since=time)
        else:
            self._close(name, trade_id, rest)

    def _close(self, name: str, trade_id: int, rest: list[int]) -> None:
        word, trade = self.words.pop(trade_id), self._trades[trade_id]
        taxed = {
            "Released": trade.amount,
            "Settled": rest[0] if rest else 0,
            "TimedOut": rest[0] if rest and word.status == PAID else 0,
            "Cancelled": 0,
            "Reclaimed": 0,
            "Ruled": 0,
        }[name]
        fee = taxed * trade.fee_bps // 10_000
        self.fees[trade.token] = self.fees.get(trade.token, 0) + fee

    def _credit(self, token: int, account: int, amount: int) -> None:
        self.credits[token, account] = self.credits.get((token, account), 0) + amount

    def word(self, trade_id: int) -> Word:
        return self.words.get(trade_id, NO_WORD)
