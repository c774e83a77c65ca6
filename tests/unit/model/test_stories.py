"""The model tells the stories of the protocol as the protocol does: who may do what, when, and who gets what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.model import cast
from tests.model.cast import ESCROW, ODD, PLAIN, START, STRANGER, TREASURY, WALLETS
from tests.model.contract import DAY, DISPUTED, FUNDED, NO_WORD, PAID, EscrowModel, Word
from tests.model.ledger import Ledger
from tests.model.messages import AGREED, NOTHING, Signature, Spoken, Trade
from tests.model.world import FOREVER, NATIVE, Refused

SELLER, BUYER, JUDGE = cast.PEOPLE[:3]
AMOUNT, FEE = 1_000_001, 5_000  # half a percent, rounded down
PAY, RELEASE, RULING = 3_600, 7 * DAY, 14 * DAY


def trade_of(**changes: int) -> Trade:
    return Trade(SELLER, BUYER, NATIVE, AMOUNT, JUDGE, 50, PAY, RELEASE, RULING, 7)._replace(
        **changes
    )


TRADE = trade_of()


class Told:
    """A story: one trade, and what its people have more or less than at the start."""

    def __init__(self, trade: Trade = TRADE, status: int = 0) -> None:
        self.model, self.trade = cast.opening(), trade
        steps: list[Callable[[], object]] = [
            lambda: self.do("fund", trade.seller, value=AMOUNT if trade.token == NATIVE else 0),
            lambda: self.do("mark_paid", trade.buyer),
            lambda: self.do("dispute", trade.buyer, 9),
        ]
        for step in steps[:status]:
            step()
            self.wait(1)

    def do(self, move: str, caller: int, *arguments: Any, **value: int) -> object:
        function = getattr(self.model, move)
        return self.model.attempt(lambda: function(caller, self.trade, *arguments, **value))

    def wait(self, seconds: int) -> Told:
        self.model.world.time += seconds
        return self

    def until(self, time: int) -> Told:
        self.model.world.time = time
        return self

    def signed(
        self, who: int, primary: str, *own: int, deadline: int = FOREVER, form: str = "long"
    ) -> Spoken:
        values = (self.trade, self.word.funded_at, *own, deadline)
        return Signature(who, self.model.domain(), primary, values, form)

    @property
    def word(self) -> Word:
        return self.model.word_of(self.trade)

    def gains(self) -> tuple[int, int, int, int]:
        """Of the seller, the buyer and the escrow, and the fees that wait."""
        coin = self.trade.token
        people = (self.trade.seller, self.trade.buyer, ESCROW)
        found = [
            self.model.world.balance(coin, who) - cast.first_balance(coin, who) for who in people
        ]
        return (found[0], found[1], found[2], self.model.fees.get(coin, 0))


BACK = (0, 0, 0, 0)
TO_BUYER = (-AMOUNT, AMOUNT - FEE, FEE, FEE)


def refused(
    story: Told, move: str, caller: int, *arguments: Any, **value: int
) -> tuple[object, ...]:
    """The error of a move that must change nothing."""
    before = (story.word, story.gains(), dict(story.model.credits), list(story.model.events))
    with pytest.raises(Refused) as found:
        story.do(move, caller, *arguments, **value)
    assert (
        story.word,
        story.gains(),
        dict(story.model.credits),
        list(story.model.events),
    ) == before
    return (found.value.name, *found.value.arguments)


# ---------------------------------------------------------------------- funding


def test_funding_locks_the_coins_and_starts_the_buyers_clock() -> None:
    story = Told()
    story.do("fund", SELLER, value=AMOUNT)
    assert story.word == Word(FUNDED, START, START, START + PAY)
    assert story.gains() == (-AMOUNT, 0, AMOUNT, 0)
    assert story.model.events == [("Funded", TRADE.id, SELLER, BUYER, *TRADE)]


@pytest.mark.parametrize("by_mistake", [AMOUNT - 1, AMOUNT + 1, 0])
def test_funding_takes_exactly_the_amount(by_mistake: int) -> None:
    """C16."""
    assert refused(Told(), "fund", SELLER, value=by_mistake) == ("WrongValue", by_mistake, AMOUNT)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"buyer": SELLER}, ("BadParties", SELLER, SELLER, JUDGE)),
        ({"buyer": 0}, ("BadParties", SELLER, 0, JUDGE)),
        ({"buyer": ESCROW}, ("BadParties", SELLER, ESCROW, JUDGE)),
        ({"arbitrator": 0}, ("BadParties", SELLER, BUYER, 0)),
        ({"arbitrator": BUYER}, ("BadParties", SELLER, BUYER, BUYER)),
        ({"amount": 0}, ("ZeroAmount",)),
        ({"fee_bps": 201}, ("FeeTooHigh", 201, 200)),
        ({"pay_window": 1_199}, ("PayWindowOutOfRange", 1_199, 1_200, 14 * DAY)),
        ({"pay_window": 14 * DAY + 1}, ("PayWindowOutOfRange", 14 * DAY + 1, 1_200, 14 * DAY)),
        (
            {"release_window": 3 * DAY - 1},
            ("ReleaseWindowOutOfRange", 3 * DAY - 1, 3 * DAY, 30 * DAY),
        ),
        ({"ruling_window": 90 * DAY + 1}, ("RulingWindowOutOfRange", 90 * DAY + 1, DAY, 90 * DAY)),
        ({"amount": 2**128}, ("",)),
    ],
    ids=str,
)
def test_terms_out_of_range_are_refused(changes: dict[str, int], error: tuple[object, ...]) -> None:
    """C29, C35."""
    assert refused(Told(trade_of(**changes)), "fund", SELLER, value=0) == error


def test_only_the_seller_funds_and_only_once() -> None:
    """C30."""
    assert refused(Told(), "fund", BUYER, value=AMOUNT) == ("NotSeller", BUYER)
    assert refused(Told(status=FUNDED), "fund", SELLER, value=AMOUNT) == (
        "BadState",
        TRADE.id,
        FUNDED,
    )


def test_token_that_takes_a_cut_is_refused() -> None:
    """C11."""
    story = Told(trade_of(token=ODD))
    story.model.world.tables.cut_bps = 100
    assert refused(story, "fund", SELLER) == ("WrongAmountReceived", AMOUNT - 10_000, AMOUNT)


def test_anybody_funds_with_the_sellers_permit2_signature_once() -> None:
    story = Told(trade_of(token=PLAIN))
    world = story.model.world
    values = world.permit2_values(ESCROW, story.trade, 5, FOREVER)
    spoken = Signature(SELLER, world.permit2_domain(), "PermitWitnessTransferFrom", values)
    story.do("fund_with_permit2", STRANGER, 5, FOREVER, spoken)
    assert story.gains() == (-AMOUNT, 0, AMOUNT, 0)
    story.wait(1).do("cancel", BUYER)
    assert refused(story, "fund_with_permit2", STRANGER, 5, FOREVER, spoken) == ("InvalidNonce",)


def test_permit_is_as_good_as_an_allowance_and_needs_none() -> None:
    story = Told(trade_of(token=PLAIN))
    world = story.model.world
    world.tables.allowances[PLAIN, SELLER, ESCROW] = 0
    spoken = Signature(
        SELLER, world.permit_domain(), "Permit", (SELLER, ESCROW, AMOUNT, 0, FOREVER)
    )
    error = ("TransferFailed", PLAIN, SELLER, ESCROW, AMOUNT)
    assert refused(story, "fund_with_permit", SELLER, FOREVER, NOTHING) == error
    story.do("fund_with_permit", SELLER, FOREVER, spoken)
    assert story.gains() == (-AMOUNT, 0, AMOUNT, 0)


# ---------------------------------------------------------------------- the table of moves


@pytest.mark.parametrize("status", [FUNDED, PAID, DISPUTED])
def test_seller_releases_and_buyer_cancels_at_any_time(status: int) -> None:
    story = Told(status=status)
    story.do("release", SELLER)
    assert (story.gains(), story.word) == (TO_BUYER, NO_WORD)
    story = Told(status=status)
    story.do("cancel", BUYER)
    assert (story.gains(), story.word) == (BACK, NO_WORD)


@pytest.mark.parametrize("move", ["release", "cancel"])
def test_trade_cannot_close_in_the_second_of_its_funding(move: str) -> None:
    story = Told(status=FUNDED).until(START)
    caller = SELLER if move == "release" else BUYER
    assert refused(story, move, caller) == ("TooEarly", START, START + 1)


def test_buyer_is_in_time_to_the_last_second_of_the_day_after_pay_by() -> None:
    """C17, C19."""
    last = START + PAY + DAY
    Told(status=FUNDED).until(last).do("mark_paid", BUYER)
    assert refused(Told(status=FUNDED).until(last + 1), "mark_paid", BUYER) == (
        "TooLate",
        last + 1,
        last,
    )


def test_seller_reclaims_after_pay_by_and_anybody_ends_it_a_day_later() -> None:
    """C17, C19: for one day after payBy both markPaid and reclaim are open; nothing else overlaps."""
    last = START + PAY
    story = Told(status=FUNDED).until(last)
    assert refused(story, "reclaim", SELLER) == ("TooEarly", last, last + 1)
    story.until(last + 1).do("reclaim", SELLER)
    assert story.gains() == BACK
    story = Told(status=FUNDED).until(last + DAY)
    assert refused(story, "timeout", STRANGER) == ("TooEarly", last + DAY, last + DAY + 1)
    story.wait(1).do("timeout", STRANGER)
    assert (story.gains(), story.model.events[-1]) == (BACK, ("TimedOut", TRADE.id, 0))


def test_granted_time_is_later_than_pay_by_and_at_most_a_fortnight_from_now() -> None:
    story = Told(status=FUNDED)
    now, pay_by = START + 1, START + PAY
    for wrong in (pay_by, now + 14 * DAY + 1):
        error = ("PayByOutOfRange", wrong, pay_by + 1, now + 14 * DAY)
        assert refused(story, "grant_time", SELLER, wrong) == error
    story.do("grant_time", SELLER, now + 14 * DAY)
    assert story.word == Word(FUNDED, START, START, now + 14 * DAY)


def test_silent_seller_loses_to_the_buyer_after_the_release_window() -> None:
    last = START + 1 + RELEASE
    story = Told(status=PAID).until(last)
    assert refused(story, "timeout", STRANGER) == ("TooEarly", last, last + 1)
    story.wait(1).do("timeout", STRANGER)
    assert story.gains() == TO_BUYER


def test_silent_arbitrator_leaves_half_each_and_the_odd_unit_to_the_seller() -> None:
    """C22."""
    last = START + 2 + RULING
    story = Told(status=DISPUTED).until(last)
    assert refused(story, "timeout", STRANGER) == ("TooEarly", last, last + 1)
    story.wait(1).do("timeout", STRANGER)
    assert story.gains() == (-AMOUNT // 2 + 1, AMOUNT // 2, 0, 0)
    assert story.model.events[-1] == ("TimedOut", TRADE.id, AMOUNT // 2)


def test_arbitrator_divides_without_a_fee_within_his_window() -> None:
    """C23, C24."""
    last = START + 2 + RULING
    story = Told(status=DISPUTED).until(last)
    assert refused(story, "rule", JUDGE, AMOUNT + 1, 3) == ("ShareTooLarge", AMOUNT + 1, AMOUNT)
    story.do("rule", JUDGE, 400_000, 3)
    assert story.gains() == (-400_000, 400_000, 0, 0)
    story = Told(status=DISPUTED).until(last + 1)
    assert refused(story, "rule", JUDGE, 400_000, 3) == ("TooLate", last + 1, last)


def test_arbitrator_brings_a_partys_dispute_and_rules_at_once() -> None:
    story = Told(status=PAID)
    spoken = story.signed(BUYER, "Dispute", 9)
    assert refused(story, "dispute_and_rule", SELLER, 1, 3, BUYER, 9, spoken, FOREVER) == (
        "NotArbitrator",
        SELLER,
    )
    assert refused(story, "dispute_and_rule", JUDGE, 1, 3, JUDGE, 9, spoken, FOREVER) == (
        "NotParty",
        JUDGE,
    )
    story.do("dispute_and_rule", JUDGE, AMOUNT, 3, BUYER, 9, spoken, FOREVER)
    assert story.gains() == (-AMOUNT, AMOUNT, 0, 0)
    assert story.model.events[-2:] == [
        ("Disputed", TRADE.id, BUYER, 9),
        ("Ruled", TRADE.id, AMOUNT, 3),
    ]


def test_settling_takes_the_fee_on_the_buyers_part_and_two_who_agree() -> None:
    story = Told(status=DISPUTED)
    by_seller = story.signed(SELLER, "Settle", 200_000)
    by_buyer = story.signed(BUYER, "Settle", 200_000)
    arguments = (200_000, FOREVER)
    assert refused(story, "settle", STRANGER, *arguments, by_seller, NOTHING) == (
        "BadSignature",
        BUYER,
    )
    assert refused(story, "settle", SELLER, *arguments, NOTHING, by_seller) == (
        "BadSignature",
        BUYER,
    )
    story.do("settle", SELLER, *arguments, NOTHING, by_buyer)
    assert story.gains() == (-200_000, 199_000, 1_000, 1_000)


@pytest.mark.parametrize(
    ("status", "impossible"),
    [
        (FUNDED, [("dispute", BUYER, 9), ("rule", JUDGE, 1, 3)]),
        (
            PAID,
            [
                ("mark_paid", BUYER),
                ("grant_time", SELLER, START + DAY),
                ("reclaim", SELLER),
                ("rule", JUDGE, 1, 3),
            ],
        ),
        (
            DISPUTED,
            [
                ("mark_paid", BUYER),
                ("grant_time", SELLER, START + DAY),
                ("reclaim", SELLER),
                ("dispute", BUYER, 9),
            ],
        ),
    ],
)
def test_moves_that_a_status_does_not_have(status: int, impossible: list[tuple[Any, ...]]) -> None:
    """C03."""
    for move, caller, *arguments in impossible:
        assert refused(Told(status=status), move, caller, *arguments) == (
            "BadState",
            TRADE.id,
            status,
        )


@pytest.mark.parametrize(
    ("move", "arguments", "error"),
    [
        ("mark_paid", (), "NotBuyer"),
        ("cancel", (), "NotBuyer"),
        ("grant_time", (START + DAY,), "NotSeller"),
        ("reclaim", (), "NotSeller"),
        ("release", (), "NotSeller"),
        ("dispute", (9,), "NotParty"),
        ("rule", (1, 3), "NotArbitrator"),
    ],
)
def test_stranger_moves_nothing(move: str, arguments: tuple[int, ...], error: str) -> None:
    """C05."""
    for status in (FUNDED, PAID, DISPUTED):
        assert refused(Told(status=status), move, STRANGER, *arguments) == (error, STRANGER)
    assert refused(Told(), move, STRANGER, *arguments) == ("BadState", TRADE.id, 0)


# ---------------------------------------------------------------------- signatures, batches, credits, fees


def test_signature_is_good_for_one_funding_one_move_one_chain_and_its_time() -> None:
    """S01, S02, S14, invariants 6 and 11."""
    story = Told(status=FUNDED)
    spoken = story.signed(SELLER, "Release", deadline=START + 9)
    assert isinstance(spoken, Signature)
    call = ("release_by_sig", STRANGER, START + 9)
    for wrong in (
        spoken._replace(primary="Reclaim"),
        spoken._replace(form="twin"),
        spoken._replace(signer=BUYER),
        spoken._replace(domain=spoken.domain._replace(chain_id=1)),
        spoken._replace(domain=spoken.domain._replace(contract=1)),
        AGREED,
    ):
        assert refused(story, *call, wrong) == ("BadSignature", SELLER)
    story.until(START + 10)
    assert refused(story, *call, spoken) == ("Expired", START + 10, START + 9)
    story.until(START + 9).do(*call, spoken)
    assert story.gains() == TO_BUYER
    story.do("fund", SELLER, value=AMOUNT)
    story.model.world.time = START + 9
    assert refused(story, *call, spoken) == ("BadSignature", SELLER)


def test_batch_does_what_it_can_and_says_what() -> None:
    story = Told(status=FUNDED)
    good, bad = story.signed(BUYER, "MarkPaid"), story.signed(SELLER, "MarkPaid")
    items = [(TRADE, FOREVER, bad), (TRADE, FOREVER, good), (TRADE, FOREVER, good)]
    assert story.model.batch_mark_paid(STRANGER, items) == 0b010
    assert story.word.status == PAID
    with pytest.raises(Refused, match="BatchTooLong"):
        story.model.batch_mark_paid(STRANGER, items * 86)


def test_buyer_who_refuses_his_coins_gets_a_credit_that_he_sends_elsewhere() -> None:
    """C08."""
    wallet = WALLETS[1]
    story = Told(trade_of(buyer=wallet), status=FUNDED)
    story.model.world.tables.moods[wallet] = "Refuses"
    story.do("release", SELLER)
    owed = AMOUNT - FEE
    assert story.model.events[-1] == ("Credited", story.trade.id, NATIVE, wallet, owed)
    assert story.gains() == (-AMOUNT, 0, AMOUNT, FEE)
    model = story.model
    for to, error in ((0, "BadRecipient"), (ESCROW, "BadRecipient"), (wallet, "TransferFailed")):
        with pytest.raises(Refused, match=error):
            model.attempt(model.withdraw, wallet, NATIVE, to)
    with pytest.raises(Refused, match="WrongCredit"):
        model.withdraw_by_sig(STRANGER, wallet, NATIVE, owed - 1, STRANGER, FOREVER, AGREED)
    model.withdraw_by_sig(STRANGER, wallet, NATIVE, owed, STRANGER, FOREVER, AGREED)
    assert model.world.balance(NATIVE, STRANGER) == owed
    with pytest.raises(Refused, match="NoCredit"):
        model.withdraw(wallet, NATIVE, STRANGER)


def test_recipient_who_calls_back_gets_what_he_was_owed_and_nothing_twice() -> None:
    """C06."""
    wallet = WALLETS[1]
    story = Told(trade_of(seller=wallet), status=FUNDED)
    story.model.credits[NATIVE, wallet] = 3
    story.model.world.tables.moods[wallet] = "CallsBack"
    story.do("cancel", BUYER)
    assert story.gains() == (3, 0, -3, 0)
    assert story.model.events[-1] == ("Withdrawn", NATIVE, wallet, wallet, 3)
    assert story.model.credits.get((NATIVE, wallet), 0) == 0


def test_fees_go_to_their_recipient_only() -> None:
    story = Told(status=FUNDED)
    story.do("release", SELLER)
    model: EscrowModel = story.model
    model.withdraw_fees(STRANGER, NATIVE)
    assert model.world.balance(NATIVE, TREASURY) == FEE
    with pytest.raises(Refused, match="NoFees"):
        model.withdraw_fees(STRANGER, NATIVE)


def test_events_alone_rebuild_a_trade() -> None:
    """C37, invariant 12."""
    story, ledger = Told(), Ledger()
    for caller, move, arguments in (
        (BUYER, "mark_paid", ()),
        (SELLER, "dispute", (9,)),
        (JUDGE, "rule", (5, 6)),
    ):
        if move == "mark_paid":
            story.do("fund", SELLER, value=AMOUNT)
            ledger.read(story.model.events, story.model.world.time)
        story.model.events = []
        story.wait(1).do(move, caller, *arguments)
        ledger.read(story.model.events, story.model.world.time)
        assert ledger.word(TRADE.id) == story.word
    assert ledger.word(TRADE.id) == NO_WORD
