"""The relayer's own transactions: one nonce each, kept before it is sent, watched until it is deep.

Runs under the relayer's lock only; two of these at once would give one nonce to two calls.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from escrow.chain.gateway import Gateway, NodeRefused
from escrow.chain.keys import Signer
from escrow.chain.types import Call, Receipt, SignedTransaction
from escrow.models import Chain, Relayer, RelayTransaction, SignedCall
from escrow.states import RelayStatus, SignedCallStatus

STUCK_AFTER = timedelta(seconds=45)
# Nodes take a replacement only when both fees rise by an eighth.
BUMP_EIGHTHS = 9
# A payout that fails becomes a credit only when this much gas was left, else the contract answers LowGas.
PAYOUT_GAS = 450_000
# Above what the contract's own caps allow for any honest call; more would let a hostile token drain the account.
MAX_GAS = 2_500_000
OPEN = (RelayStatus.PENDING, RelayStatus.MINED)

logger = logging.getLogger(__name__)


class CallTooDear(Exception):
    """The call would use more gas than the hub pays for."""


@dataclass(slots=True)
class GasDesk:
    """One round's view of the gas account. trade_ids collects the trades whose calls changed."""

    chain: Chain
    node: Gateway
    account: Signer
    trade_ids: set[str] = field(default_factory=set)

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

        Raises: EscrowReverted when the contract refuses now, CallTooDear, NodeRefused, NodeUnavailable.
        """
        gas_limit = self.node.estimate_gas(call) + PAYOUT_GAS
        if gas_limit > MAX_GAS:
            raise CallTooDear(gas_limit)
        max_fee, priority_fee = self.node.gas_price()
        row = RelayTransaction(
            chain=self.chain,
            sender=self.account.address,
            nonce=self._next_nonce(),
            signed_call=signed_call,
            account=charged_to,
            trade_id=trade_id,
            move=move,
            calldata=call.data,
            gas_limit=gas_limit,
            max_fee_wei=max_fee,
            priority_fee_wei=priority_fee,
        )
        row.tx_hash = self._signed(row).tx_hash
        row.save(force_insert=True)
        self._hand_over(row)
        if signed_call is not None:
            signed_call.status, signed_call.tx_hash = SignedCallStatus.SENT, row.tx_hash
            signed_call.save(update_fields=["status", "tx_hash"])
        self.trade_ids.add(trade_id)

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
        for row in rows:
            receipt = self._receipt_of(row)
            if receipt is not None:
                self._note_mined(row, receipt, head)
            elif row.nonce < used:
                self._note_dropped(row)
            else:
                self._look_after(row)

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
        row.succeeded, row.block_number, row.tx_hash = (
            receipt.succeeded,
            receipt.block_number,
            receipt.tx_hash,
        )
        row.save(update_fields=["status", "succeeded", "block_number", "tx_hash"])
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
        if is_stuck:
            self._reprice(row)
        elif self.node.transaction(row.tx_hash) is not None:
            return
        self._hand_over(row)

    def _reprice(self, row: RelayTransaction) -> None:
        max_fee, priority_fee = self.node.gas_price()
        row.max_fee_wei = max(max_fee, row.max_fee_wei * BUMP_EIGHTHS // 8 + 1)
        row.priority_fee_wei = max(priority_fee, row.priority_fee_wei * BUMP_EIGHTHS // 8 + 1)
        row.earlier_hashes = [*row.earlier_hashes, row.tx_hash]
        row.tx_hash = self._signed(row).tx_hash
        row.save(update_fields=["max_fee_wei", "priority_fee_wei", "earlier_hashes", "tx_hash"])

    def _next_nonce(self) -> int:
        open_rows = RelayTransaction.objects.filter(
            chain=self.chain, sender=self.account.address, status__in=OPEN
        )
        newest = open_rows.order_by("-nonce").values_list("nonce", flat=True).first()
        mined = self.node.nonce_of(self.account.address)
        return mined if newest is None else max(mined, newest + 1)

    def _signed(self, row: RelayTransaction) -> SignedTransaction:
        return self.node.sign(
            "0x" + bytes(self.account.key).hex(),
            self.node.call_of(row.calldata),
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
            if "funds" in error.message.lower():
                note_relayer_problem(
                    self.chain, "The relayer's gas account is empty. Its operator must fill it."
                )
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
