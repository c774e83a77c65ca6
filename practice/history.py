"""The practice world's past: real trades between the practice traders, walked to their ends on the devnet's chain.

No number is invented: what profiles and the market show comes from these escrows.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from escrow import indexer
from escrow.chain.typed_data import commitment
from escrow.models import Chain
from marketplace.offers.models import Offer, OfferStatus
from marketplace.trades import services
from marketplace.trades.models import Trade
from marketplace.trades.projection import apply_unapplied
from marketplace.trades.terms import take_digest, terms_of
from practice import bank, node
from practice.player import Player
from practice.traders import AMINA, JONAS, KOFI, LUCIA, MARTA, Trader

FILL_TOKENS = 20_000


@dataclass(frozen=True)
class Past:
    """One finished trade: who took whose sell offer, for how much, and whether it ended well."""

    seller: Trader
    buyer: Trader
    asset: str
    currency: str
    method: str
    fiat: str
    ends: str = "release"


PAST = (
    Past(MARTA, JONAS, "USDC", "EUR", "sepa-instant", "231.40"),
    Past(MARTA, LUCIA, "USDC", "EUR", "sepa-instant", "84.00"),
    Past(MARTA, KOFI, "USDC", "EUR", "wise", "420.00"),
    Past(JONAS, MARTA, "ETH", "EUR", "sepa-instant", "310.00"),
    Past(JONAS, KOFI, "ETH", "EUR", "sepa-instant", "95.00", "cancel"),
    Past(LUCIA, JONAS, "USDC", "MXN", "spei", "3600.00"),
    Past(LUCIA, MARTA, "USDC", "MXN", "spei", "1250.00"),
    Past(KOFI, JONAS, "USDC", "GBP", "faster-payments", "150.00"),
    Past(AMINA, LUCIA, "USDC", "EUR", "revolut", "45.00"),
    Past(KOFI, MARTA, "DAI", "GBP", "faster-payments", "60.00"),
)


def is_walked() -> bool:
    """Whether this hub has trades already, so that the past is not walked twice."""
    return Trade.objects.exists()


def walk_past(chain: Chain) -> int:
    """Walk each past trade once; how many were walked. Must run while nobody else follows the chain."""
    trades = [_agreed(past) for past in PAST]
    _all(chain, trades, lambda past, trade: Player(past.seller).fund(terms_of(trade)))
    _all(chain, trades, _pay)
    _all(chain, trades, _end)
    return len(trades)


def _all(chain: Chain, trades: list[Trade], step: Callable[[Past, Trade], object]) -> None:
    """One step of every trade, then enough blocks to count, then the rows."""
    for past, trade in zip(PAST, trades, strict=True):
        trade.refresh_from_db()
        step(past, trade)
    node.result_of("anvil_mine", [hex(chain.depth + 1), "0x1"])
    while indexer.advance(chain).behind:
        pass
    apply_unapplied()


def _agreed(past: Past) -> Trade:
    buyer = Player(past.buyer)
    user, salt = buyer.user(), "0x" + secrets.token_hex(32)
    details = {"name": past.buyer.bank_name}
    offer = Offer.objects.get(
        maker=Player(past.seller).user(),
        side="sell",
        asset__symbol=past.asset,
        currency=past.currency,
        status=OfferStatus.OPEN,
    )
    trade = services.take_offer(
        taker=user,
        offer=offer,
        method=past.method,
        account=services.Account(details, commitment(details, salt), salt),
        fiat=Decimal(past.fiat),
    )
    signature = buyer.sign_digest(take_digest(trade, trade.fund_by))
    return services.sign_take(user=user, trade=trade, deadline=trade.fund_by, signature=signature)


def _pay(past: Past, trade: Trade) -> None:
    if past.ends == "cancel":
        return
    buyer = Player(past.buyer)
    bank.send(
        trade=trade,
        sender=buyer.user(),
        sender_name=past.buyer.bank_name,
        amount=trade.fiat_amount,
        reference=trade.payment_reference,
    )
    buyer.send("markPaid", terms_of(trade).as_tuple())


def _end(past: Past, trade: Trade) -> None:
    actor = past.buyer if past.ends == "cancel" else past.seller
    Player(actor).send(past.ends, terms_of(trade).as_tuple())
