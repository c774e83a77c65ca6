"""One offer as a list shows it, for one viewer, at one price. No query is made here beyond what was fetched."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.money import fiat_for_down, fiat_text, price_places, price_text
from marketplace.offers.access import missing_for
from marketplace.offers.models import Offer, OfferMethod, OfferStatus
from marketplace.offers.pricing import Quote, against_market_bps, price_of
from marketplace.offers.quotes import QuoteRefused, most_fiat, quote_at
from marketplace.payments.catalogue import method as catalogue_method
from marketplace.payments.catalogue import pay_text
from marketplace.prices.selectors import Price
from marketplace.reputation.selectors import Record, record_for

DEAR = 100
SHOWN_METHODS = 3


@dataclass(frozen=True, slots=True)
class MethodLine:
    """One method of an offer, as a chip."""

    code: str
    name: str
    pay_seconds: int
    release_seconds: int

    @property
    def pay_text(self) -> str:
        """The time a payer is told."""
        return pay_text(self.pay_seconds)


@dataclass(frozen=True, slots=True)
class Row:
    """One offer of a list with everything its row says. `price` is None while the offer rests for want of a reference."""

    offer: Offer
    record: Record
    price: Price | None
    against_bps: int | None
    quote: Quote | None
    most_fiat: Decimal | None
    methods: tuple[MethodLine, ...]
    is_own: bool
    shut: str

    @property
    def price_text(self) -> str:
        """The price with as many decimals as its neighbours' have."""
        if self.price is None:
            return "–"
        return price_text(
            self.price.value, places=price_places(self.price.value, self.offer.currency)
        )

    @property
    def is_live(self) -> bool:
        """Whether it can be taken at all."""
        return self.offer.status == OfferStatus.OPEN and self.offer.expires_at > timezone.now()

    @property
    def state_word(self) -> str:
        """Why it is not: by its maker, by staff, or by its own end."""
        if self.offer.status == OfferStatus.OPEN:
            return "Expired"
        return "Paused by staff" if self.offer.paused_by_staff else "Paused"

    @property
    def can_resume(self) -> bool:
        """Whether the maker can put it back himself."""
        is_paused = self.offer.status == OfferStatus.PAUSED and not self.offer.paused_by_staff
        return is_paused and self.offer.expires_at > timezone.now()

    @property
    def is_short(self) -> bool:
        """Whether the maker's wallet, as last seen, cannot cover the smallest trade."""
        return self.price is not None and is_short_of_funds(self.offer, self.price)

    @property
    def short_places(self) -> int:
        """Decimals of coins in narrow columns: two for coins near one unit of money, six for dear ones."""
        return 2 if self.price is None or self.price.value < DEAR else 6

    @property
    def quote_fiat(self) -> str:
        """The fiat of the row's quote, short: "200" for 200.00."""
        return short_fiat(self.quote.fiat, self.offer.currency) if self.quote else ""

    @property
    def limits_text(self) -> str:
        """Least and most that one trade can be worth now, "50–800"."""
        most = self.most_fiat if self.most_fiat is not None else self.offer.max_fiat
        least = short_fiat(self.offer.min_fiat, self.offer.currency)
        return f"{least}–{short_fiat(most, self.offer.currency)}"

    @property
    def more_methods(self) -> int:
        """How many methods the row has no room for."""
        return max(len(self.methods) - SHOWN_METHODS, 0)

    @property
    def against_text(self) -> str:
        """How far from the market: "0.4 % under", "at market"; empty without a reference."""
        return "" if self.against_bps is None else against_text(self.against_bps)

    @property
    def is_under(self) -> bool:
        """Whether the price is below the market, as shown."""
        return self.against_bps is not None and self.against_bps <= -5

    @property
    def is_over(self) -> bool:
        """Whether the price is above the market, as shown."""
        return self.against_bps is not None and self.against_bps >= 5

    @property
    def release_text(self) -> str:
        """The maker's usual time to release: "3 min"; empty when unknown."""
        return minutes_text(self.record.median_release_seconds)


def short_fiat(value: Decimal, currency: str) -> str:
    """Fiat for narrow columns: grouped, without a part of zeros ("3,000", "231.40")."""
    whole, mark, part = fiat_text(value, currency).partition(".")
    return f"{int(whole):,}" + (f"{mark}{part}" if part.strip("0") else "")


def against_text(bps: int) -> str:
    """How far from the market, in a tenth of a percent: "0.4 % under", "at market"."""
    tenths = (abs(bps) + 5) // 10
    if tenths == 0:
        return "at market"
    return f"{tenths // 10}.{tenths % 10} % {'under' if bps < 0 else 'over'}"


def minutes_text(seconds: int | None) -> str:
    """A usual time in words: "under 1 min", "3 min", "5 h"; empty when unknown."""
    if seconds is None:
        return ""
    if seconds < 60:
        return "under 1 min"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def row_at(
    offer: Offer,
    reference: Price | None,
    *,
    viewer: User | None,
    viewer_record: Record | None,
    amount: Decimal | None = None,
    first_method: str | None = None,
) -> Row:
    price = price_of(offer, reference, now=int(time.time()))
    is_own = viewer is not None and viewer.pk == offer.maker_id
    return Row(
        offer=offer,
        record=record_for(offer.maker),
        price=price,
        against_bps=against_market_bps(price.value, reference.value)
        if price and reference
        else None,
        quote=_quote_or_none(offer, price, amount),
        most_fiat=most_fiat(offer, price) if price else None,
        methods=method_lines(offer.methods.all(), first_method),
        is_own=is_own,
        shut=""
        if is_own
        else shut_reason(offer, price, viewer=viewer, record=viewer_record, amount=amount),
    )


def shut_reason(
    offer: Offer,
    price: Price | None,
    *,
    viewer: User | None,
    record: Record | None,
    amount: Decimal | None = None,
) -> str:
    """Why this offer is closed to the viewer at this moment, in a sentence; empty when it is not."""
    if price is None:
        return "This offer follows the market and rests until there is a fresh price."
    if viewer is not None and record is not None:
        missing = missing_for(offer, viewer, record)
        if missing:
            return missing[0]
    if is_short_of_funds(offer, price, amount=amount):
        held = f"{offer.maker.label}'s wallet does not hold enough {offer.asset.symbol} for this"
        return f"{held}, seen at block {offer.funds_block}."
    return ""


def is_short_of_funds(offer: Offer, price: Price, *, amount: Decimal | None = None) -> bool:
    """Whether a seller's wallet, when last seen, held less than the smallest (or the wanted) trade needs."""
    if not offer.is_sell or offer.funds_base_units is None:
        return False
    needed = amount if amount is not None else offer.min_fiat
    held = fiat_for_down(offer.funds_base_units, price.value, offer.asset.decimals, offer.currency)
    return held < needed


def _quote_or_none(offer: Offer, price: Price | None, amount: Decimal | None) -> Quote | None:
    """The quote for the wanted amount, or for the offer's least when none is named."""
    if price is None:
        return None
    try:
        return quote_at(offer, price, fiat=offer.min_fiat if amount is None else amount)
    except QuoteRefused:
        return None


def method_lines(
    entries: Sequence[OfferMethod] | QuerySet[OfferMethod], first: str | None
) -> tuple[MethodLine, ...]:
    ordered = sorted(
        entries, key=lambda entry: (entry.method != first, entry.pay_seconds, entry.pk)
    )
    return tuple(
        MethodLine(
            entry.method,
            catalogue_method(entry.method).name,
            entry.pay_seconds,
            entry.release_seconds,
        )
        for entry in ordered
    )
