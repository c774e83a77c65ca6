"""The trade room as one value: everything its template prints, already decided. No query, no write, no HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from escrow.selectors import ChainHealth, PendingEvent
from marketplace.accounts.models import User
from marketplace.payments.catalogue import pay_text
from marketplace.reputation.selectors import Record
from marketplace.trades.endings import Ending
from marketplace.trades.facts import Fact
from marketplace.trades.journey import Journey
from marketplace.trades.lockbar import Step
from marketplace.trades.models import Trade
from marketplace.trades.parts import Card, CopyRow, LedgerRow, Split
from marketplace.trades.selectors import Traffic
from marketplace.trades.stage import Stage
from marketplace.trades.states import (
    DAY_SECONDS,
    LATE_PAID_SECONDS,
    LEASE_SECONDS,
    LIVE,
    LONGEST_GRANT_SECONDS,
    READY_SECONDS,
    Duty,
    Move,
    Outcome,
    Role,
    Status,
    shown_pay_by,
)
from marketplace.trades.terms import Words, left_text, plain_number
from marketplace.trades.told import EXTRA, LOCK_WAIT, MAIN_ACTIONS, ON_ITS_WAY, WAIT_WORDS

GRANT_SECONDS = 1800


@dataclass(frozen=True)
class Room:
    """What the room of one trade says to one of its two people at one second."""

    trade: Trade
    viewer: User
    peer: User
    role: Role
    now: int
    stage: Stage
    is_turn: bool
    moves: frozenset[str]
    words: Words
    duty: Duty
    judge: str
    chip: tuple[str, str]
    steps: list[Step]
    facts: list[Fact]
    ledger: list[LedgerRow]
    health: ChainHealth
    traffic: Traffic
    pending: PendingEvent | None
    journey: Journey
    paid_way: str
    card: Card | None
    split: Split | None
    ending: Ending | None
    payee_rows: list[CopyRow]
    payer_name: str
    own_account: str
    methods: list[tuple[str, str]]
    against_market: str
    record: Record
    together: int
    quick_replies: tuple[str, ...]
    sheet: dict[str, Any]
    signed_file: str
    is_preparing: bool
    is_out_of_reach: bool

    @property
    def template(self) -> str:
        """The template of the action block."""
        return f"marketplace/trades/acts/{self.stage}.html"

    @property
    def is_buyer(self) -> bool:
        """Whether the reader pays the ordinary money."""
        return self.role == Role.BUYER

    @property
    def is_live(self) -> bool:
        """Whether coins are locked."""
        return self.trade.status in LIVE

    @property
    def has_paid(self) -> bool:
        """Whether "paid" was said before, so that a cancel needs its statement."""
        return self.trade.status in {Status.PAID, Status.DISPUTED}

    # --- words ---

    @property
    def first_amount(self) -> str:
        """Fiat first for buyers, coins first for sellers."""
        return self.words.fiat if self.is_buyer else self.words.coins

    @property
    def second_amount(self) -> str:
        """What comes back for it; net of the fee for the buyer."""
        return self.words.net if self.is_buyer else self.words.fiat

    @property
    def shown_coins(self) -> str:
        """The coins as they concern the reader."""
        return self.words.net if self.is_buyer else self.words.coins

    @property
    def role_text(self) -> str:
        """ "you are buying from", before the other's name."""
        if self.trade.status == Status.ASKED:
            return "talking with"
        if self.ending is None:
            return "you are buying from" if self.is_buyer else "you are selling to"
        if self.ending.chip != "released":
            return "with"
        return "you bought from" if self.is_buyer else "you sold to"

    @property
    def role_tail(self) -> str:
        """What follows the name while nothing is agreed."""
        return ", nothing is agreed yet" if self.trade.status == Status.ASKED else ""

    @property
    def title(self) -> str:
        """The title of the tab: the turn first, so that it shows in a crowded bar."""
        turn = "Your turn: " if self.is_turn else ""
        return f"{turn}{self.words.fiat} for {self.shown_coins}"

    @property
    def main_action(self) -> str:
        """The one filled button's words, "" when nothing is asked."""
        return MAIN_ACTIONS.get(self.stage, "").format(
            fiat=self.words.fiat, coins=self.words.coins, peer=self.peer.label
        )

    @property
    def wait_word(self) -> str:
        """What the thumb bar says instead of a button."""
        if self.stage in {Stage.WAIT_LOCK, Stage.LOCKING}:
            return LOCK_WAIT[self.role]
        return WAIT_WORDS.get(self.stage, "")

    @property
    def on_its_way(self) -> tuple[str, str]:
        """Heading and sentence of what is on its way to the chain."""
        move = self.traffic.move
        return ON_ITS_WAY.get(move, ("On its way", "")) if move else ("On its way", "")

    @property
    def waits_for_relayer(self) -> bool:
        """Whether a signed step waits because our sender does not work."""
        return not self.health.relayer_ok and self.journey.own_call is not None

    @property
    def is_paid_relayed(self) -> bool:
        """Whether saying "paid" is a signature, and the network's fee ours."""
        return self.paid_way == "sign"

    @property
    def signed_page(self) -> str:
        """The page of the reader's signed step: file, QR code and what anybody can do with it."""
        return self.signed_file.removesuffix(".json") + "/" if self.signed_file else ""

    @property
    def extra_text(self) -> str:
        """Why this lock is extra."""
        return EXTRA.get(self.trade.extra, "")

    @property
    def then(self) -> list[tuple[str, str]]:
        """What follows an agreement, line by line, in the reader's own person."""
        seller, buyer = ("You", self.peer.label) if not self.is_buyer else (self.peer.label, "You")
        s, p = ("", "s") if not self.is_buyer else ("s", "")
        to = "you" if self.is_buyer else buyer
        return [
            (f"{seller} lock{s} {self.words.coins}", "by the time shown, or it lapses"),
            (f"{buyer} pay{p} {self.words.fiat}", f"within {self.pay_time} of the lock"),
            (f"{seller} look{s} into the bank", f"at most {self.release_days} days"),
            (f"{seller} stay{s} silent", f"the coins go to {to}"),
            ("The arbitrator never answers", "half each, no fee"),
        ]

    @property
    def chat_summary(self) -> str:
        """One line about the other, for the head of the chat."""
        pace = self._pace()
        return (
            f"{self.record.in_words} · {pace[0].lower()} about {pace[1]}"
            if pace
            else self.record.in_words
        )

    @property
    def chat_about(self) -> list[tuple[str, str]]:
        """A few facts about the other, with their sample."""
        facts = [
            ("Trades", self.record.in_words),
            ("Different partners", str(self.record.partners)),
        ]
        pace = self._pace()
        if pace:
            facts.append((pace[0], f"{pace[1]}, median"))
        if self.together:
            facts.append(("You two", f"{self.together} finished"))
        return facts

    def _pace(self) -> tuple[str, str] | None:
        seconds = (
            self.record.median_release_seconds if self.is_buyer else self.record.median_pay_seconds
        )
        if seconds is None:
            return None
        return ("Releases in" if self.is_buyer else "Pays in"), left_text(seconds)

    # --- clocks ---

    @property
    def paid_until(self) -> int:
        """The page's zero for paying."""
        return shown_pay_by(self.trade.pay_by)

    @property
    def late_until(self) -> int:
        """Until when a late "paid" counts, unless the coins were taken back."""
        return self.trade.pay_by + LATE_PAID_SECONDS

    @property
    def release_until(self) -> int:
        """When silence gives the coins to the buyer."""
        return self.trade.since + self.trade.release_seconds

    @property
    def ruling_until(self) -> int:
        """When silence of the arbitrator halves the coins."""
        return self.trade.since + self.trade.ruling_seconds

    @property
    def ready_until(self) -> int:
        """When the ready check ends."""
        return self.trade.ready_asked_at + READY_SECONDS

    @property
    def duty_seconds(self) -> int:
        """The whole length of the running clock, for the ring."""
        return max(self.duty.until - self.duty.start, 1)

    @property
    def card_seconds(self) -> int:
        """The whole length of the open card's clock."""
        return max(self.card.proposal.until - self.card.proposal.at, 1) if self.card else 1

    @property
    def lease_seconds(self) -> int:
        """How long a buy offer's lease lasts in all."""
        return LEASE_SECONDS

    @property
    def pay_time(self) -> str:
        """The time to pay as told to a payer: "30 min"."""
        return pay_text(self.trade.pay_seconds)

    @property
    def release_days(self) -> int:
        """How many days the seller may look."""
        return self.trade.release_seconds // DAY_SECONDS

    @property
    def ruling_days(self) -> int:
        """How many days the arbitrator has."""
        return self.trade.ruling_seconds // DAY_SECONDS

    @property
    def grant_until(self) -> int:
        """The payBy that half an hour more would make."""
        return min(
            max(self.trade.pay_by, self.now) + GRANT_SECONDS, self.now + LONGEST_GRANT_SECONDS
        )

    @property
    def settle_deadline(self) -> int:
        """When a split signed now would end."""
        return self.now + DAY_SECONDS

    # --- what may be done ---

    @property
    def can_sign(self) -> bool:
        """Whether the terms as they stand may be signed now."""
        return Move.TAKE in self.moves and bool(self.trade.payer_commitment)

    @property
    def has_clock(self) -> bool:
        """Whether some time runs that a calendar could hold."""
        return self.duty.until > 0

    @property
    def may_ask_time(self) -> bool:
        """Whether the buyer may ask for more time."""
        return Move.ASK_TIME in self.moves

    @property
    def may_grant(self) -> bool:
        """Whether the seller may give more time."""
        return Move.GRANT_TIME in self.moves

    @property
    def may_reclaim(self) -> bool:
        """Whether the seller may take the coins back."""
        return Move.RECLAIM in self.moves

    @property
    def may_relock(self) -> bool:
        """Whether the seller may lock a reclaimed deal again, for money that came late."""
        return (
            self.trade.outcome == Outcome.RECLAIMED
            and self.role == Role.SELLER
            and not self.trade.extra
        )

    @property
    def has_method_choice(self) -> bool:
        """Whether the offer takes more than one payment method."""
        return len(self.methods) > 1

    # --- forms and links ---

    @property
    def seen_example(self) -> str:
        """The agreed sum as digits."""
        return self.words.fiat.split(" ")[0]

    @property
    def seen_pattern(self) -> str:
        """What the amount typed from one's own bank must look like: the agreed sum, with point or comma."""
        whole, _, part = self.seen_example.partition(".")
        if not part:
            return whole
        tail = f"[.,]{part}"
        return f"{whole}({tail})?" if set(part) == {"0"} else f"{whole}{tail}"

    @property
    def price_number(self) -> str:
        """The price as digits."""
        return plain_number(self.trade.price)

    @property
    def price_unit(self) -> str:
        """ "EUR per USDC"."""
        return f"{self.trade.currency} per {self.trade.asset.symbol}"

    @property
    def help_url(self) -> str:
        """Where "Get help" leads: the dispute's guide once there is something to dispute, else the guide."""
        is_open = self.trade.status in {Status.PAID, Status.DISPUTED}
        return f"/trade/{self.trade.ref}/dispute/" if is_open else "/guide/"

    @property
    def again_url(self) -> str:
        """The offer, to trade once more."""
        return f"/o/{self.trade.offer.public_id}/"

    @property
    def market_url(self) -> str:
        """The market this trade came from, as its taker sees it."""
        side = "buy" if self.trade.offer.is_sell else "sell"
        return f"/market/{side}/{self.trade.asset.symbol}/{self.trade.currency}/"
