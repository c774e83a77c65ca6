"""The practice bank: money that nobody owns, moved as a real bank would show it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Q, QuerySet

from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from practice.models import BankTransfer


class TransferRefused(Exception):
    """The practice bank did not move the money; the text says why."""


def account_number(details: dict[str, str]) -> str:
    """The one line of an account that a bank calls its number: what is there beside the name."""
    return " ".join(value for key, value in sorted(details.items()) if key != "name" and value)


def send(
    *,
    trade: Trade,
    sender: User,
    sender_name: str,
    amount: Decimal,
    reference: str,
) -> BankTransfer:
    """Move `amount` of the trade's currency to the account that the seller named for it.

    Raises:
        TransferRefused: no amount, no account, or not the trade's buyer.
    """
    if amount <= 0:
        raise TransferRefused("Write an amount above zero. Nothing was sent.")
    if sender.pk != trade.buyer_id:
        raise TransferRefused("Only the buyer pays in this trade. Nothing was sent.")
    details = (trade.payee_opening or {}).get("details")
    if not details:
        raise TransferRefused("There is no account to pay to yet. Nothing was sent.")
    return BankTransfer.objects.create(
        trade_ref=trade.ref,
        sender=sender,
        recipient=trade.seller,
        sender_name=sender_name,
        recipient_name=details.get("name", ""),
        recipient_account=account_number(details),
        amount=amount,
        currency=trade.currency,
        reference=reference,
    )


def send_back(*, transfer: BankTransfer) -> BankTransfer:
    """The same money the other way, as a seller pays back what came from a wrong name."""
    return BankTransfer.objects.create(
        trade_ref=transfer.trade_ref,
        sender=transfer.recipient,
        recipient=transfer.sender,
        sender_name=transfer.recipient_name,
        recipient_name=transfer.sender_name,
        recipient_account="",
        amount=transfer.amount,
        currency=transfer.currency,
        reference="Return",
    )


def statement_of(user: User) -> QuerySet[BankTransfer]:
    """What a person's practice bank shows: in and out, newest first."""
    return BankTransfer.objects.filter(Q(sender=user) | Q(recipient=user)).select_related(
        "sender", "recipient"
    )


def arrived(trade: Trade) -> Iterable[BankTransfer]:
    """What came in on the seller's account for this trade, oldest first."""
    return BankTransfer.objects.filter(trade_ref=trade.ref, recipient=trade.seller).order_by("id")


def total_arrived(trade: Trade) -> Decimal:
    """Sum of what came in, in the trade's currency."""
    return sum((transfer.amount for transfer in arrived(trade)), Decimal(0))


def was_returned(trade: Trade) -> bool:
    """Whether the seller sent the buyer's money back in full."""
    back = BankTransfer.objects.filter(trade_ref=trade.ref, recipient=trade.buyer)
    returned = sum((transfer.amount for transfer in back), Decimal(0))
    return returned > 0 and returned >= total_arrived(trade)
