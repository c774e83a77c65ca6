"""The relayer's own transactions: one nonce each, kept before it is sent, watched until it is deep.

Runs under the relayer's lock only; two of these at once would give one nonce to two calls. A kill at any point leaves
either nothing, or a row whose transaction the next round hands over again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from escrow.chain.errors import EscrowReverted
from escrow.chain.gateway import Gateway, NodeRefused
from escrow.chain.keys import Signer
from escrow.chain.types import Call, Receipt, SignedTransaction
from escrow.gas import (
    PAID_GAS,
    TRADE_GAS,
    Purse,
    gas_spent_on,
    is_affordable,
    open_cost,
)
from escrow.models import Chain, Relayer, RelayTransaction, SignedCall
from escrow.selectors import is_paid_promised
from escrow.states import RelayStatus, SignedCallStatus

STUCK_AFTER = timedelta(seconds=45)
# Nodes take a replacement only when both fees rise by an eighth.
BUMP_EIGHTHS = 9
# A payout that fails becomes a credit only when this much gas was left, else the contract answers LowGas.
PAYOUT_GAS = 450_000
# Moves that pay nobody out: they need no more than they use, and some room for what changes until they are mined.
SMALL_MOVES = frozenset({"markPaid", "grantTime", "dispute"})
SMALL_ROOM_GAS = 15_000
# Above what the contract's own caps allow for any honest call; more would let a hostile token drain the account.
MAX_GAS = 2_500_000
# A nonce that nothing uses any more is filled with an empty transaction to ourselves, so that those behind it can be mined.
FILL, FILL_GAS = "fill", 21_000
OPEN = (RelayStatus.PENDING, RelayStatus.MINED)

logger = logging.getLogger(__name__)


class CallTooDear(Exception):
    """The call would use more gas than the hub pays for."""


class TradeBudgetSpent(CallTooDear):
    """The hub has paid for as much of this trade as it pays for."""


class CallHeldBack(Exception):
    """The call waits: gas is too dear just now, or what is left is promised to others."""


@dataclass(slots=True)
class GasDesk:
    """One round's view of the gas account. trade_ids collects the trades whose calls changed."""

    chain: Chain
    node: Gateway
    account: Signer
    purse: Purse = field(init=False)
    trade_ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        max_fee, priority_fee = self.node.gas_price()
        balance = self.node.balance(self.account.address)
        self.purse = Purse(
            balance - open_cost(self.chain, self.account.address), max_fee, priority_fee
        )

    # ------------------------------------------------------------------ sending

    def send(
        self,
        call: Call,
        *,
        trade_id: str,
        move: str,
        charged_to: str,
        signed_call: SignedCall | None = None,
    ) -> None:
        """Keep a transaction under the next nonce, then hand it to the node; a failed hand-over is repeated later.

        Raises: EscrowReverted when the contract refuses now, CallTooDear, TradeBudgetSpent, CallHeldBack, NodeRefused,
        NodeUnavailable.
        """
        gas_limit = self._gas_limit(call, move)
        cost = gas_limit * self.purse.max_fee
        keeps_promise = self._is_promised(signed_call) and gas_limit <= PAID_GAS
        if not keeps_promise:
            self._check_trade_budget(signed_call, gas_limit)
        self._check_purse(f"{move} of {trade_id[:10]}", gas_limit, is_promised=keeps_promise)
        row = self._new_row(
            self._next_nonce(),
            signed_call=signed_call,
            account=charged_to,
            trade_id=trade_id,
            move=move,
            calldata=call.data,
            gas_limit=gas_limit,
        )
        with transaction.atomic():
            row.save(force_insert=True)
            if signed_call is not None:
                signed_call.status, signed_call.tx_hash = SignedCallStatus.SENT, row.tx_hash
                signed_call.save(update_fields=["status", "tx_hash"])
        self.purse.spend(cost, is_promised=keeps_promise)
        self.trade_ids.add(trade_id)
        self._hand_over(row)

    def _gas_limit(self, call: Call, move: str) -> int:
        room = SMALL_ROOM_GAS if move in SMALL_MOVES else PAYOUT_GAS
        gas_limit = self.node.estimate_gas(call) + room
        if gas_limit > MAX_GAS:
            raise CallTooDear(gas_limit)
        return gas_limit

    def _is_promised(self, call: SignedCall | None) -> bool:
        is_paid = call is not None and call.move == "markPaid"
        return call is not None and is_paid and is_paid_promised(call.trade_id, call.funded_at)

    def _check_trade_budget(self, call: SignedCall | None, gas_limit: int) -> None:
        """Refuse a step of a trade on which the hub has spent its share; time-outs are nobody's step."""
        if call is None or not call.trade_id:
            return
        spent = gas_spent_on(self.chain, call.trade_id, call.funded_at)
        # Room for a failing payout is hardly ever used: the first step counts without it.
        if spent and spent + gas_limit - PAYOUT_GAS * (call.move not in SMALL_MOVES) > TRADE_GAS:
            raise TradeBudgetSpent(spent)

    def _check_purse(self, what: str, gas_limit: int, *, is_promised: bool) -> None:
        cost = gas_limit * self.purse.max_fee
        is_cheap = is_affordable(gas_limit, self.purse.max_fee)
        if is_cheap and self.purse.can_spend(cost, is_promised=is_promised):
            return
        self.purse.held_back.append(what)
        raise CallHeldBack(what)

    def is_busy_with(self, trade_id: str) -> bool:
        """Whether a transaction for the trade is still waiting to be mined: the next must see its effect first."""
        waiting = RelayTransaction.objects.filter(
            chain=self.chain, trade_id=trade_id, status=RelayStatus.PENDING
        )
        return bool(trade_id) and waiting.exists()

    # ------------------------------------------------------------------ watching

    def watch(self) -> None:
        """Look after every transaction that is not deep yet: mined, stuck, lost or undone.

        Raises: NodeUnavailable.
        """
        open_rows = RelayTransaction.objects.filter(
            chain=self.chain, sender=self.account.address, status__in=OPEN
        )
        rows = list(open_rows.select_related("signed_call").order_by("nonce"))
        if not rows:
            return
        head = self.node.head().number
        used = self.node.nonce_of(self.account.address)
        self._fill_gap(used, rows)
        for row in rows:
            receipt = self._receipt_of(row)
            if receipt is not None:
                self._note_mined(row, receipt, head)
            elif row.nonce < used:
                self._note_dropped(row)
            else:
                self._look_after(row)

    def _fill_gap(self, used: int, rows: list[RelayTransaction]) -> None:
        """Use up the first nonce that no row has: rows behind it (of a database set back, say) could never be mined."""
        taken = {row.nonce for row in rows}
        missing = next((nonce for nonce in range(used, max(taken)) if nonce not in taken), None)
        if missing is None or self.node.nonce_of(self.account.address, "pending") > missing:
            return
        logger.warning("nonce %s is used by nothing; it is filled", missing)
        row = self._new_row(
            missing, account=self.account.address, move=FILL, calldata="0x", gas_limit=FILL_GAS
        )
        row.save(force_insert=True)
        self._hand_over(row)

    def _receipt_of(self, row: RelayTransaction) -> Receipt | None:
        for tx_hash in row.all_hashes():
            receipt = self.node.receipt(tx_hash)
            if receipt is not None:
                return receipt
        return None

    def _note_mined(self, row: RelayTransaction, receipt: Receipt, head: int) -> None:
        was = row.status
        is_deep = head - receipt.block_number + 1 >= self.chain.depth
        row.status = RelayStatus.DONE if is_deep else RelayStatus.MINED
        row.succeeded, row.block_number, row.gas_used = (
            receipt.succeeded,
            receipt.block_number,
            receipt.gas_used,
        )
        if receipt.tx_hash != row.tx_hash:
            others = [one for one in row.all_hashes() if one != receipt.tx_hash]
            row.tx_hash, row.earlier_hashes = receipt.tx_hash, others[::-1]
        row.save(
            update_fields=[
                "status",
                "succeeded",
                "block_number",
                "gas_used",
                "tx_hash",
                "earlier_hashes",
            ]
        )
        if row.status != was:
            self.trade_ids.add(row.trade_id)
        if row.signed_call is None or not is_deep:
            return
        if receipt.succeeded:
            finish(row.signed_call, SignedCallStatus.DONE, tx_hash=receipt.tx_hash)
        else:
            # Somebody was faster, or time ran out: the next simulation says which.
            _wait_again(row.signed_call)

    def _note_dropped(self, row: RelayTransaction) -> None:
        row.status = RelayStatus.DROPPED
        row.save(update_fields=["status"])
        if row.signed_call is not None:
            _wait_again(row.signed_call)

    def _look_after(self, row: RelayTransaction) -> None:
        if row.status == RelayStatus.MINED:
            row.status, row.succeeded, row.block_number = RelayStatus.PENDING, None, None
            row.save(update_fields=["status", "succeeded", "block_number"])
        is_stuck = row.sent_at is not None and timezone.now() - row.sent_at > STUCK_AFTER
        if is_stuck and self._is_pointless(row):
            self._empty(row)
        is_repriced = is_stuck and self._reprice(row)
        if not is_repriced and self.node.transaction(row.tx_hash) is not None:
            return
        self._hand_over(row)

    def _is_pointless(self, row: RelayTransaction) -> bool:
        """Whether the contract would refuse the call by now: somebody was faster, or its time is over."""
        if row.move == FILL:
            return False
        try:
            self.node.simulate(self.node.call_of(row.calldata, sender=row.sender))
        except EscrowReverted as error:
            return error.name != "TooEarly"
        except NodeRefused:
            return False
        return False

    def _empty(self, row: RelayTransaction) -> None:
        """Let the nonce go to an empty transaction, which costs less than one that fails; the call is asked about anew."""
        logger.info("nonce %s, %s of %s is emptied", row.nonce, row.move, row.trade_id)
        self.trade_ids.add(row.trade_id)
        call, row.signed_call = row.signed_call, None
        row.move, row.trade_id, row.calldata, row.gas_limit = FILL, "", "0x", FILL_GAS
        with transaction.atomic():
            row.save(update_fields=["signed_call", "move", "trade_id", "calldata", "gas_limit"])
            if call is not None:
                _wait_again(call)

    def _reprice(self, row: RelayTransaction) -> bool:
        """Offer more for the same nonce; False, with the alarm, when that is more than the hub pays."""
        purse = self.purse
        max_fee = max(purse.max_fee, row.max_fee_wei * BUMP_EIGHTHS // 8 + 1)
        priority_fee = max(purse.priority_fee, row.priority_fee_wei * BUMP_EIGHTHS // 8 + 1)
        if not is_affordable(row.gas_limit, max_fee):
            purse.held_back.append(f"nonce {row.nonce}, {row.move} of {row.trade_id[:10]}")
            return False
        row.max_fee_wei, row.priority_fee_wei = max_fee, max(min(priority_fee, max_fee), 0)
        row.earlier_hashes = [*row.earlier_hashes, row.tx_hash]
        row.tx_hash = self._signed(row).tx_hash
        row.save(update_fields=["max_fee_wei", "priority_fee_wei", "earlier_hashes", "tx_hash"])
        return True

    def _new_row(self, nonce: int, **values: Any) -> RelayTransaction:
        row = RelayTransaction(
            chain=self.chain,
            sender=self.account.address,
            nonce=nonce,
            max_fee_wei=self.purse.max_fee,
            priority_fee_wei=self.purse.priority_fee,
            **values,
        )
        row.tx_hash = self._signed(row).tx_hash
        return row

    def _next_nonce(self) -> int:
        open_rows = RelayTransaction.objects.filter(
            chain=self.chain, sender=self.account.address, status__in=OPEN
        )
        newest = open_rows.order_by("-nonce").values_list("nonce", flat=True).first()
        mined = self.node.nonce_of(self.account.address)
        return mined if newest is None else max(mined, newest + 1)

    def _signed(self, row: RelayTransaction) -> SignedTransaction:
        is_fill = row.move == FILL
        call = (
            Call(to=self.account.address, data="0x") if is_fill else self.node.call_of(row.calldata)
        )
        return self.node.sign(
            "0x" + bytes(self.account.key).hex(),
            call,
            chain_id=self.chain.chain_id,
            nonce=row.nonce,
            gas=row.gas_limit,
            max_fee=row.max_fee_wei,
            priority_fee=row.priority_fee_wei,
        )

    def _hand_over(self, row: RelayTransaction) -> None:
        try:
            self.node.send_raw(self._signed(row).raw)
        except NodeRefused as error:
            # The row stays: watch() finds out whether it is known, used up, or must be sent again.
            logger.warning("nonce %s was not taken: %s", row.nonce, error.message)
        row.sent_at = timezone.now()
        row.save(update_fields=["sent_at"])


def finish(
    call: SignedCall, status: str, *, reason: str = "", text: str = "", tx_hash: str = ""
) -> None:
    """Close a signed call; it is never sent again unless its signer hands it in again."""
    call.status, call.reason, call.text = status, reason, text[:400]
    call.tx_hash, call.finished_at = tx_hash or call.tx_hash, timezone.now()
    call.save(update_fields=["status", "reason", "text", "tx_hash", "finished_at"])


def note_relayer_problem(chain: Chain, reason: str) -> None:
    """Raise the alarm that pages show through chain_health."""
    Relayer.objects.filter(chain=chain).update(is_ok=False, reason=reason[:400])


def _wait_again(call: SignedCall) -> None:
    call.status = SignedCallStatus.WAITING
    call.save(update_fields=["status"])
