"""The escrow as the protocol describes it: sections 2 to 5, one method for each function of the contract.

Knows nothing of gas, storage or bytes. Times in seconds, amounts in base units, accounts as numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.model.messages import Domain, Spoken, Trade
from tests.model.world import NATIVE, Refused, World

MINUTE, DAY = 60, 86_400
NONE, FUNDED, PAID, DISPUTED = range(4)
GRACE = DAY
MAX_FEE_BPS = 200
LONGEST_PAY_WINDOW = 14 * DAY
MAX_BATCH = 256


class Word(NamedTuple):
    """What is stored of a live trade."""

    status: int
    since: int
    funded_at: int
    pay_by: int


NO_WORD = Word(NONE, 0, 0, 0)
Event = tuple[object, ...]
Item = tuple[Trade, int, Spoken]


class EscrowModel:
    """The contract. Every function takes its caller first and raises Refused with the contract's error."""

    def __init__(self, world: World, *, address: int, fee_recipient: int) -> None:
        self.world, self.address, self.fee_recipient = world, address, fee_recipient
        self.words: dict[int, Word] = {}
        self.credits: dict[tuple[int, int], int] = {}
        self.fees: dict[int, int] = {}
        self.events: list[Event] = []
        world.call_back = lambda account: self._call_back(account)

    def attempt(self, function: Callable[..., object], *arguments: object) -> object:
        """Call a function, and undo all of it when it is refused. Raises: Refused."""
        kept = (dict(self.words), dict(self.credits), dict(self.fees), list(self.events))
        tables = self.world.tables.copy()
        try:
            return function(*arguments)
        except Refused:
            self.words, self.credits, self.fees, self.events = kept
            self.world.tables = tables
            raise

    def word_of(self, trade: Trade) -> Word:
        return self.words.get(trade.id, NO_WORD)

    def domain(self) -> Domain:
        return Domain("Parley", "1", self.world.chain_id, self.address)

    # ------------------------------------------------------------------ funding

    def fund(self, caller: int, trade: Trade, *, value: int = 0) -> None:
        self._check_funder(caller, trade)
        self._open(trade)
        if trade.token == NATIVE:
            if value != trade.amount:
                raise Refused("WrongValue", value, trade.amount)
            self.world.move(NATIVE, caller, self.address, value)
            return
        if value != 0:
            raise Refused("WrongValue", value, 0)
        self._pull(trade)

    def fund_with_permit(
        self, caller: int, trade: Trade, permit_deadline: int, spoken: Spoken
    ) -> None:
        self._check_funder(caller, trade)
        self._check_coin(trade)
        self._open(trade)
        self.world.permit(trade.token, caller, self.address, trade.amount, permit_deadline, spoken)
        self._pull(trade)

    def fund_with_permit2(
        self, caller: int, trade: Trade, nonce: int, permit_deadline: int, spoken: Spoken
    ) -> None:
        self._check_coin(trade)
        self._open(trade)
        before = self.world.balance(trade.token, self.address)
        self.world.permit2_pull(self.address, trade, nonce, permit_deadline, spoken)
        self._check_received(trade, before)

    def _check_funder(self, caller: int, trade: Trade) -> None:
        if caller != trade.seller % 2**160:
            raise Refused("NotSeller", caller)

    def _check_coin(self, trade: Trade) -> None:
        if not self.world.is_coin(trade.token % 2**160):
            raise Refused("NotAToken", trade.token % 2**160)

    def _open(self, trade: Trade) -> None:
        if not trade.is_clean:
            raise Refused("")
        self._check_terms(trade)
        word, time = self.word_of(trade), self.world.time
        if word.status != NONE:
            raise Refused("BadState", trade.id, word.status)
        self.words[trade.id] = Word(FUNDED, time, time, time + trade.pay_window)
        self.events.append(("Funded", trade.id, trade.seller, trade.buyer, *trade))

    def _check_terms(self, trade: Trade) -> None:
        parties = (trade.seller, trade.buyer, trade.arbitrator)
        if len(set(parties)) < 3 or 0 in parties or self.address in parties[:2]:
            raise Refused("BadParties", *parties)
        if trade.amount == 0:
            raise Refused("ZeroAmount")
        if trade.fee_bps > MAX_FEE_BPS:
            raise Refused("FeeTooHigh", trade.fee_bps, MAX_FEE_BPS)
        for error, window, least, most in (
            ("PayWindowOutOfRange", trade.pay_window, 20 * MINUTE, LONGEST_PAY_WINDOW),
            ("ReleaseWindowOutOfRange", trade.release_window, 3 * DAY, 30 * DAY),
            ("RulingWindowOutOfRange", trade.ruling_window, DAY, 90 * DAY),
        ):
            if not least <= window <= most:
                raise Refused(error, window, least, most)

    def _pull(self, trade: Trade) -> None:
        if not self.world.is_coin(trade.token):
            raise Refused("NotAToken", trade.token)
        before = self.world.balance(trade.token, self.address)
        if not self.world.pull(trade.token, self.address, trade.seller, self.address, trade.amount):
            raise Refused("TransferFailed", trade.token, trade.seller, self.address, trade.amount)
        self._check_received(trade, before)

    def _check_received(self, trade: Trade, before: int) -> None:
        received = self.world.balance(trade.token, self.address) - before
        if received != trade.amount:
            raise Refused("WrongAmountReceived", received, trade.amount)

    # ------------------------------------------------------------------ FUNDED

    def mark_paid(self, caller: int, trade: Trade) -> None:
        self._live(trade)
        self._check_buyer(caller, trade)
        self._mark_paid(trade)

    def mark_paid_by_sig(self, caller: int, trade: Trade, deadline: int, spoken: Spoken) -> None:
        self._check_plain(trade.buyer, "MarkPaid", trade, deadline, spoken)
        self._mark_paid(trade)

    def batch_mark_paid(self, caller: int, items: list[Item]) -> int:
        return self._batch(self.mark_paid_by_sig, caller, items)

    def _mark_paid(self, trade: Trade) -> None:
        word = self._in_status(trade, FUNDED)
        self._not_after(word.pay_by + GRACE)
        self.words[trade.id] = word._replace(status=PAID, since=self.world.time)
        self.events.append(("MarkedPaid", trade.id))

    def grant_time(self, caller: int, trade: Trade, new_pay_by: int) -> None:
        self._live(trade)
        self._check_seller(caller, trade)
        self._grant_time(trade, new_pay_by)

    def grant_time_by_sig(
        self, caller: int, trade: Trade, new_pay_by: int, deadline: int, spoken: Spoken
    ) -> None:
        word = self._live(trade)
        said = (trade, word.funded_at, new_pay_by, deadline)
        self._check_signed(trade.seller, "GrantTime", said, deadline, spoken)
        self._grant_time(trade, new_pay_by)

    def _grant_time(self, trade: Trade, new_pay_by: int) -> None:
        word = self._in_status(trade, FUNDED)
        earliest, latest = word.pay_by + 1, self.world.time + LONGEST_PAY_WINDOW
        if not earliest <= new_pay_by <= latest:
            raise Refused("PayByOutOfRange", new_pay_by, earliest, latest)
        self.words[trade.id] = word._replace(pay_by=new_pay_by)
        self.events.append(("TimeGranted", trade.id, new_pay_by))

    def reclaim(self, caller: int, trade: Trade) -> None:
        self._live(trade)
        self._check_seller(caller, trade)
        self._reclaim(trade)

    def reclaim_by_sig(self, caller: int, trade: Trade, deadline: int, spoken: Spoken) -> None:
        self._check_plain(trade.seller, "Reclaim", trade, deadline, spoken)
        self._reclaim(trade)

    def _reclaim(self, trade: Trade) -> None:
        word = self._in_status(trade, FUNDED)
        self._after(word.pay_by)
        self._close(trade, "Reclaimed")
        self._divide(trade, 0)

    # ------------------------------------------------------------------ FUNDED, PAID, DISPUTED

    def release(self, caller: int, trade: Trade) -> None:
        self._live(trade)
        self._check_seller(caller, trade)
        self._release(trade)

    def release_by_sig(self, caller: int, trade: Trade, deadline: int, spoken: Spoken) -> None:
        self._check_plain(trade.seller, "Release", trade, deadline, spoken)
        self._release(trade)

    def batch_release(self, caller: int, items: list[Item]) -> int:
        return self._batch(self.release_by_sig, caller, items)

    def _release(self, trade: Trade) -> None:
        self._close(trade, "Released")
        self._divide(trade, trade.amount, takes_fee=True)

    def cancel(self, caller: int, trade: Trade) -> None:
        self._live(trade)
        self._check_buyer(caller, trade)
        self._cancel(trade)

    def cancel_by_sig(self, caller: int, trade: Trade, deadline: int, spoken: Spoken) -> None:
        self._check_plain(trade.buyer, "Cancel", trade, deadline, spoken)
        self._cancel(trade)

    def _cancel(self, trade: Trade) -> None:
        self._close(trade, "Cancelled")
        self._divide(trade, 0)

    def settle(
        self,
        caller: int,
        trade: Trade,
        to_buyer: int,
        deadline: int,
        by_seller: Spoken,
        by_buyer: Spoken,
    ) -> None:
        word = self._live(trade)
        said = (trade, word.funded_at, to_buyer, deadline)
        for party, spoken in ((trade.seller, by_seller), (trade.buyer, by_buyer)):
            if caller != party:
                self._check_signed(party, "Settle", said, deadline, spoken)
        self._check_share(trade, to_buyer)
        self._close(trade, "Settled", to_buyer)
        self._divide(trade, to_buyer, takes_fee=True)

    # ------------------------------------------------------------------ PAID, DISPUTED

    def dispute(self, caller: int, trade: Trade, evidence: int) -> None:
        self._live(trade)
        self._check_party(caller, trade)
        self._dispute(trade, caller, evidence)

    def dispute_by_sig(
        self, caller: int, trade: Trade, evidence: int, by: int, deadline: int, spoken: Spoken
    ) -> None:
        self._check_dispute(trade, evidence, by, deadline, spoken)
        self._dispute(trade, by, evidence)

    def _check_dispute(
        self, trade: Trade, evidence: int, by: int, deadline: int, spoken: Spoken
    ) -> None:
        word = self._live(trade)
        self._check_party(by, trade)
        said = (trade, word.funded_at, evidence, deadline)
        self._check_signed(by, "Dispute", said, deadline, spoken)

    def _dispute(self, trade: Trade, by: int, evidence: int) -> None:
        word = self._in_status(trade, PAID)
        self.words[trade.id] = word._replace(status=DISPUTED, since=self.world.time)
        self.events.append(("Disputed", trade.id, by, evidence))

    def rule(self, caller: int, trade: Trade, to_buyer: int, evidence: int) -> None:
        self._live(trade)
        self._check_arbitrator(caller, trade)
        self._rule(trade, to_buyer, evidence)

    def rule_by_sig(
        self, caller: int, trade: Trade, to_buyer: int, evidence: int, deadline: int, spoken: Spoken
    ) -> None:
        word = self._live(trade)
        said = (trade, word.funded_at, to_buyer, evidence, deadline)
        self._check_signed(trade.arbitrator, "Rule", said, deadline, spoken)
        self._rule(trade, to_buyer, evidence)

    def dispute_and_rule(
        self,
        caller: int,
        trade: Trade,
        to_buyer: int,
        evidence: int,
        by: int,
        dispute_evidence: int,
        spoken: Spoken,
        deadline: int,
    ) -> None:
        self._live(trade)
        self._check_arbitrator(caller, trade)
        self._check_dispute(trade, dispute_evidence, by, deadline, spoken)
        self._dispute(trade, by, dispute_evidence)
        self._rule(trade, to_buyer, evidence)

    def _rule(self, trade: Trade, to_buyer: int, evidence: int) -> None:
        word = self._in_status(trade, DISPUTED)
        self._not_after(word.since + trade.ruling_window)
        self._check_share(trade, to_buyer)
        self._close(trade, "Ruled", to_buyer, evidence)
        self._divide(trade, to_buyer)

    def timeout(self, caller: int, trade: Trade) -> None:
        word = self._live(trade)
        end, to_buyer = {
            FUNDED: (word.pay_by + GRACE, 0),
            PAID: (word.since + trade.release_window, trade.amount),
            DISPUTED: (word.since + trade.ruling_window, trade.amount // 2),
        }[word.status]
        self._after(end)
        self._close(trade, "TimedOut", to_buyer)
        self._divide(trade, to_buyer, takes_fee=word.status == PAID)

    # ------------------------------------------------------------------ credits and fees

    def withdraw(self, caller: int, token: int, to: int) -> None:
        self._withdraw(caller, token, to)

    def withdraw_by_sig(
        self,
        caller: int,
        account: int,
        token: int,
        amount: int,
        to: int,
        deadline: int,
        spoken: Spoken,
    ) -> None:
        self._check_signed(
            account, "Withdraw", (account, token, amount, to, deadline), deadline, spoken
        )
        credit = self.credits.get((token, account), 0)
        if amount != credit:
            raise Refused("WrongCredit", amount, credit)
        self._withdraw(account, token, to)

    def _withdraw(self, account: int, token: int, to: int) -> None:
        if to in (0, self.address):
            raise Refused("BadRecipient", to)
        amount = self.credits.pop((token, account), 0)
        if amount == 0:
            raise Refused("NoCredit", token, account)
        self.events.append(("Withdrawn", token, account, to, amount))
        self._pay_or_refuse(token, to, amount)

    def withdraw_fees(self, caller: int, token: int) -> None:
        amount = self.fees.pop(token, 0)
        if amount == 0:
            raise Refused("NoFees", token)
        self.events.append(("FeesWithdrawn", token, amount))
        self._pay_or_refuse(token, self.fee_recipient, amount)

    def _pay_or_refuse(self, token: int, to: int, amount: int) -> None:
        if not self.world.pay(token, self.address, to, amount):
            raise Refused("TransferFailed", token, self.address, to, amount)

    # ------------------------------------------------------------------ checks

    def _live(self, trade: Trade) -> Word:
        word = self.word_of(trade)
        if word.status == NONE:
            raise Refused("BadState", trade.id, NONE)
        return word

    def _in_status(self, trade: Trade, status: int) -> Word:
        word = self.word_of(trade)
        if word.status != status:
            raise Refused("BadState", trade.id, word.status)
        return word

    def _check_seller(self, caller: int, trade: Trade) -> None:
        if caller != trade.seller:
            raise Refused("NotSeller", caller)

    def _check_buyer(self, caller: int, trade: Trade) -> None:
        if caller != trade.buyer:
            raise Refused("NotBuyer", caller)

    def _check_arbitrator(self, caller: int, trade: Trade) -> None:
        if caller != trade.arbitrator:
            raise Refused("NotArbitrator", caller)

    def _check_party(self, account: int, trade: Trade) -> None:
        if account not in (trade.seller, trade.buyer):
            raise Refused("NotParty", account)

    def _check_plain(
        self, account: int, primary: str, trade: Trade, deadline: int, spoken: Spoken
    ) -> None:
        word = self._live(trade)
        self._check_signed(account, primary, (trade, word.funded_at, deadline), deadline, spoken)

    def _check_signed(
        self, account: int, primary: str, values: tuple[object, ...], deadline: int, spoken: Spoken
    ) -> None:
        if self.world.time > deadline:
            raise Refused("Expired", self.world.time, deadline)
        if not self.world.agrees(account, spoken, self.domain(), primary, values):
            raise Refused("BadSignature", account)

    def _check_share(self, trade: Trade, to_buyer: int) -> None:
        if to_buyer > trade.amount:
            raise Refused("ShareTooLarge", to_buyer, trade.amount)

    def _after(self, last: int) -> None:
        if self.world.time <= last:
            raise Refused("TooEarly", self.world.time, last + 1)

    def _not_after(self, last: int) -> None:
        if self.world.time > last:
            raise Refused("TooLate", self.world.time, last)

    # ------------------------------------------------------------------ effects and payments

    def _batch(self, single: Callable[..., object], caller: int, items: list[Item]) -> int:
        if len(items) > MAX_BATCH:
            raise Refused("BatchTooLong", len(items), MAX_BATCH)
        done = 0
        for place, item in enumerate(items):
            try:
                self.attempt(single, caller, *item)
            except Refused:
                continue
            done |= 1 << place
        return done

    def _close(self, trade: Trade, event: str, *values: int) -> None:
        """Not in the second of the funding: no two fundings of an id may share their fundedAt."""
        self._after(self.word_of(trade).funded_at)
        del self.words[trade.id]
        self.events.append((event, trade.id, *values))

    def _divide(self, trade: Trade, to_buyer: int, *, takes_fee: bool = False) -> None:
        fee = to_buyer * trade.fee_bps // 10_000 if takes_fee else 0
        if fee:
            self.fees[trade.token] = self.fees.get(trade.token, 0) + fee
        self._pay(trade, trade.buyer, to_buyer - fee)
        self._pay(trade, trade.seller, trade.amount - to_buyer)

    def _pay(self, trade: Trade, to: int, amount: int) -> None:
        if amount == 0 or self.world.pay(trade.token, self.address, to, amount):
            return
        self.credits[trade.token, to] = self.credits.get((trade.token, to), 0) + amount
        self.events.append(("Credited", trade.id, trade.token, to, amount))

    def _call_back(self, account: int) -> None:
        """A recipient who calls back while he is paid gets what he was owed before, and nothing twice."""
        try:
            self.attempt(self.withdraw, account, NATIVE, account)
        except Refused:
            return
