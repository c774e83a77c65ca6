"""Cards with other terms: what the room's log shows of one, and how open ones end."""

from __future__ import annotations

from typing import Any

from marketplace.money import fiat_text
from marketplace.payments import catalogue
from marketplace.payments.catalogue import pay_text
from marketplace.trades.models import Proposal, ProposalStatus, Trade
from marketplace.trades.terms import coins_text, plain_number, words_of


def card_params(trade: Trade, proposal: Proposal) -> dict[str, Any]:
    """What the room's log shows of a proposal: its amounts in words and what it changes, line by line."""
    coins = coins_text(trade, proposal.amount_base_units)
    fiat = f"{fiat_text(proposal.fiat_amount, trade.currency)} {trade.currency}"
    pairs = (
        ("Price", plain_number(trade.price), plain_number(proposal.price)),
        ("Amount", words_of(trade).coins, coins),
        ("To pay", words_of(trade).fiat, fiat),
        ("Method", words_of(trade).method, catalogue.method(proposal.method).name),
        ("Time to pay", pay_text(trade.pay_seconds), pay_text(proposal.pay_seconds)),
    )
    rows = [{"label": label, "was": was, "now": now} for label, was, now in pairs if was != now]
    return {"p_coins": coins, "p_fiat": fiat, "rows": rows}


def close_cards(trade: Trade, status: ProposalStatus, now: int) -> None:
    """End the card on the table, if there is one."""
    Proposal.objects.filter(trade=trade, status=ProposalStatus.OPEN).update(
        status=status, answered_at=now
    )
