"""The room of every stage renders for both, says its sentence and hides what it must; strangers meet 404 everywhere."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from escrow.models import Chain, Relayer, SignedCall
from escrow.selectors import chain_clock
from marketplace.accounts.models import User
from marketplace.trades import services
from marketplace.trades.models import Trade
from marketplace.trades.stage import Stage
from tests.drivers.trade import DAY, TradeDriver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("page_bundle")]

IBAN = "DE89370400440532013000"
ROOM_QUERIES = 18
LIST_QUERIES = 10


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, trade: Trade) -> str:
    response = as_user(user).get(f"/trade/{trade.ref}/")
    assert response.status_code == 200
    return response.content.decode()


def stage_in(html: str) -> str:
    found = re.search(r'data-stage="(\w+)"', html)
    assert found
    return found.group(1)


def put(trade: Trade, **columns: Any) -> Trade:
    """The trade as if it had come this far: only for pages, which read rows."""
    Trade.objects.filter(pk=trade.pk).update(**columns)
    return trade


def live(kind: str, now: int, /, **columns: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "status": kind,
        "funded_at": now - 60,
        "pay_by": now + 1740,
        "since": now - 60,
    }
    if kind in {"PAID", "DISPUTED"}:
        values["paid_at"] = now - 30
    if kind == "DISPUTED":
        values |= {"disputed_at": now - 60, "disputed_by": "seller"}
    return {**values, **columns}


def rows(now: int) -> list[tuple[dict[str, Any], Stage, Stage, str, str]]:
    """Columns, the buyer's and the seller's stage, a sentence each must read."""
    late = now - 20 * DAY
    return [
        ({}, Stage.WAIT_LOCK, Stage.LOCK, "Do not pay yet", "Lock"),
        ({"ready_at": now - 400}, Stage.ANSWER_READY, Stage.ASK_READY, "Are you here?", "Ask Bob before you lock"),
        ({"ready_at": now - 400, "ready_asked_at": now - 5}, Stage.ANSWER_READY, Stage.WAIT_READY, "Are you here?", "Is Bob here?"),
        ({"ready_at": now - 400, "ready_asked_at": now - 99}, Stage.ANSWER_READY, Stage.NO_SHOW, "Are you here?", "did not answer"),
        ({"fund_by": now - 1}, Stage.OVER, Stage.OVER, "Do not pay anything", "Do not lock the coins"),
        ({"status": "ASKED"}, Stage.SIGN, Stage.WAIT_SIGN, "Accept and sign", "Waiting for Bob to sign"),
        (live("FUNDED", now), Stage.PAY, Stage.WAIT_PAY, "I have sent", "you may take the coins back"),
        (live("FUNDED", now, pay_by=now + 300), Stage.PAY_LATE, Stage.WAIT_PAY, "Time is up", "Should come from"),
        (live("FUNDED", now, pay_by=now - 9), Stage.PAY_LATE, Stage.RECLAIM, "it counts until Alice takes", "Take your"),
        (live("FUNDED", now, pay_by=now - 2 * DAY), Stage.PAY_OVER, Stage.RECLAIM, "long over", "Take your"),
        (live("FUNDED", now, extra="late"), Stage.EXTRA_BUYER, Stage.EXTRA_SELLER, "Extra lock: do not pay", "outside the agreement"),
        (live("FUNDED", now, extra="relocked"), Stage.RELOCKED_BUYER, Stage.RELOCKED_SELLER, "do not pay twice", "Locked again for Bob"),
        (live("PAID", now), Stage.WAIT_CONFIRM, Stage.CONFIRM, "Do not pay twice", "Open your own bank"),
        (live("PAID", now, since=late), Stage.CLAIM, Stage.CONFIRM_OVER, "the coins are yours", "Your time to look ran out"),
        (live("DISPUTED", now), Stage.DISPUTED, Stage.DISPUTED, "split in half", "split in half"),
        (live("DISPUTED", now, since=late), Stage.DISPUTED_OVER, Stage.DISPUTED_OVER, "half each", "half each"),
        *[
            (live("PAID", now, status="CLOSED", outcome=outcome, to_buyer=part, closed_at=now), Stage.DONE, Stage.DONE, buyer, seller)
            for outcome, part, buyer, seller in [
                ("RELEASED", 250_000_000, "Done. 248.75 USDC are in your wallet", "You released 250 USDC to Bob"),
                ("CANCELLED", 0, "You gave 250 USDC back to Alice", "250 USDC are back in your wallet"),
                ("RECLAIMED", 0, "Alice took the coins back", "250 USDC are back in your wallet"),
                ("SETTLED", 244_598_098, "Settled. 243.375108 USDC went to you", "Settled. 5.401902 USDC came back"),
                ("RULED", 75_000_000, "Decided: 75 USDC for you", "Decided: 175 USDC for you"),
                ("TIMED_OUT", 250_000_000, "Alice&#x27;s time to look ran out", "Your time ran out"),
            ]
        ],
        ({"status": "CLOSED", "outcome": "LAPSED", "close_reason": "taken", "closed_at": now}, Stage.ENDED, Stage.ENDED,
         "Somebody was a moment earlier", "taken by somebody else first"),
        ({"status": "CLOSED", "outcome": "LAPSED", "close_reason": "not_locked", "closed_at": now}, Stage.ENDED, Stage.ENDED,
         "Alice did not lock in time", "You did not lock in time"),
    ]  # fmt: skip


def test_the_room_of_every_state_speaks_to_both(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.agreed(alice, bob)
    fresh = {
        field.attname: getattr(trade, field.attname)
        for field in Trade._meta.fields
        if field.attname != "id"
    }
    for columns, buyer, seller, to_buyer, to_seller in rows(chain_clock()):
        put(trade, **{**fresh, **columns})
        for user, stage, sentence in ((bob, buyer, to_buyer), (alice, seller, to_seller)):
            html = page(user, trade)
            assert (stage_in(html), sentence in html) == (stage, True), (columns, sentence)
            assert html.count('class="btn only-wide"') <= 1, "one filled button per view"
            assert ("Get help" in html) is True


def test_proposals_and_lines_and_queue_render(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    from decimal import Decimal

    trade = driver.take(bob, driver.offer(alice))
    services.propose_terms(user=alice, trade=trade, price=Decimal("0.9238"))
    assert stage_in(page(bob, trade)) == Stage.ANSWER_PROPOSAL
    assert stage_in(page(alice, trade)) == Stage.WAIT_PROPOSAL

    buying = driver.offer(alice, "buy")
    first, second = driver.take(bob, buying), driver.take(carol, buying)
    assert stage_in(page(alice, first)) == Stage.NAME_PAYER
    assert stage_in(page(carol, second)) == Stage.QUEUED
    assert "another seller is first" in page(carol, second).lower()


def test_what_is_on_its_way_shows_its_confirmations(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.agreed(alice, bob)
    driver.fund(trade)
    driver.follow()
    html = page(bob, trade)
    assert stage_in(html) == Stage.LOCKING
    assert "1 of 2" in html
    assert IBAN not in html

    trade = driver.settle_down(trade)
    driver.sign_move(trade, bob, "markPaid")
    html = page(bob, trade)
    assert stage_in(html) == Stage.ON_ITS_WAY
    call = SignedCall.objects.get()
    assert f"/trade/{trade.ref}/signed/{call.pk}.json" in html


def test_the_account_opens_only_for_the_buyer_while_the_clock_runs(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Product rules 6 and 10."""
    trade = driver.agreed(alice, bob)
    assert IBAN not in page(bob, trade)
    assert "Jonas Weber" not in page(alice, trade), (
        "the payer's name reaches the seller with the lock"
    )
    driver.fund(trade)
    trade = driver.settle_down(trade)

    html = page(bob, trade)
    assert IBAN in html
    assert IBAN not in page(alice, trade)
    assert "Jonas Weber" in page(alice, trade)
    assert sheet(bob, trade)["payee"]["details"]["iban"] == IBAN
    assert sheet(alice, trade)["payee"] is None

    now = chain_clock()
    put(trade, pay_by=now + 599)
    assert IBAN not in page(bob, trade)
    assert sheet(bob, trade)["payee"] is None
    put(trade, **live("PAID", now))
    assert IBAN in page(bob, trade)
    put(trade, **live("DISPUTED", now))
    assert IBAN in page(bob, trade)
    put(trade, status="CLOSED", outcome="RELEASED", to_buyer=1, closed_at=now)
    assert IBAN not in page(bob, trade)


def test_the_account_is_withheld_while_paid_could_not_be_recorded(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Story 10: the relayer is down and the buyer has no gas."""
    trade = driver.funded(alice, bob)
    Relayer.objects.update(is_ok=False, reason="No gas left.")
    assert stage_in(page(bob, trade)) == Stage.PAY

    driver.rpc("anvil_setBalance", bob.address, "0x0")
    html = page(bob, trade)
    assert stage_in(html) == Stage.PAY_WITHHELD
    assert IBAN not in html
    assert sheet(bob, trade)["payee"] is None

    Relayer.objects.update(is_ok=True, reason="")
    assert stage_in(page(bob, trade)) == Stage.PAY


def test_the_account_hides_as_soon_as_the_coins_go_back(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.funded(alice, bob)
    driver.sign_move(trade, bob, "cancel")
    assert IBAN not in page(bob, trade)


def sheet(user: User, trade: Trade) -> dict[str, Any]:
    response = as_user(user).get(f"/trade/{trade.ref}/sheet/")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def test_the_sheet_never_holds_the_proposers_signature(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Product rule 13."""
    trade = driver.paid(alice, bob)
    split = driver.propose_split(trade, alice, 100_000_000)
    settle = sheet(bob, trade)["settle"]
    assert settle == {
        "number": 1, "toBuyer": "100000000", "deadline": str(split.deadline), "signature": None, "by": "seller",
    }  # fmt: skip
    assert split.signature not in json.dumps(sheet(bob, trade))
    assert "Accept and sign the split" in page(bob, trade)


READ = ["room", "region", "sheet", "chat"]
STEPS = [
    "take", "payer", "signed", "submissions", "decline", "propose", "ready", "here", "more_time", "settle", "report",
]  # fmt: skip
NUMBERED = ["accept_proposal", "decline_proposal", "settle_accept", "settle_decline"]


def test_anothers_trade_looks_absent_on_every_address(
    driver: TradeDriver, alice: User, bob: User, carol: User
) -> None:
    trade = driver.paid(alice, bob)
    call = SignedCall.objects.first()
    assert call is not None
    stranger, body = as_user(carol), {"content_type": "application/json", "data": "{}"}
    for ref in (trade.ref, "ZZZZ-22", "not-a-ref"):
        for name in READ:
            assert stranger.get(reverse(f"trades:{name}", args=[ref])).status_code == 404, name
        assert stranger.get(reverse("trades:signed_file", args=[ref, call.pk])).status_code == 404
        for name in STEPS:
            assert (
                stranger.post(reverse(f"trades:{name}", args=[ref]), **body).status_code == 404
            ), name
        for name in NUMBERED:
            assert (
                stranger.post(reverse(f"trades:{name}", args=[ref, 1]), **body).status_code == 404
            ), name
    assert (
        as_user(alice).get(reverse("trades:signed_file", args=[trade.ref, call.pk])).status_code
        == 404
    )
    assert driver.fresh(trade).status == "PAID"


def test_the_signed_out_are_sent_to_sign_in(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.agreed(alice, bob)
    for name in READ:
        response = Client().get(reverse(f"trades:{name}", args=[trade.ref]))
        assert response.status_code == 302
        assert response["Location"].startswith("/connect/?next=")
    posted = Client().post(
        reverse("trades:signed", args=[trade.ref]), data="{}", content_type="application/json"
    )
    assert (posted.status_code, posted.json()["error"]["code"]) == (401, "signed_out")


def test_reading_never_writes_and_posting_is_needed_to_act(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.agreed(alice, bob)
    for name in [*STEPS, *NUMBERED]:
        args = [trade.ref, 1] if name in NUMBERED else [trade.ref]
        assert as_user(bob).get(reverse(f"trades:{name}", args=args)).status_code == 405, name
    before = driver.fresh(trade).event_count
    page(bob, trade)
    assert driver.fresh(trade).event_count == before


def test_the_list_parts_trades_by_whose_turn_it_is(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.funded(alice, bob)

    def refs(user: User, tab: str) -> bool:
        response = as_user(user).get(f"/trades/?tab={tab}")
        assert response.status_code == 200
        return trade.ref in response.content.decode()

    assert [refs(bob, tab) for tab in ("turn", "active", "disputed", "done")] == [
        True,
        True,
        False,
        False,
    ]
    assert [refs(alice, tab) for tab in ("turn", "active", "disputed", "done")] == [
        False,
        True,
        False,
        False,
    ]
    assert as_user(bob).get("/trades/?tab=other").status_code == 404
    assert not refs(User.objects.create(address="0x" + "77" * 20), "active")


def test_list_shows_what_is_settled_and_what_is_on_its_way(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """A release in the newest block: the trade still waits for Alice, and what may follow stands beside it."""
    trade, other = driver.paid(alice, bob), driver.paid(alice, bob)
    driver.skip(1)
    driver.send_move(trade, alice, "release")
    driver.follow()
    assert driver.fresh(trade).status == "PAID"
    shown = {ref: words for ref, words in _rows_of(alice, "turn").items() if "Your turn" in words}
    assert set(shown) == {trade.ref, other.ref}
    assert "On its way (1 of 2)" in shown[trade.ref]
    assert "On its way" not in shown[other.ref]
    driver.settle_down(trade)
    assert set(_rows_of(alice, "turn")) == {other.ref}
    ended = _rows_of(alice, "done")[trade.ref]
    assert ("Released" in ended, "On its way" in ended) == (True, False)


def test_list_says_when_the_chain_is_read_late_or_not_at_all(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.agreed(alice, bob)

    def says(sentence: str) -> list[bool]:
        pages = [as_user(bob).get(path) for path in ("/trades/", f"/trade/{trade.ref}/")]
        return [sentence in shown.content.decode() for shown in pages]

    slow, halted = "The network is slow. Your last step is saved", "We stopped reading the network"
    assert (says(slow), says(halted)) == ([False, False], [False, False])
    Chain.objects.update(problem="The node does not answer.")
    assert (says(slow), says(halted)) == ([True, True], [False, False])
    Chain.objects.update(halt_reason="Blocks 3 to 4 are gone. Run `python manage.py x`.")
    assert (says(slow), says(halted)) == ([False, False], [True, True])
    assert says("manage.py") == [False, False], "a command is for the operator"


def test_list_asks_the_database_as_often_for_five_trades_as_for_one(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    """Each trade with a lock that is on its way."""
    client = as_user(alice)

    def asked(trades: int) -> int:
        for _ in range(trades):
            driver.fund(driver.agreed(alice, bob))
        driver.follow()
        client.get("/trades/?tab=active")
        with CaptureQueriesContext(connection) as queries:
            html = client.get("/trades/?tab=active").content.decode()
        assert "On its way (" in html
        return len(queries)

    assert asked(1) == asked(4) == LIST_QUERIES


def _rows_of(user: User, tab: str) -> dict[str, str]:
    """The list's rows as text, by the trade's reference."""
    html = as_user(user).get(f"/trades/?tab={tab}").content.decode()
    rows = [re.sub(r"<[^>]+>", " ", row) for row in html.split('<li class="offer">')[1:]]
    found = {ref[0]: row for row in rows if (ref := re.search(r"[0-9A-Z]{4}-[0-9A-Z]{2}", row))}
    return {ref: " ".join(row.split()) for ref, row in found.items()}


def test_the_room_asks_the_database_a_pinned_number_of_times(
    driver: TradeDriver, alice: User, bob: User
) -> None:
    trade = driver.paid(alice, bob)
    client = as_user(alice)
    client.get(f"/trade/{trade.ref}/")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(f"/trade/{trade.ref}/")
    assert len(queries) <= ROOM_QUERIES, "\n".join(query["sql"][:120] for query in queries)
