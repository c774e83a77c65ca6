"""A disputed trade in the database as the follower and the projection would have left it, without a chain."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from escrow.models import Asset, Chain, ChainEvent, Escrow
from marketplace.accounts.models import User
from marketplace.disputes.models import Filing
from marketplace.offers.models import Offer
from marketplace.trades.models import Trade
from marketplace.trades.terms import terms_of

CHAIN_ID = 72731
CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
USDC = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
DAY = 86_400
AMOUNT = 250_000_000


@dataclass(frozen=True)
class World:
    """The chain and the coin that rows hang on; `now` is the chain's clock."""

    chain: Chain
    usdc: Asset
    now: int


def world() -> World:
    """One chain with one coin, its head seen this second."""
    now = int(time.time())
    chain = Chain.objects.create(
        chain_id=CHAIN_ID,
        name="devnet",
        genesis_hash="0x" + "11" * 32,
        contract_address=CONTRACT,
        code_hash="0x" + "22" * 32,
        deploy_block=0,
        depth=2,
        head_number=100,
        head_time=now,
        head_seen_at=timezone.now(),
    )
    usdc = Asset.objects.create(
        chain=chain, token=USDC, symbol="USDC", name="Test USD Coin", decimals=6
    )
    return World(chain=chain, usdc=usdc, now=now)


def paid_trade(
    world: World,
    *,
    seller: User,
    buyer: User,
    arbitrator: User | str,
    ref: str = "7F3K-22",
    paid_ago: int = DAY,
) -> Trade:
    """250 USDC for 231.40 EUR, marked paid."""
    offer = _offer(world, seller, _address(arbitrator))
    trade = Trade(
        ref=ref,
        offer=offer,
        maker=seller,
        taker=buyer,
        seller=seller,
        buyer=buyer,
        asset=world.usdc,
        amount_base_units=AMOUNT,
        fiat_amount=Decimal("231.40"),
        currency="EUR",
        price=Decimal("0.9256"),
        price_source="fixed by the maker",
        price_at=world.now - 2 * DAY,
        method="sepa-instant",
        payer_commitment=_hash(),
        payee_commitment=_hash(),
        payer_opening={"details": {"name": "Jonas Weber"}, "salt": _hash()},
        payee_opening={"details": {"iban": "LT121000011101001000"}, "salt": _hash()},
        payment_reference="7F3K22",
        buyer_device=_hash(),
        seller_device=_hash(),
        fund_by=world.now - DAY,
        offer_hash=offer.offer_hash,
        salt=_hash(),
        arbitrator=_address(arbitrator),
        fee_bps=50,
        pay_seconds=1800,
        release_seconds=7 * DAY,
        ruling_seconds=14 * DAY,
        take_signature="0x" + "ab" * 65,
        take_deadline=world.now - DAY,
        status="PAID",
        funded_at=world.now - paid_ago - 600,
        pay_by=world.now - paid_ago + 1200,
        since=world.now - paid_ago,
        paid_at=world.now - paid_ago,
        opened_at=world.now - paid_ago - 1200,
        turn_at=world.now - paid_ago,
    )
    terms = terms_of(trade)
    trade.trade_id, trade.terms = terms.trade_id, terms.terms
    trade.save()
    _escrow(world, trade, "PAID")
    event(world, trade, "Funded", at=trade.funded_at)
    event(world, trade, "MarkedPaid", at=trade.paid_at)
    return trade


def put_in_review(
    world: World,
    trade: Trade,
    *,
    by: User,
    filing: Filing | None = None,
    ago: int = 3600,
    evidence: str = "",
) -> Trade:
    """What a confirmed Disputed event leaves: the event, the projection, the trade."""
    at = world.now - ago
    carried = filing.evidence_hash if filing else evidence or _hash()
    event(world, trade, "Disputed", at=at, by=by.address, evidence=carried)
    Escrow.objects.filter(trade_id=trade.trade_id).update(status="DISPUTED", since=at)
    role = "buyer" if by == trade.buyer else "seller"
    Trade.objects.filter(pk=trade.pk).update(
        status="DISPUTED", since=at, disputed_at=at, disputed_by=role
    )
    trade.refresh_from_db()
    return trade


def end_by_ruling(world: World, trade: Trade, *, to_buyer: int, evidence: str) -> Trade:
    """What a confirmed Ruled event leaves."""
    event(world, trade, "Ruled", at=world.now, toBuyer=str(to_buyer), evidence=evidence)
    Escrow.objects.filter(trade_id=trade.trade_id).update(
        status="CLOSED", outcome="RULED", to_buyer=to_buyer
    )
    Trade.objects.filter(pk=trade.pk).update(
        status="CLOSED", outcome="RULED", to_buyer=to_buyer, closed_at=world.now
    )
    trade.refresh_from_db()
    return trade


def event(world: World, trade: Trade, name: str, *, at: int, **args: str) -> ChainEvent:
    """One confirmed, applied event of the contract."""
    number = ChainEvent.objects.count() + 1
    return ChainEvent.objects.create(
        chain=world.chain,
        block_number=number,
        block_hash=_hash(),
        block_time=at,
        log_index=0,
        tx_hash=_hash(),
        name=name,
        trade_id=trade.trade_id,
        args=args,
        canonical=True,
        confirmed=True,
        applied_at=timezone.now(),
    )


def _offer(world: World, maker: User, arbitrator: str) -> Offer:
    count = Offer.objects.count() + 1
    return Offer.objects.create(
        public_id=f"offer{count:05d}",
        maker=maker,
        side="sell",
        asset=world.usdc,
        currency="EUR",
        price_kind="fixed",
        fixed_price=Decimal("0.9256"),
        min_fiat=Decimal(20),
        max_fiat=Decimal(500),
        stock_base_units=1_000_000_000,
        arbitrator=arbitrator,
        fee_bps=50,
        ruling_seconds=14 * DAY,
        expires_at=timezone.now() + timedelta(days=30),
        nonce=count,
        salt=_hash(),
        signature="0x" + "cd" * 65,
        offer_hash=_hash(),
        signed_document={},
    )


def _escrow(world: World, trade: Trade, status: str) -> Escrow:
    terms = terms_of(trade)
    return Escrow.objects.create(
        chain=world.chain,
        trade_id=terms.trade_id,
        seller=terms.seller,
        buyer=terms.buyer,
        token=terms.token,
        amount=terms.amount,
        arbitrator=terms.arbitrator,
        fee_bps=terms.fee_bps,
        pay_window=terms.pay_window,
        release_window=terms.release_window,
        ruling_window=terms.ruling_window,
        terms=terms.terms,
        status=status,
        since=trade.since,
        funded_at=trade.funded_at,
        pay_by=trade.pay_by,
    )


def _address(who: User | str) -> str:
    return who if isinstance(who, str) else who.address


def _hash() -> str:
    return "0x" + secrets.token_hex(32)
