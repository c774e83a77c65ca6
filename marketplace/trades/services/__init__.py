"""What people and time do to trades: one verb each, in the order of a trade's life."""

from __future__ import annotations

from marketplace.trades.services.closing import close_lost_trades, lapse_due
from marketplace.trades.services.moves import (
    accept_move,
    accept_settle,
    ask_time,
    decline_settle,
    note_submission,
    propose_settle,
    report_mismatch,
)
from marketplace.trades.services.negotiate import (
    accept_terms,
    answer_ready,
    ask_ready,
    decline,
    decline_terms,
    propose_terms,
)
from marketplace.trades.services.take import Account, name_payer, sign_take, take_offer

__all__ = [
    "Account",
    "accept_move",
    "accept_settle",
    "accept_terms",
    "answer_ready",
    "ask_ready",
    "ask_time",
    "close_lost_trades",
    "decline",
    "decline_settle",
    "decline_terms",
    "lapse_due",
    "name_payer",
    "note_submission",
    "propose_settle",
    "propose_terms",
    "report_mismatch",
    "sign_take",
    "take_offer",
]
