"""What a wallet or the chain refuses is told in one sentence, nothing is recorded, and the same button works afterwards."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from escrow.models import SignedCall, Submission
from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from tests.browser.conftest import Enter
from tests.drivers.browser import Person
from tests.drivers.trade import ETHER, TradeDriver
from tests.plugin.site import Site

SIGN, SEND = "eth_signTypedData_v4", "eth_sendTransaction"
SWITCH, ADD = "wallet_switchEthereumChain", "wallet_addEthereumChain"
UNKNOWN = "Your wallet does not know this network. Nothing was sent. Add it in the wallet, then try again."
CLOSED = "You closed the wallet request. Nothing was sent."
DEVNET = hex(72731)


@pytest.fixture
def trade(driver: TradeDriver, live_site: Site, alice: User, bob: User) -> Trade:
    """250 USDC locked by Alice for Bob."""
    with live_site.background.paused():
        return driver.funded(alice, bob)


@pytest.fixture
def buyer(enter: Enter, trade: Trade, bob: User) -> Person:
    """Bob, who is about to say that he has paid."""
    buyer = enter(bob, f"/trade/{trade.ref}/")
    buyer.sees("Send 231.40 EUR to Alice")
    return buyer


@pytest.mark.parametrize(
    ("code", "message", "sentence"),
    [
        (4001, "User rejected the request.", CLOSED),
        (-32002, "Request already pending.", "Your wallet is already asking. Open it to continue."),
        (4100, "Unauthorized.", "Your wallet has not allowed this page to use that account. Connect the account again."),
        (4200, "Unsupported.", "This wallet cannot do that. Nothing was sent. Use another wallet for this step."),
        (4900, "Disconnected.", "Your wallet lost its network. Nothing was sent. Try again when it is back."),
    ],
)  # fmt: skip
def test_refused_signature_has_its_sentence(
    buyer: Person, code: int, message: str, sentence: str
) -> None:
    """Rejected, pending, not allowed, not supported, disconnected (fault N15)."""
    buyer.wallet.refuse(SIGN, code, message)
    buyer.press("I have sent 231.40 EUR")
    expect(buyer.status).to_contain_text(sentence)
    assert not SignedCall.objects.exists()
    buyer.press("I have sent 231.40 EUR")
    buyer.sees("Alice checks the bank")


def test_unknown_network_is_added_and_the_step_goes_on(buyer: Person) -> None:
    """Wrong network, 4902: the page offers the pinned chain, then asks which network it really is (fault N15)."""
    buyer.wallet.be_elsewhere(1, knows_chain=False)
    buyer.press("I have sent 231.40 EUR")
    buyer.sees("Alice checks the bank")
    asked = [method for method, _ in buyer.wallet.calls]
    assert asked.index(SWITCH) < asked.index(ADD) < len(asked) - asked[::-1].index(SIGN)
    added = next(parameters[0] for method, parameters in buyer.wallet.calls if method == ADD)
    assert (added["chainId"], added["nativeCurrency"]["symbol"]) == (DEVNET, "ETH")


@pytest.mark.parametrize(
    "refusals",
    [
        pytest.param([(ADD, 4902, "Unrecognized chain ID.", None)], id="plainly"),
        pytest.param(
            [(ADD, -32603, "Internal error.", {"originalError": {"code": 4902}})], id="wrapped"
        ),
    ],
)
def test_network_that_cannot_be_added_is_told(
    buyer: Person, refusals: list[tuple[str, int, str, object]]
) -> None:
    """Wrong network, and the wallet cannot get to ours (fault N15)."""
    buyer.wallet.be_elsewhere(1, knows_chain=False)
    for refusal in refusals:
        buyer.wallet.refuse(*refusal)
    buyer.press("I have sent 231.40 EUR")
    expect(buyer.status).to_contain_text(UNKNOWN)
    assert SIGN not in buyer.wallet.prompts
    buyer.press("I have sent 231.40 EUR")
    buyer.sees("Alice checks the bank")


def test_person_who_stays_on_another_network_is_told(buyer: Person) -> None:
    """Nothing is asked to be signed on the wrong network (fault N15)."""
    buyer.wallet.be_elsewhere(1)
    buyer.wallet.refuse(SWITCH)
    buyer.press("I have sent 231.40 EUR")
    expect(buyer.status).to_contain_text(CLOSED)
    assert SIGN not in buyer.wallet.prompts
    assert buyer.wallet.chain_id == 1


def test_another_account_in_the_wallet_is_told(
    buyer: Person, driver: TradeDriver, carol: User
) -> None:
    buyer.wallet.account = driver.keys[carol.address]
    buyer.press("I have sent 231.40 EUR")
    expect(buyer.status).to_contain_text(
        re.compile(
            r"Test wallet shows 0x.{9}, but this page belongs to 0x.{9}\. Switch the account"
        )
    )
    assert SIGN not in buyer.wallet.prompts


def test_wallet_with_too_little_is_told(
    driver: TradeDriver, enter: Enter, live_site: Site, alice: User, bob: User
) -> None:
    """Locking 0.1 ETH from a wallet with half of it (fault N15)."""
    with live_site.background.paused():
        trade = driver.agreed(alice, bob, asset="ETH", fiat="250")
        driver.rpc("anvil_setBalance", alice.address, hex(ETHER // 20))
    seller = enter(alice, f"/trade/{trade.ref}/")
    seller.press("Lock 0.1 ETH")
    expect(seller.status).to_contain_text(
        "The wallet holds too little for this and its network fee. Nothing was sent. Add coins, then try again."
    )
    assert SEND not in seller.wallet.prompts
    assert not Submission.objects.exists()
    assert driver.node.balance(alice.address) == ETHER // 20


def test_wallet_without_gas_is_told(
    driver: TradeDriver, enter: Enter, live_site: Site, alice: User, bob: User
) -> None:
    """Releasing from a wallet without any ether: the node takes nothing, the page says why, and it works once there is some (fault N15)."""
    with live_site.background.paused():
        trade = driver.paid(alice, bob)
        driver.rpc("anvil_setBalance", alice.address, hex(0))
    seller = enter(alice, f"/trade/{trade.ref}/")
    seller.release(seen="231.40", coins="250 USDC")
    expect(seller.status).to_contain_text(
        "The wallet holds too little for this and its network fee. Nothing was sent. Add coins, then try again."
    )
    assert not Submission.objects.exists()
    driver.rpc("anvil_setBalance", alice.address, hex(ETHER))
    seller.press("Release 250 USDC")
    seller.sees("Done. You released 250 USDC to Bob")


def test_step_that_came_too_late_is_told(
    driver: TradeDriver, enter: Enter, live_site: Site, trade: Trade, alice: User, bob: User
) -> None:
    """The seller takes his coins back while "paid" is in the newest block, which his page has not seen yet."""
    with live_site.background.paused():
        driver.skip_past(trade.pay_by)
    seller = enter(alice, f"/trade/{trade.ref}/")
    seller.sees("Take your 250 USDC back?")
    before = driver.balance(trade, alice)
    with live_site.background.paused():
        driver.send_move(trade, bob, "markPaid")
        seller.press("Take 250 USDC back")
        expect(seller.status).to_contain_text(
            "This step does not fit where the trade stands now (it is paid). Nothing was moved."
        )
        expect(seller.status.locator("details")).not_to_have_attribute("open", "")
    assert SEND not in seller.wallet.prompts
    assert driver.balance(trade, alice) == before
    seller.sees("What arrived from Jonas Weber?")
