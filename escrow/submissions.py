"""What became of people's own transactions: mined, refused with its reason, replaced, or never seen."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from escrow.chain.codec import called_trade
from escrow.chain.gateway import Gateway, NodeRefused, NodeUnavailable, gateway
from escrow.chain.types import Call, ChainTransaction, Receipt
from escrow.models import Submission
from escrow.outcomes import revert_reason
from escrow.selectors import ChainUnknown, current_chain
from escrow.states import SubmissionStatus

# How long an unknown hash may still appear, and how long a mined one may still be undone.
UNSEEN_FOR = timedelta(minutes=10)
LOST_FOR = timedelta(minutes=2)
MINED_WATCHED_FOR = timedelta(minutes=15)
PER_ROUND = 100
# How far back the transaction that took a nonce is looked for; nodes keep the states of about this many blocks.
REPLACED_WITHIN_BLOCKS = 120


def watch_once() -> frozenset[str]:
    """Look at every submission that is still open; the trades of those that changed. A node that is down changes none."""
    try:
        chain = current_chain()
    except ChainUnknown:
        return frozenset()
    recent = Q(status=SubmissionStatus.MINED, created_at__gte=timezone.now() - MINED_WATCHED_FOR)
    open_rows = Submission.objects.filter(Q(status=SubmissionStatus.PENDING) | recent, chain=chain)
    try:
        changed = [
            row.trade_id
            for row in open_rows.order_by("pk")[:PER_ROUND]
            if _look_at(row, gateway(), chain.head_number or 0)
        ]
    except (NodeUnavailable, NodeRefused):
        return frozenset()
    return frozenset(changed) - {""}


def _look_at(row: Submission, node: Gateway, read_to: int) -> bool:
    before = (row.status, row.seen_at, row.replaced_by)
    sent = node.transaction(row.replaced_by or row.tx_hash)
    if sent is None:
        sent = _replacement_of(row, node)
    if sent is None:
        _note_missing(row, node)
    elif not _is_related(row, sent, node):
        _close(
            row,
            SubmissionStatus.DROPPED,
            "Unrelated",
            "That transaction is not this step of this trade. Nothing changed here.",
        )
    else:
        _note_found(row, sent, node, read_to)
    row.save()
    return (row.status, row.seen_at, row.replaced_by) != before


def _note_found(row: Submission, sent: ChainTransaction, node: Gateway, read_to: int) -> None:
    receipt = None if sent.block_number is None else node.receipt(sent.tx_hash)
    # Until its event is read, a page would show the step neither on its way nor made.
    if receipt is None or (receipt.succeeded and receipt.block_number > read_to):
        _note_waiting(row, sent)
    elif receipt.succeeded:
        row.status, row.sender, row.nonce = SubmissionStatus.MINED, sent.sender, sent.nonce
    else:
        _close(row, SubmissionStatus.REVERTED, *_reason(sent, receipt, node))


def _replacement_of(row: Submission, node: Gateway) -> ChainTransaction | None:
    """The same step under another hash: the wallet sped it up, which keeps the nonce. Found once it is mined."""
    if row.nonce is None or node.nonce_of(row.sender) <= row.nonce:
        return None
    head = node.head().number
    found = node.mined_at_nonce(row.sender, row.nonce, to_block=head, within=REPLACED_WITHIN_BLOCKS)
    if found is None or not _is_related(row, found, node):
        return None
    row.replaced_by = found.tx_hash
    return found


def _is_related(row: Submission, sent: ChainTransaction, node: Gateway) -> bool:
    function, trade_id = called_trade(sent.data)
    is_ours = sent.to == node.contract and sent.sender == row.account
    return is_ours and trade_id == row.trade_id and function.startswith(row.move)


def _note_waiting(row: Submission, sent: ChainTransaction) -> None:
    row.status, row.sender, row.nonce = SubmissionStatus.PENDING, sent.sender, sent.nonce
    row.seen_at = row.seen_at or timezone.now()


def _note_missing(row: Submission, node: Gateway) -> None:
    age = timezone.now() - (row.seen_at or row.created_at)
    if row.status == SubmissionStatus.MINED:
        row.status, row.seen_at, row.replaced_by = SubmissionStatus.PENDING, timezone.now(), ""
    elif row.nonce is not None and node.nonce_of(row.sender) > row.nonce:
        text = (
            "Your wallet cancelled it, or sent another transaction in its place. "
            "This step was not made; send it again from here if you still want it."
        )
        _close(row, SubmissionStatus.REPLACED, "Replaced", text)
    elif age > (LOST_FOR if row.seen_at else UNSEEN_FOR):
        text = "The network does not know this transaction any more. Nothing was moved. Send it again from here."
        _close(row, SubmissionStatus.DROPPED, "Dropped", text)


def _reason(sent: ChainTransaction, receipt: Receipt, node: Gateway) -> tuple[str, str]:
    """The contract's error and its sentence; a transaction that used up its gas is told so."""
    call = Call(to=sent.to, data=sent.data, value=sent.value, sender=sent.sender)
    if sent.gas and receipt.gas_used >= sent.gas:
        text = "The transaction used up the gas that it was given. Nothing was moved. Send it again from here with the wallet's own gas limit."
        return "OutOfGas", text
    reverted = revert_reason(node, call, receipt.block_number)
    return reverted.name, str(reverted)


def _close(row: Submission, status: SubmissionStatus, reason: str, text: str) -> None:
    row.status, row.reason, row.text = status, reason, text[:400]
