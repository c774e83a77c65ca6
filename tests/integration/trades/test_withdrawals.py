"""A credit's signed withdrawal: handed in on the wallet page, and kept as a file that anybody can bring."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from escrow.carried import carried
from escrow.chain.typed_data import digest
from escrow.chain.types import ZERO_ADDRESS
from escrow.models import SignedCall
from escrow.selectors import chain_clock
from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from tests.drivers.trade import TradeDriver

pytestmark = pytest.mark.django_db
ELSEWHERE = "0x000000000000000000000000000000000000bEEF"


@pytest.fixture
def owed(driver: TradeDriver, alice: User, bob: User) -> int:
    """What the contract keeps for Bob, whose wallet took no coins when Alice released them."""
    trade = driver.paid(alice, bob, asset="ETH")
    driver.rpc("anvil_setCode", bob.address, "0x5f5ffd")
    driver.send_move(trade, alice, "release")
    driver.settle_down(trade)
    return driver.node.credit(ZERO_ADDRESS, bob.address)


def signed(driver: TradeDriver, user: User, amount: int) -> dict[str, Any]:
    message = {
        "account": user.address,
        "token": ZERO_ADDRESS,
        "amount": amount,
        "to": ELSEWHERE,
        "deadline": chain_clock() + 3_600,
    }
    hashed = digest(
        "Withdraw", message, chain_id=driver.chain.pk, contract=driver.chain.contract_address
    )
    return {**message, "signature": driver.signed(user, hashed)}


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_signed_withdrawal_is_handed_in_and_can_be_carried_by_anybody(
    driver: TradeDriver, owed: int, alice: User, bob: User, page_bundle: None
) -> None:
    """N10: the hub is not needed; the file is what it would send."""
    client = client_of(bob)
    assert f'value="{owed}"' in client.get("/wallet/").content.decode()
    body = {name: str(value) for name, value in signed(driver, bob, owed).items()}
    answer = client.post("/wallet/withdraw/", body, content_type="application/json")
    assert (answer.status_code, answer.json()) == (202, {"state": "WAITING"})

    call = SignedCall.objects.get(move="withdraw")
    where = f"/wallet/signed/{call.pk}"
    assert f"{where}/" in client.get("/wallet/").content.decode()
    page = client.get(f"{where}/").content.decode()
    assert "Your signed step: withdrawing a credit" in page
    assert f"{where}.json" in page
    assert not carried(client.get(f"{where}.json").content.decode()).is_made
    for suffix in ("/", ".json"):
        assert client_of(alice).get(where + suffix).status_code == 404

    driver.settle_down(Trade.objects.get(buyer=bob))
    assert driver.node.balance(ELSEWHERE) == owed
    assert where not in client.get("/wallet/").content.decode()
    assert "has this step already" in client.get(f"{where}/").content.decode()


def test_a_withdrawal_that_another_signed_is_refused(
    driver: TradeDriver, owed: int, alice: User, bob: User
) -> None:
    body = {name: str(value) for name, value in signed(driver, alice, owed).items()}
    answer = client_of(bob).post("/wallet/withdraw/", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "signature_wrong"
    assert not SignedCall.objects.filter(move="withdraw").exists()
