"""A signed step leaves its room as a file or a QR code, and anybody brings it back on the page for signed steps."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.test import Client
from django.utils import timezone

from escrow import relayer
from escrow.models import GasReservation, Relayer, SignedCall
from escrow.selectors import chain_clock
from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from marketplace.trades.stage import Stage
from tests.drivers.trade import TradeDriver
from tests.integration.trades.test_pages import IBAN, as_user, page, stage_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def trade(driver: TradeDriver, alice: User, bob: User) -> Trade:
    return driver.funded(alice, bob)


def file_of(user: User, trade: Trade, call: SignedCall) -> dict[str, Any]:
    response = as_user(user).get(f"/trade/{trade.ref}/signed/{call.pk}.json")
    assert response.status_code == 200
    document: dict[str, Any] = response.json()
    return document


def bring(text: str) -> tuple[int, str]:
    """Handed in by nobody in particular."""
    response = Client().post("/submit/", {"text": text})
    return response.status_code, response.content.decode()


def test_paid_is_saved_and_checked_by_anybody(driver: TradeDriver, trade: Trade, bob: User) -> None:
    call = driver.sign_move(trade, bob, "markPaid")
    status, html = bring(json.dumps(file_of(bob, trade, call)))
    assert status == 200
    assert "It fits: “paid”" in html
    assert "Send it from my wallet" in html
    found = re.search(r'<script id="carried-step" type="application/json">(.*?)</script>', html)
    assert found
    assert json.loads(found[1])["signature"] == call.signature


def test_file_is_uploaded_as_it_was_saved(driver: TradeDriver, trade: Trade, bob: User) -> None:
    call = driver.sign_move(trade, bob, "markPaid")
    response = as_user(bob).get(f"/trade/{trade.ref}/signed/{call.pk}.json")
    assert "attachment" in response["Content-Disposition"]
    uploaded = SimpleUploadedFile("parley.json", response.content, "application/json")
    answer = Client().post("/submit/", {"file": uploaded, "text": ""})
    assert "It fits: “paid”" in answer.content.decode()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Choose the file"),
        ("hello", "no signed step of a trade"),
        ("x" * 70_000, "far too long"),
        ('{"chainId": 1}', "for another network (chain 1)"),
    ],
    ids=["empty", "no file", "too long", "another network"],
)
def test_what_is_no_step_is_refused_with_a_sentence(
    driver: TradeDriver, text: str, sentence: str
) -> None:
    status, html = bring(text)
    assert (status, sentence in html) == (400, True)
    assert "Nothing was sent" in html


def test_made_step_needs_nobody_any_more(driver: TradeDriver, trade: Trade, bob: User) -> None:
    call = driver.sign_move(trade, bob, "markPaid")
    document = json.dumps(file_of(bob, trade, call))
    its_page = f"/trade/{trade.ref}/signed/{call.pk}/"
    assert "It is good until" in as_user(bob).get(its_page).content.decode()
    driver.settle_down(trade)
    assert "The contract has this step already" in as_user(bob).get(its_page).content.decode()
    status, html = bring(document)
    assert status == 200
    assert "It is there already" in html
    assert "Send it from my wallet" not in html


def test_step_that_came_too_late_says_what_the_contract_says(
    driver: TradeDriver, trade: Trade, alice: User, bob: User
) -> None:
    call = driver.sign_move(trade, bob, "markPaid")
    document = json.dumps(file_of(bob, trade, call))
    driver.send_move(trade, alice, "release")
    driver.mine(2)
    driver.follow()
    status, html = bring(document)
    assert status == 400
    assert "does not fit where the trade stands now" in html


def test_only_its_signer_has_the_file_and_the_page(
    driver: TradeDriver, trade: Trade, alice: User, bob: User, carol: User
) -> None:
    call = driver.sign_move(trade, bob, "markPaid")
    for address in (
        f"/trade/{trade.ref}/signed/{call.pk}.json",
        f"/trade/{trade.ref}/signed/{call.pk}/",
    ):
        assert as_user(bob).get(address).status_code == 200
        for other in (alice, carol):
            assert as_user(other).get(address).status_code == 404


def test_both_have_an_agreed_split_with_both_signatures(
    driver: TradeDriver, trade: Trade, alice: User, bob: User
) -> None:
    split = driver.propose_split(trade, alice, 100_000_000)
    call = driver.accept_split(trade, bob, split)
    documents = [file_of(user, trade, call) for user in (alice, bob)]
    assert documents[0] == documents[1]
    assert documents[0]["buyerSignature"] == call.buyer_signature
    status, html = bring(json.dumps(documents[0]))
    assert (status, "It fits: the agreed split" in html) == (200, True)


def test_page_of_a_signed_step_draws_its_code(driver: TradeDriver, trade: Trade, bob: User) -> None:
    call = driver.sign_move(trade, bob, "markPaid")
    html = as_user(bob).get(f"/trade/{trade.ref}/signed/{call.pk}/").content.decode()
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in html or "<svg viewBox=" in html
    assert "/submit/#" in html
    assert "style=" not in html[html.index("qr-box") :]
    SignedCall.objects.update(
        signature="0x" + b"".join(n.to_bytes(2, "big") for n in range(4_000)).hex()
    )
    html = as_user(bob).get(f"/trade/{trade.ref}/signed/{call.pk}/").content.decode()
    assert "too long for a QR code" in html


# --- what the room says of it ----------------------------------------------------------------


def test_room_tells_each_leg_of_a_relayed_step(
    driver: TradeDriver, trade: Trade, alice: User, bob: User
) -> None:
    """Signed, waiting, sent, 1 of 2, made: every word is true when it stands there."""
    driver.sign_move(trade, bob, "markPaid")
    html = page(bob, trade)
    assert stage_in(html) == Stage.ON_ITS_WAY
    assert "Waiting for our sender" in html
    assert "confirmations" not in html
    driver.rpc("evm_setAutomine", False)
    try:
        relayer.run_once()
        html = page(bob, trade)
        assert "Waiting for our sender" not in html
        assert "Sent to the network" in html
        assert "confirmations" not in html
        driver.mine()
    finally:
        driver.rpc("evm_setAutomine", True)
    driver.follow()
    for reader in (bob, alice):
        assert "1 of 2 confirmations" in page(reader, trade)
    assert driver.fresh(trade).status == "FUNDED"
    driver.mine()
    driver.follow()
    assert driver.fresh(trade).status == "PAID"
    assert stage_in(page(bob, trade)) == Stage.WAIT_CONFIRM


def test_slow_step_can_be_sent_by_ones_own_wallet(
    driver: TradeDriver, trade: Trade, alice: User, bob: User
) -> None:
    call = driver.sign_move(trade, bob, "markPaid")
    assert "Send it from my own wallet" not in page(bob, trade)
    SignedCall.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    html = page(bob, trade)
    assert "This takes longer than usual" in html
    assert "Send it from my own wallet" in html
    assert f"/trade/{trade.ref}/signed/{call.pk}/" in html
    assert "Send it from my own wallet" not in page(alice, trade)


def test_paid_that_is_not_mined_near_the_end_is_told_at_once(
    driver: TradeDriver, trade: Trade, bob: User
) -> None:
    """Twenty seconds are long when five minutes are left."""
    driver.sign_move(trade, bob, "markPaid")
    SignedCall.objects.update(created_at=timezone.now() - timedelta(seconds=20))
    assert "has not written your “paid” down yet" not in page(bob, trade)
    driver.skip(trade.pay_by - 600 - 200 - chain_clock())
    html = page(bob, trade)
    assert "has not written your “paid” down yet" in html
    assert "Send it from my own wallet" in html


def test_refused_step_says_why_to_its_signer_alone(
    driver: TradeDriver, trade: Trade, alice: User, bob: User
) -> None:
    """With the next step: where the hub would not pay, his own wallet still can."""
    driver.sign_move(trade, bob, "markPaid")
    SignedCall.objects.update(
        status="REFUSED", reason="TooDear", text="This step costs more gas than the hub pays."
    )
    html = page(bob, trade)
    assert "Your last step did not go through: This step costs more gas" in html
    assert "Send it from my own wallet" in html
    assert "Your last step" not in page(alice, trade)


def test_account_is_withheld_without_a_promise(
    driver: TradeDriver, trade: Trade, bob: User
) -> None:
    """The relayer works, but the gas for this very "paid" is not kept ready."""
    assert stage_in(page(bob, trade)) == Stage.PAY
    GasReservation.objects.filter(trade_id=trade.trade_id).update(covered_at=None)
    html = page(bob, trade)
    assert stage_in(html) == Stage.PAY
    assert 'move="markPaid" way="send"' in html
    driver.rpc("anvil_setBalance", bob.address, "0x0")
    html = page(bob, trade)
    assert stage_in(html) == Stage.PAY_WITHHELD
    assert "One moment" in html
    assert IBAN not in html
    GasReservation.objects.update(created_at=F("created_at") - timedelta(seconds=16))
    html = page(bob, trade)
    assert "Wait with the payment" in html
    assert IBAN not in html
    relayer.run_once()
    html = page(bob, trade)
    assert stage_in(html) == Stage.PAY
    assert 'move="markPaid" way="sign"' in html


def test_buyer_with_gas_pays_and_says_so_himself_while_nobody_relays(
    driver: TradeDriver, trade: Trade, bob: User
) -> None:
    Relayer.objects.update(is_ok=False, reason="No gas left.")
    html = page(bob, trade)
    assert stage_in(html) == Stage.PAY
    assert 'move="markPaid" way="send"' in html
    assert "a transaction from your own wallet" in html
