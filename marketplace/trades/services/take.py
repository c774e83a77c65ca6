"""Taking an offer and agreeing: who may start, whose account is committed, who signs, who waits in line.

Sell offer: the taker buys, signs Take and any number of others may do the same; the first one funded wins. Buy offer: the taker
sells, his coins are looked at, and the hub leases the offer to one such taker at a time while the others queue.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from chat.services import open_room
from escrow.chain.gateway import NodeRefused, NodeUnavailable, gateway
from escrow.chain.typed_data import MessageRefused, commitment, is_signed_by
from escrow.selectors import chain_clock
from marketplace.accounts.models import User
from marketplace.accounts.selectors import latest_device
from marketplace.again import again
from marketplace.money import amount_text
from marketplace.offers.access import taker_of
from marketplace.offers.models import Offer, OfferMethod
from marketplace.offers.pricing import Quote
from marketplace.offers.selectors import offer_quote
from marketplace.payments.catalogue import DetailsRefused, clean_details
from marketplace.trades.access import role_of
from marketplace.trades.errors import (
    AccountRefused,
    AlreadyTaken,
    BadSignature,
    ChainUnavailable,
    CoinsNotSeen,
    DeadlineRefused,
    MethodRefused,
    NotEnoughLeft,
    NotPossibleNow,
    TermsChanged,
    TermsIncomplete,
    WaitYourTurn,
)
from marketplace.trades.models import Proposal, ProposalStatus, TermsVersion, Trade
from marketplace.trades.services.status import locked, move, note
from marketplace.trades.services.versions import state_terms
from marketplace.trades.states import (
    BEFORE_FUNDING,
    LEASE_SECONDS,
    Cause,
    Move,
    Note,
    Role,
    Status,
    available_moves,
)
from marketplace.trades.terms import is_complete, take_digest, words_of

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class Account:
    """An account as its owner's browser committed to it: details, the commitment and its salt."""

    details: Mapping[str, str]
    commitment: str
    salt: str

    def as_opening(self) -> dict[str, Any]:
        """What is kept, and shown to the other side when its time comes."""
        return {"details": dict(self.details), "salt": self.salt}


@again
def take_offer(
    *,
    taker: User,
    offer: Offer,
    method: str,
    account: Account,
    fiat: Decimal | None = None,
    coins: int | None = None,
    net: int | None = None,
    device_hash: str = "",
) -> Trade:
    """A new trade on the offer, ASKED, for `fiat`, or `coins` to lock, or `net` coins to get (base units); `account` is the payer's on a sell offer, else the payee's.

    The same take again (same salt) gives the same trade.

    Raises: OfferRefused and Suspended (offers.access.taker_of), whatever offer_quote raises, MethodRefused, NotEnoughLeft,
    AccountRefused, AlreadyTaken, CoinsNotSeen, ChainUnavailable.
    """
    taker_of(offer, taker)
    chosen = offer.methods.filter(method=method).first()
    if chosen is None:
        raise MethodRefused
    kept = _checked_account(method, "payer" if offer.is_sell else "payee", account)
    earlier = _earlier_take(taker, offer, account)
    if earlier is not None:
        return earlier
    quote = offer_quote(offer, fiat=fiat, coins=coins, net=net)
    if not offer.is_sell:
        _look_at_coins(taker, offer, quote.base_units)
    with transaction.atomic():
        offer = (
            Offer.objects.select_for_update(of=("self",))
            .select_related("asset__chain", "maker")
            .get(pk=offer.pk)
        )
        # The offer may have been paused, edited or spent while the quote was made.
        taker_of(offer, taker)
        _refuse_beyond_stock(offer, quote.base_units)
        earlier = _earlier_take(taker, offer, account)
        if earlier is not None:
            return earlier
        trade = _created(taker, offer, chosen, quote, kept, device_hash)
        move_into_line(trade, offer)
    return trade


@again
def name_payer(*, user: User, trade: Trade, account: Account) -> Trade:
    """The maker-buyer of a buy offer commits to the account he pays from; the terms are complete then.

    Raises: NotPossibleNow, WaitYourTurn, AccountRefused.
    """
    kept = _checked_account(trade.method, "payer", account)
    now = chain_clock()
    with transaction.atomic():
        trade = locked(trade.pk)
        _require(trade, user, Move.TAKE, now)
        trade.payer_commitment, trade.payer_opening = kept.commitment, kept.as_opening()
        columns = {**state_terms(trade), "payer_opening": trade.payer_opening}
        note(trade, Note.PAYER_NAMED, at=now, actor=Role.BUYER, **columns)
    return trade


@again
def sign_take(
    *, user: User, trade: Trade, deadline: int, signature: str, you_pay: str = "", you_get: str = ""
) -> Trade:
    """The buyer's signature over the whole Take, rebuilt here: ASKED becomes AGREED.

    `you_pay` and `you_get`, when given, are what the buyer's page showed; they must be ours. A second, equal call changes nothing.

    Raises: NotPossibleNow, WaitYourTurn, TermsIncomplete, TermsChanged, DeadlineRefused, BadSignature.
    """
    if trade.status == Status.AGREED and trade.take_signature == signature:
        return trade
    now = chain_clock()
    _require(trade, user, Move.TAKE, now)
    if not is_complete(trade):
        raise TermsIncomplete
    if not now < deadline <= trade.fund_by:
        raise DeadlineRefused("This signature is out of time. Reload the page and sign again.")
    words = words_of(trade)
    if (you_pay and you_pay != f"{words.fiat} by {words.method}") or (
        you_get and you_get != words.net
    ):
        raise TermsChanged
    # Before the lock: a contract wallet is asked through the node.
    if not is_signed_by(trade.buyer.address, take_digest(trade, deadline), signature):
        raise BadSignature
    signed_id = trade.trade_id
    with transaction.atomic():
        trade = locked(trade.pk)
        _require(trade, user, Move.TAKE, now)
        if trade.trade_id != signed_id:
            raise TermsChanged
        TermsVersion.objects.filter(escrow_id=signed_id).update(
            take_signature=signature, take_deadline=deadline
        )
        Proposal.objects.filter(trade=trade, status=ProposalStatus.OPEN).update(
            status=ProposalStatus.REPLACED, answered_at=now
        )
        move(
            trade,
            Cause.SIGNED,
            at=now,
            actor=Role.BUYER,
            take_signature=signature,
            take_deadline=deadline,
            ready_at=now,
            ready_asked_at=0,
            turn_at=now,
            leased_until=None if trade.offer.is_sell else trade.fund_by,
        )
    return trade


def move_into_line(trade: Trade, offer: Offer) -> None:
    """Give the offer's lease to its next waiting taker, if nobody holds it. Needs the offer's row locked; sell offers have no line.

    The lease starts a fresh clock, so the terms are stated anew.
    """
    if offer.is_sell or Trade.objects.filter(offer=offer, leased_until__isnull=False).exists():
        return
    waiting = Trade.objects.filter(offer=offer, status=Status.ASKED).order_by("pk").first()
    if waiting is None:
        return
    now = chain_clock()
    # The row in hand is the one to change when it is its turn, so that the caller sees what was written.
    chosen = trade if trade.pk == waiting.pk else locked(waiting.pk)
    chosen.fund_by = now + 2 * LEASE_SECONDS
    columns = state_terms(chosen) if is_complete(chosen) else {"fund_by": chosen.fund_by}
    note(chosen, Note.LEASED, at=now, leased_until=now + LEASE_SECONDS, **columns)


def _require(trade: Trade, user: User, wanted: Move, now: int) -> None:
    role = role_of(user, trade)
    if trade.is_waiting and role is not None:
        raise WaitYourTurn
    if wanted not in available_moves(trade, role, now):
        raise NotPossibleNow


def _checked_account(method: str, role: str, account: Account) -> Account:
    """The account as its commitment opens: cleaned, or as typed when that is what was committed."""
    try:
        cleaned = clean_details(method, role, account.details)
    except DetailsRefused as refusal:
        name, text = next(iter(refusal.errors.items()))
        raise AccountRefused(text, field=name) from refusal
    typed = {name: account.details[name] for name in cleaned}
    for details in (cleaned, typed):
        if _opens(details, account):
            return Account(details, account.commitment.lower(), account.salt)
    raise AccountRefused(
        "The account details and what was sealed in your browser differ. Reload the page and try again."
    )


def _opens(details: Mapping[str, str], account: Account) -> bool:
    try:
        return commitment(details, account.salt) == account.commitment.lower()
    except MessageRefused:
        return False


def _earlier_take(taker: User, offer: Offer, account: Account) -> Trade | None:
    """The open take of the same person, if the request is a repetition.

    Raises: AlreadyTaken when it is another one.
    """
    open_take = Trade.objects.filter(offer=offer, taker=taker, status__in=BEFORE_FUNDING).first()
    if open_take is None:
        return None
    mine = open_take.payer_commitment if offer.is_sell else open_take.payee_commitment
    if mine == account.commitment.lower():
        return open_take
    raise AlreadyTaken(open_take.ref)


def _look_at_coins(taker: User, offer: Offer, base_units: int) -> None:
    asset = offer.asset
    try:
        seen = gateway().token_balance(asset.token, taker.address)
    except (NodeUnavailable, NodeRefused) as error:
        raise ChainUnavailable from error
    if seen < base_units:
        have = amount_text(seen, asset.decimals)
        need = amount_text(base_units, asset.decimals)
        raise CoinsNotSeen(
            f"Your wallet holds {have} {asset.symbol}; this trade needs {need} {asset.symbol}. "
            "Lower the amount, or move the coins to this wallet first."
        )


def _refuse_beyond_stock(offer: Offer, base_units: int) -> None:
    if offer.left_base_units < base_units:
        left = amount_text(offer.left_base_units, offer.asset.decimals)
        raise NotEnoughLeft(
            f"Only {left} {offer.asset.symbol} are left in this offer. Take at most that."
        )


def _created(
    taker: User, offer: Offer, chosen: OfferMethod, quote: Quote, account: Account, device_hash: str
) -> Trade:
    now = chain_clock()
    maker_device = latest_device(offer.maker)
    devices = {
        taker.pk: device_hash,
        offer.maker_id: maker_device.device_hash if maker_device else "",
    }
    buyer, seller = (taker, offer.maker) if offer.is_sell else (offer.maker, taker)
    trade = Trade(
        ref=_free_ref(),
        offer=offer,
        maker=offer.maker,
        taker=taker,
        seller=seller,
        buyer=buyer,
        asset=offer.asset,
        amount_base_units=quote.base_units,
        fiat_amount=quote.fiat,
        currency=offer.currency,
        price=quote.price,
        price_source=quote.price_source,
        price_at=quote.price_at,
        method=chosen.method,
        buyer_device=devices[buyer.pk],
        seller_device=devices[seller.pk],
        fund_by=now + settings.TAKE_OPEN_SECONDS,
        offer_hash=offer.offer_hash,
        salt="0x" + secrets.token_hex(32),
        arbitrator=offer.arbitrator,
        fee_bps=offer.fee_bps,
        pay_seconds=chosen.pay_seconds,
        release_seconds=chosen.release_seconds,
        ruling_seconds=offer.ruling_seconds,
        opened_at=now,
        turn_at=now,
    )
    trade.payment_reference = trade.ref.replace("-", "")
    if offer.is_sell:
        trade.payer_commitment, trade.payer_opening = account.commitment, account.as_opening()
        trade.payee_commitment, trade.payee_opening = chosen.payee_commitment, chosen.payee_opening
    else:
        trade.payee_commitment, trade.payee_opening = account.commitment, account.as_opening()
    trade.save()
    open_room(trade.room_key, members=[(buyer, Role.BUYER), (seller, Role.SELLER)])
    columns = state_terms(trade) if is_complete(trade) else {}
    note(trade, Note.ASKED, at=now, actor=role_of(taker, trade), **columns)
    return trade


def _free_ref() -> str:
    while True:
        letters = "".join(secrets.choice(ALPHABET) for _ in range(6))
        ref = f"{letters[:4]}-{letters[4:]}"
        if not Trade.objects.filter(ref=ref).exists():
            return ref
