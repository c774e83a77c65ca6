"""Moves people sign, splits on the table, time that is asked for, reminders that come due."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from escrow.models import GasReservation, SignedCall, Submission
from escrow.selectors import MOST_AHEAD_SECONDS, chain_clock
from escrow.services import CallRefused
from marketplace.accounts.models import User
from marketplace.notifications.models import Notice
from marketplace.trades import services
from marketplace.trades.errors import (
    BadInput,
    BadSignature,
    DeadlineRefused,
    NotPossibleNow,
    ProposalGone,
    ProposalRefused,
    SettleOpen,
)
from marketplace.trades.models import SettleProposal, Trade, TradeEvent
from marketplace.trades.reminders import remind_due
from marketplace.trades.watching import hint_traffic
from tests.drivers.trade import DAY, EVIDENCE, HOUR, TradeDriver

pytestmark = pytest.mark.django_db


def test_moves_out_of_turn_are_refused_and_move_nothing(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    """C03, M08: every wrong hand and every wrong state."""
    trade = driver.funded(alice, bob)
    for by, move, arguments in (
        (alice, "markPaid", {}),
        (bob, "release", {}),
        (alice, "cancel", {}),
        (alice, "reclaim", {}),
        (bob, "dispute", {"evidence": EVIDENCE}),
        (alice, "dispute", {"evidence": EVIDENCE}),
        (bob, "grantTime", {"newPayBy": trade.pay_by + 60}),
        (carol, "cancel", {}),
    ):
        with pytest.raises(NotPossibleNow):
            driver.sign_move(trade, by, move, **arguments)
    with pytest.raises(BadInput):
        services.accept_move(
            user=bob, trade=trade, move="take", arguments={}, deadline=1, signature="0x"
        )
    with pytest.raises(BadInput):
        services.accept_move(
            user=bob, trade=trade, move="sweep", arguments={}, deadline=1, signature="0x"
        )
    assert not SignedCall.objects.exists()


def test_the_same_signature_twice_is_one_call(driver: TradeDriver, alice: User, bob: User) -> None:
    """S01."""
    trade = driver.funded(alice, bob)
    deadline = chain_clock() + HOUR
    signature = driver.move_signature(trade, bob, "markPaid", deadline)
    calls = [
        services.accept_move(
            user=bob,
            trade=trade,
            move="markPaid",
            arguments={},
            deadline=deadline,
            signature=signature,
        )
        for _ in range(2)
    ]
    assert calls[0].pk == calls[1].pk


def test_a_signature_stays_open_only_as_long_as_its_move_needs(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """S14."""
    trade = driver.paid(alice, bob)
    for open_for in (-1, 2 * HOUR):
        with pytest.raises(DeadlineRefused):
            driver.sign_move(trade, alice, "release", open_for=open_for)
    assert SignedCall.objects.filter(move="release").count() == 0


def test_somebody_elses_signature_is_refused(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.funded(alice, bob)
    deadline = chain_clock() + HOUR
    forged = driver.move_signature(trade, alice, "markPaid", deadline)
    with pytest.raises(CallRefused):
        services.accept_move(
            user=bob,
            trade=trade,
            move="markPaid",
            arguments={},
            deadline=deadline,
            signature=forged,
        )
    assert not SignedCall.objects.exists()


def test_a_foreign_transaction_shows_nothing_and_moves_nothing(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """N16: the hash of a real but unrelated transaction."""
    trade, other = driver.agreed(alice, bob), driver.agreed(alice, bob)
    foreign = driver.fund(other).tx_hash
    with pytest.raises(CallRefused):
        services.note_submission(user=alice, trade=trade, move="fund", tx_hash=foreign)
    assert not Submission.objects.filter(trade_id=trade.trade_id).exists()

    unknown = services.note_submission(
        user=alice, trade=trade, move="fund", tx_hash="0x" + "5a" * 32
    )
    assert unknown.status == "PENDING"
    assert driver.fresh(trade).status == "AGREED"


def test_a_split_is_one_at_a_time_and_its_proposer_may_replace_it(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.paid(alice, bob)
    first = driver.propose_split(trade, alice, 100)
    with pytest.raises(SettleOpen):
        driver.propose_split(trade, bob, 200)
    second = driver.propose_split(trade, alice, 300)
    with pytest.raises(ProposalGone):
        driver.accept_split(trade, bob, first)
    with pytest.raises(ProposalGone):
        driver.accept_split(trade, alice, second)
    services.decline_settle(user=bob, trade=trade, number=second.number)
    assert list(SettleProposal.objects.order_by("number").values_list("status", flat=True)) == [
        "replaced",
        "declined",
    ]
    driver.propose_split(trade, bob, 200)


def test_a_split_ends_after_a_day(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.paid(alice, bob)
    split = driver.propose_split(trade, alice, 100)
    driver.skip(DAY + 10)
    with pytest.raises(ProposalGone):
        driver.accept_split(trade, bob, split)
    services.lapse_due()
    split.refresh_from_db()
    assert split.status == "lapsed"


def test_splits_outside_the_lock_or_badly_signed_are_refused(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.paid(alice, bob)
    with pytest.raises(ProposalRefused):
        driver.propose_split(trade, alice, trade.amount_base_units + 1)
    deadline = chain_clock() + HOUR
    signature = driver.move_signature(trade, alice, "settle", deadline, toBuyer=5)
    with pytest.raises(BadSignature):
        services.propose_settle(
            user=alice, trade=trade, to_buyer=6, deadline=deadline, signature=signature
        )
    with pytest.raises(DeadlineRefused):
        services.propose_settle(
            user=alice, trade=trade, to_buyer=5, deadline=deadline + 3 * DAY, signature=signature
        )
    assert not SettleProposal.objects.exists()


def test_asking_for_more_time_tells_the_seller_once(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.funded(alice, bob)
    services.ask_time(user=bob, trade=trade)
    services.ask_time(user=bob, trade=trade)
    assert TradeEvent.objects.filter(trade=trade, cause="time_asked").count() == 1
    with pytest.raises(NotPossibleNow):
        services.ask_time(user=alice, trade=trade)


def test_time_is_only_given_within_bounds(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.funded(alice, bob)
    for new_pay_by in (trade.pay_by, chain_clock() + 15 * DAY):
        with pytest.raises(ProposalRefused):
            driver.sign_move(trade, alice, "grantTime", newPayBy=new_pay_by)
    with pytest.raises(BadInput):
        driver_call(driver, trade, alice, {"newPayBy": "soon"})


def driver_call(driver: TradeDriver, trade: Trade, user: User, arguments: dict[str, Any]) -> None:
    services.accept_move(
        user=user,
        trade=trade,
        move="grantTime",
        arguments=arguments,
        deadline=chain_clock() + 60,
        signature="0x00",
    )


def test_reminders_come_at_half_and_a_quarter_once_each(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.paid(alice, bob)
    length = trade.release_seconds

    def reminded() -> int:
        return Notice.objects.filter(user=alice, kind__startswith="trade.reminded.").count()

    assert remind_due() == 0
    driver.skip_past(trade.since + length // 2)
    assert (remind_due(), remind_due(), reminded()) == (1, 0, 0)
    driver.follow()
    assert reminded() == 1
    driver.skip_past(trade.since + length - length // 4)
    assert (remind_due(), remind_due()) == (1, 0)
    driver.follow()
    assert reminded() == 2
    assert not Notice.objects.filter(user=bob, kind__startswith="trade.reminded.").exists()


def test_a_sweep_that_slept_past_both_marks_reminds_once(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Q06: missed work is done on return, and not twice."""
    trade = driver.paid(alice, bob)
    driver.skip_past(trade.since + trade.release_seconds - 3600)
    assert (remind_due(), remind_due()) == (1, 0)


def post(user: User, path: str, body: Any) -> tuple[int, dict[str, Any]]:
    client = Client()
    client.force_login(user)
    response = client.post(
        path,
        data=body if isinstance(body, str) else json.dumps(body),
        content_type="application/json",
    )
    return response.status_code, response.json()


def test_a_whole_trade_over_the_pages_addresses(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    offer = driver.offer(alice)
    sealed = driver.account()
    status, answer = post(
        bob,
        f"/o/{offer.public_id}/take/",
        {
            "fiat": "231.40",
            "method": "sepa-instant",
            "payerName": "Jonas Weber",
            "payerCommitment": sealed.commitment,
            "salt": sealed.salt,
        },
    )
    assert status == 201
    assert answer["sheet"]["take"] | {"deadline": ""} == {
        "youPay": "231.40 EUR by SEPA Instant", "youGet": "248.75 USDC", "deadline": "", "signature": None,
    }  # fmt: skip
    trade = driver.fresh(Trade.objects.get(ref=answer["ref"]))
    urls = answer["sheet"]["urls"]

    body = {
        "deadline": answer["sheet"]["take"]["deadline"],
        "signature": driver.take_signature(trade),
    }
    assert post(bob, urls["take"], body) == (200, {"next": f"/trade/{trade.ref}/"})
    receipt = driver.fund(trade)
    assert post(alice, urls["submissions"], {"move": "fund", "txHash": receipt.tx_hash})[0] == 202
    trade = driver.settle_down(trade)

    deadline = chain_clock() + HOUR
    signature = driver.move_signature(trade, bob, "markPaid", deadline)
    status, answer = post(
        bob,
        urls["signed"],
        {"move": "markPaid", "arguments": {}, "deadline": str(deadline), "signature": signature},
    )
    assert status == 202
    client = Client()
    client.force_login(bob)
    saved = client.get(answer["file"]).json()
    assert (saved["move"], saved["signature"], saved["tradeId"]) == (
        "markPaid",
        signature,
        trade.trade_id,
    )
    assert driver.settle_down(trade).status == "PAID"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ("[]", "bad_request", None),
        ("{", "bad_request", None),
        ('{"fiat":"1","fiat":"2"}', "bad_request", None),
        ({"fiat": 200}, "bad_request", "fiat"),
        ({"fiat": "-5"}, "amount_not_positive", None),
        ({"fiat": "1,000"}, "amount_other_notation", None),
        ({"fiat": "0.001"}, "amount_too_precise", None),
        ({"fiat": "100"}, "bad_request", "method"),
        ({"fiat": "100", "method": "sepa-instant"}, "bad_request", "payer"),
        ({}, "bad_request", "amount"),
    ],
)
def test_malformed_takes_are_refused_with_the_field(
    driver: TradeDriver, alice: User, bob: User, body: Any, code: str, field: str | None
) -> None:
    """N05, N13."""
    status, answer = post(bob, f"/o/{driver.offer(alice).public_id}/take/", body)
    assert status == 400
    assert answer["error"]["code"] == code
    assert answer["error"]["text"]
    if field:
        assert answer["error"]["field"] == field
    assert not Trade.objects.exists()


def test_plain_forms_work_without_scripts(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.take(bob, driver.offer(alice))
    client = Client()
    client.force_login(alice)
    response = client.post(f"/trade/{trade.ref}/propose/", {"price": "0.9238", "minutes": "45"})
    assert (response.status_code, response["Location"]) == (302, f"/trade/{trade.ref}/")
    card = trade.proposals.get()
    assert (str(card.price.normalize()), card.pay_seconds) == ("0.9238", 45 * 60 + 600)

    refused = client.post(f"/trade/{trade.ref}/propose/", {"price": "free"}, follow=True)
    assert "Write the amount in digits" in refused.content.decode()
    assert trade.proposals.count() == 1


def test_a_page_that_refused_raises_an_alarm_for_both(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Story 12: the account in the database was changed after the lock."""
    trade = driver.funded(alice, bob)
    for _ in range(2):
        assert post(bob, f"/trade/{trade.ref}/report/", {"what": "payeeCommitment"})[0] == 200
    assert TradeEvent.objects.filter(trade=trade, cause="alarm").count() == 1
    driver.follow()
    assert Notice.objects.filter(user=alice, text__contains="refused").count() == 1


def test_a_room_is_told_once_when_its_step_changes(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.funded(alice, bob)
    hint_traffic()
    assert hint_traffic() == 0
    GasReservation.objects.update(covered_at=None)
    assert (hint_traffic(), hint_traffic()) == (1, 0)
    driver.sign_move(trade, bob, "markPaid")
    assert (hint_traffic(), hint_traffic()) == (1, 0)
    SignedCall.objects.update(status="REFUSED", text="The network refused it.")
    assert (hint_traffic(), hint_traffic()) == (1, 0)
    client = Client()
    client.force_login(bob)
    assert "The network refused it." in client.get(f"/trade/{trade.ref}/").content.decode()


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_host_clock_that_is_set_ends_nothing_early(
    driver: TradeDriver, alice: User, bob: User, step: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Q16: deadlines go by block time; an hour forward or back on this machine lapses, reminds and hides nothing."""
    taken = driver.take(bob, driver.offer(alice))
    live = driver.funded(alice, bob)
    before = chain_clock()
    steps = TradeEvent.objects.count()
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + step)

    assert abs(chain_clock() - before) <= MOST_AHEAD_SECONDS
    assert services.lapse_due() == 0
    assert remind_due() == 0
    assert TradeEvent.objects.count() == steps
    assert driver.fresh(taken).status == "ASKED"
    # The next block is there and time goes on as the chain says.
    driver.mine(2)
    driver.follow()
    assert driver.fresh(live).status == "FUNDED"
    driver.skip_past(driver.fresh(live).pay_by)
    assert driver.settle_down(live).outcome in {"", "RECLAIMED", "TIMED_OUT"}
