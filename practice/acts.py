"""What the practice partner does once a step is decided: signatures, transactions, transfers, words."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from escrow.chain.moves import message_of
from escrow.chain.typed_data import commitment
from escrow.selectors import chain_clock
from marketplace.disputes.reasons import ALL_TO_BUYER, ALL_TO_SELLER, WAIT
from marketplace.disputes.services import open_case
from marketplace.money import fiat_text
from marketplace.trades import services
from marketplace.trades.models import SettleProposal, Trade
from marketplace.trades.states import Move
from marketplace.trades.terms import take_digest, terms_of
from practice import bank, talk
from practice.models import Behaviour
from practice.player import Player

SIGNED_CALL_SECONDS = 1800
SPLIT_SECONDS = 23 * 3600
SHORT_BY = Decimal(5)
MORE_TIME_SECONDS = 1800
OTHER_NAME = "Westend Trading GmbH"


def sign(trade: Trade, player: Player) -> None:
    """Name his paying account if that is still open, and sign the terms."""
    user = player.user()
    if not trade.payer_commitment:
        salt = "0x" + secrets.token_hex(32)
        details = {"name": player.trader.bank_name}
        account = services.Account(details, commitment(details, salt), salt)
        trade = services.name_payer(user=user, trade=trade, account=account)
    signature = player.sign_digest(take_digest(trade, trade.fund_by))
    services.sign_take(user=user, trade=trade, deadline=trade.fund_by, signature=signature)
    talk.say(trade, player, player.trader.greeting, key="greeting")


def fund(trade: Trade, player: Player) -> None:
    """Greet, and lock the coins."""
    talk.say(trade, player, player.trader.greeting, key="greeting")
    tx_hash = player.fund(terms_of(trade))
    services.note_submission(user=player.user(), trade=trade, move=Move.FUND, tx_hash=tx_hash)


def grant(trade: Trade, player: Player) -> None:
    """Give half an hour more."""
    new_pay_by = trade.pay_by + MORE_TIME_SECONDS
    tx_hash = player.send("grantTime", terms_of(trade).as_tuple(), new_pay_by)
    services.note_submission(user=player.user(), trade=trade, move=Move.GRANT_TIME, tx_hash=tx_hash)


def release(trade: Trade, player: Player) -> None:
    """Say that he saw the money, and release."""
    talk.say(trade, player, "I see it in my account. Releasing now, thank you.", key="release")
    note_and_send(trade, player, "release")


def note_and_send(trade: Trade, player: Player, move: str) -> None:
    """A move as a transaction of his own, noted on the hub."""
    tx_hash = player.send(move, terms_of(trade).as_tuple())
    services.note_submission(user=player.user(), trade=trade, move=move, tx_hash=tx_hash)


def pay(trade: Trade, player: Player, plays: Behaviour) -> None:
    """Pay in the practice bank as his part asks for, and say so by signature."""
    user, amount, name = player.user(), trade.fiat_amount, player.trader.bank_name
    if plays == Behaviour.SHORT:
        amount -= SHORT_BY
    if plays == Behaviour.OTHER_NAME:
        name = OTHER_NAME
    if plays == Behaviour.FAKE_RECEIPT:
        talk.say(
            trade,
            player,
            "Sent. Here is the receipt: transfer-confirmation.jpg. Please release quickly.",
            key="receipt",
        )
    else:
        bank.send(
            trade=trade,
            sender=user,
            sender_name=name,
            amount=amount,
            reference=trade.payment_reference,
        )
        talk.say(
            trade,
            player,
            f"I have sent {fiat_text(trade.fiat_amount, trade.currency)} {trade.currency}.",
            key="paid",
        )
    send_signed(trade, player, Move.MARK_PAID)


def send_signed(trade: Trade, player: Player, move: Move, **arguments: str) -> None:
    """A move as a signature that the relayer submits."""
    deadline = chain_clock() + SIGNED_CALL_SECONDS
    services.accept_move(
        user=player.user(),
        trade=trade,
        move=move,
        arguments=arguments,
        deadline=deadline,
        signature=_signature(trade, player, move, arguments, deadline),
    )


def dispute(trade: Trade, player: Player, reason: str) -> None:
    """File a case with his reason and dispute with its evidence."""
    user = player.user()
    filing = open_case(
        trade=trade,
        by=user,
        reason=reason,
        story=talk.STORIES[reason],
        wanted=_wanted(trade, player, reason),
    )
    send_signed(trade, player, Move.DISPUTE, evidence=filing.evidence_hash)
    talk.say(trade, player, talk.STORIES[reason], key=f"dispute-{reason}")


def propose_split(trade: Trade, player: Player, to_buyer: int) -> None:
    """Sign a split of `to_buyer` base units and put it to the other."""
    deadline = chain_clock() + SPLIT_SECONDS
    signature = _signature(trade, player, Move.SETTLE, {"toBuyer": to_buyer}, deadline)
    services.propose_settle(
        user=player.user(), trade=trade, to_buyer=to_buyer, deadline=deadline, signature=signature
    )
    talk.say(trade, player, "I propose a split, please look at the card.", key=f"split-{to_buyer}")


def accept_split(trade: Trade, player: Player, proposal: SettleProposal) -> None:
    """Sign the other's split."""
    signature = _signature(
        trade, player, Move.SETTLE, {"toBuyer": proposal.to_buyer}, proposal.deadline
    )
    services.accept_settle(
        user=player.user(), trade=trade, number=proposal.number, signature=signature
    )


def _wanted(trade: Trade, player: Player, reason: str) -> str:
    if reason == "hold":
        return WAIT
    return ALL_TO_SELLER if trade.seller.address == player.address else ALL_TO_BUYER


def _signature(
    trade: Trade, player: Player, move: Move, arguments: Mapping[str, Any], deadline: int
) -> str:
    primary, message = message_of(
        move,
        terms_of(trade),
        funded_at=trade.funded_at,
        arguments=dict(arguments),
        deadline=deadline,
    )
    return player.sign(primary, message)
