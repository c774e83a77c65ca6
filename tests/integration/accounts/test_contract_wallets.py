"""Signing in with a contract wallet: its owners may take a day, and nothing they did is lost on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.db import connections
from django.test import Client, RequestFactory
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak

from escrow.chain.siwe import SignInMessage
from marketplace.accounts import challenges, services
from marketplace.accounts.challenges import NoChallenge
from marketplace.accounts.models import Challenge, User
from stack import services as servers
from tests.drivers import wallets
from tests.integration.accounts.conftest import DEVICE, Browser

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


class Owners:
    """Alice's and Bob's wallet, and the two requests of signing in with it from one browser."""

    def __init__(self, browser: Browser, address: str, cast: Any) -> None:
        self.browser = browser
        self.address = address
        self.cast = cast

    def ask(self, **changes: Any) -> Any:
        body = {"address": self.address, "device": DEVICE, "slow": True, **changes}
        return self.browser.post("/connect/challenge/", body).json()

    def answer(self, message: str, signature: bytes, *, browser: Browser | None = None) -> Any:
        body = {"message": message, "signature": "0x" + signature.hex()}
        return (browser or self.browser).post("/connect/verify/", body)

    def both(self, message: str) -> bytes:
        return wallets.signed_by(digest(message), self.cast.alice, self.cast.bob)

    def one(self, message: str) -> bytes:
        return wallets.signed_by(digest(message), self.cast.alice)


def digest(message: str) -> bytes:
    signable = encode_defunct(text=message)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture
def owners(browser: Browser, chain: Any, anvil: str, cast: Any) -> Owners:
    return Owners(browser, wallets.shared_wallet(anvil, cast.alice, cast.bob), cast)


@pytest.fixture
def future(browser: Browser, chain: Any, cast: Any) -> Owners:
    """The same, before it is on the chain."""
    address = wallets.future_address(wallets.shared_code(cast.alice, cast.bob))
    return Owners(browser, address, cast)


# --- what is asked ---------------------------------------------------------------------------


def test_a_slow_message_says_itself_that_it_is_good_for_24_hours(owners: Owners) -> None:
    asked = owners.ask()
    message = SignInMessage.parse(asked["message"])
    issued = datetime.fromisoformat(message.issued_at)
    assert datetime.fromisoformat(str(message.expiration_time)) - issued == 24 * HOUR
    assert asked["goodUntil"] == int((issued + 24 * HOUR).timestamp())
    assert asked["slow"] is True
    row = Challenge.objects.get()
    assert (row.is_slow, row.tries_left) == (True, challenges.SLOW_TRIES)
    assert row.expires_at == issued + 24 * HOUR


@pytest.mark.parametrize("slow", [False, None, "yes", 1])
def test_nobody_gets_a_slow_message_without_asking_for_it(owners: Owners, slow: Any) -> None:
    asked = owners.ask(slow=slow)
    message = SignInMessage.parse(asked["message"])
    issued = datetime.fromisoformat(message.issued_at)
    assert datetime.fromisoformat(str(message.expiration_time)) - issued == timedelta(minutes=5)
    assert asked["slow"] is False
    assert Challenge.objects.get().tries_left == 1


def test_the_same_browser_goes_on_with_the_same_message(owners: Owners) -> None:
    """A page that was closed meanwhile: what the first owner signed is still good."""
    first = owners.ask()
    assert owners.ask() == first
    assert Challenge.objects.count() == 1
    other_device = owners.ask(device={**DEVICE, "signing": "44" * 32})
    fresh = owners.ask(fresh=True)
    quick = owners.ask(slow=False)
    assert len({each["message"] for each in (first, other_device, fresh, quick)}) == 4
    assert owners.ask() == fresh


def test_another_browser_gets_another_message(owners: Owners, other_browser: Browser) -> None:
    """W01."""
    first = owners.ask()
    other = Owners(other_browser, owners.address, owners.cast).ask()
    assert first["message"] != other["message"]


def test_a_session_keeps_two_slow_messages_and_quick_ones_push_none_of_them_out(
    owners: Owners, cast: Any
) -> None:
    made = [owners.ask(fresh=True)["message"] for _ in range(4)]
    for _ in range(9):
        owners.browser.ask(cast.alice)
    kept = set(Challenge.objects.filter(is_slow=True).values_list("message", flat=True))
    assert kept == set(made[-2:])
    assert Challenge.objects.filter(is_slow=False).count() == challenges.OPEN_QUICK


# --- what is accepted ------------------------------------------------------------------------


def test_both_owners_sign_in_and_the_message_is_used_up(owners: Owners) -> None:
    message = owners.ask()["message"]
    answer = owners.answer(message, owners.both(message))
    assert (answer.status_code, answer.json()) == (200, {"next": "/"})
    assert owners.browser.client.session["_auth_user_id"] == str(
        User.objects.get(address=owners.address).pk
    )
    owners.browser.client.post("/connect/leave/")
    assert code_of(owners.answer(message, owners.both(message))) == (403, "sign_in_nonce")
    assert not owners.browser.is_signed_in


def test_a_quick_message_serves_a_contract_wallet_too(owners: Owners) -> None:
    message = owners.ask(slow=False)["message"]
    assert owners.answer(message, owners.both(message)).status_code == 200


def test_an_approval_on_the_chain_needs_no_signature(owners: Owners, anvil: str) -> None:
    message = owners.ask()["message"]
    assert code_of(owners.answer(message, b"")) == (403, "sign_in_wallet_refused")
    for owner in (owners.cast.alice, owners.cast.bob):
        approve(anvil, owners.address, owner.address, digest(message))
    assert owners.answer(message, b"").status_code == 200


def test_a_missing_owner_costs_a_try_and_not_the_message(owners: Owners) -> None:
    message = owners.ask()["message"]
    answer = owners.answer(message, owners.one(message))
    assert code_of(answer) == (403, "sign_in_wallet_refused")
    row = Challenge.objects.get()
    assert row.tries_left == challenges.SLOW_TRIES - 1
    assert answer.json()["error"]["text"] == (
        "The wallet at this address does not accept the signature. If owners still have to sign, or their approval is not on the "
        f"network yet, try again afterwards: the message stays good until {row.expires_at:%H:%M} UTC on "
        f"{row.expires_at:%-d %B}, for 19 more tries."
    )
    assert not owners.browser.is_signed_in
    assert owners.answer(message, owners.both(message)).status_code == 200


def test_tries_come_to_an_end(owners: Owners) -> None:
    """W01: guessing is not free."""
    message = owners.ask()["message"]
    for _ in range(challenges.SLOW_TRIES):
        answer = owners.answer(message, owners.one(message))
    assert "Start again, and let all its owners sign." in answer.json()["error"]["text"]
    assert not Challenge.objects.exists()
    assert code_of(owners.answer(message, owners.both(message))) == (403, "sign_in_nonce")
    assert not owners.browser.is_signed_in


def test_a_message_that_names_no_question_costs_a_try_of_the_newest(owners: Owners) -> None:
    """W01."""
    message = owners.ask()["message"]
    changed = message.replace("Nonce: ", "Nonce: x")
    assert owners.answer(changed, owners.both(changed)).status_code == 403
    assert Challenge.objects.get().tries_left == challenges.SLOW_TRIES - 1


def test_the_message_is_bound_to_the_browser_that_asked(
    owners: Owners, other_browser: Browser
) -> None:
    """W01: what the owners signed may be read by anybody, and is of no use elsewhere."""
    message = owners.ask()["message"]
    signature = owners.both(message)
    Owners(other_browser, owners.address, owners.cast).ask()
    assert owners.answer(message, signature, browser=other_browser).status_code == 403
    assert not other_browser.is_signed_in
    without_session = Browser(Client())
    assert owners.answer(message, signature, browser=without_session).status_code == 403
    assert owners.answer(message, signature).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_ten_right_answers_at_once_one_signs_in(owners: Owners) -> None:
    """W01: a slow message has tries enough for all of them, and still serves once."""
    message = owners.ask()["message"]
    signature, count = owners.both(message), 10
    cookie = owners.browser.client.cookies[site.SESSION_COOKIE_NAME].value
    barrier, codes = threading.Barrier(count), []

    def answer() -> None:
        mine = Browser(Client())
        mine.client.cookies[site.SESSION_COOKIE_NAME] = cookie
        barrier.wait()
        codes.append(owners.answer(message, signature, browser=mine).status_code)
        connections.close_all()

    threads = [threading.Thread(target=answer) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200] + [403] * (count - 1)


def test_signing_in_with_a_key_meanwhile_loses_nothing(owners: Owners) -> None:
    message = owners.ask()["message"]
    owners.browser.sign_in(owners.cast.carol)
    assert owners.answer(message, owners.both(message)).status_code == 200
    user = User.objects.get(address=owners.address)
    assert owners.browser.client.session["_auth_user_id"] == str(user.pk)


def test_a_signature_for_one_wallet_does_not_open_its_owners_other_one(
    owners: Owners, anvil: str
) -> None:
    """S10: two wallets of the same owners. The message names the account, so what they signed is another text."""
    twin = Owners(
        owners.browser,
        wallets.shared_wallet(anvil, owners.cast.alice, owners.cast.bob),
        owners.cast,
    )
    first, second = owners.ask()["message"], twin.ask()["message"]
    assert code_of(twin.answer(second, owners.both(first))) == (403, "sign_in_wallet_refused")
    renamed = first.replace(owners.address, twin.address)
    assert code_of(twin.answer(renamed, twin.both(renamed))) == (403, "sign_in_nonce")
    assert not User.objects.filter(address=twin.address).exists()
    assert owners.answer(first, owners.both(first)).status_code == 200


# --- time ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("is_slow", "life"), [(True, 24 * HOUR), (False, timedelta(minutes=5))])
@pytest.mark.parametrize(
    ("late", "is_good"), [(-SECOND, True), (0 * SECOND, False), (SECOND, False)]
)
def test_the_last_second_is_the_one_before_the_end(
    owners: Owners,
    rf: RequestFactory,
    is_slow: bool,
    life: timedelta,
    late: timedelta,
    is_good: bool,
) -> None:
    """W01: at 24 hours less one second it is good, at 24 hours it is not."""
    start = datetime(2030, 1, 1, 12, 0, 0, 999_999, tzinfo=UTC)
    request = rf.post("/connect/verify/")
    request.session = owners.browser.client.session
    asked = services.challenge(
        request,
        address=owners.address,
        **DEVICE,
        is_slow=is_slow,
        now=start,
    )
    assert asked.expires_at == start.replace(microsecond=0) + life
    answer: Callable[[], User] = lambda: services.sign_in(  # noqa: E731 - said twice below
        request,
        message=asked.message,
        signature="0x" + owners.both(asked.message).hex(),
        now=asked.expires_at + late,
    )
    if is_good:
        assert answer().address == owners.address
        return
    with pytest.raises(NoChallenge, match="took too long"):
        answer()
    assert not User.objects.filter(address=owners.address).exists()


def test_a_slow_message_that_ran_out_is_not_given_again(owners: Owners) -> None:
    first = owners.ask()
    Challenge.objects.update(expires_at=datetime.now(UTC) - SECOND)
    again = owners.ask()
    assert again["message"] != first["message"]
    assert Challenge.objects.get().message == again["message"]


# --- who is not there ------------------------------------------------------------------------


def test_a_wallet_that_is_not_there_is_told_so(owners: Owners, future: Owners) -> None:
    """S02, S08: also one that stands on another chain."""
    message = future.ask()["message"]
    answer = future.answer(message, future.both(message))
    assert code_of(answer) == (403, "sign_in_wallet_not_there")
    assert answer.json()["error"]["text"].startswith(
        "There is no wallet contract at this address on this network. A contract wallet counts only where it stands:"
    )
    assert not User.objects.filter(address=future.address).exists()


def test_a_wallet_that_is_not_there_yet_signs_in_and_nothing_is_written(
    future: Owners, anvil: str
) -> None:
    """S11."""
    before = head_of(anvil)
    message = future.ask()["message"]
    call = wallets.SALT + wallets.shared_code(future.cast.alice, future.cast.bob)
    one, both = (
        wallets.wrapped(signature, call)
        for signature in (future.one(message), future.both(message))
    )
    assert code_of(future.answer(message, one)) == (403, "sign_in_wallet_refused")
    assert future.answer(message, both).status_code == 200
    assert User.objects.filter(address=future.address).exists()
    assert head_of(anvil) == before
    assert servers.rpc(anvil, "eth_getCode", future.address, "latest") == "0x"


def test_a_stranger_s_factory_brings_nobody_else_in(
    browser: Browser, chain: Any, cast: Any
) -> None:
    """S11: a wallet that accepts everything, wrapped up for Carol's account."""
    carol = Owners(browser, cast.carol.address, cast)
    message = carol.ask()["message"]
    always = wallets.init_code("OddWallet", ["bytes"], b"\x16\x26\xba\x7e".ljust(32, b"\0"))
    answer = carol.answer(message, wallets.wrapped(b"\1" * 65, wallets.SALT + always))
    assert code_of(answer) == (403, "sign_in_wallet_not_there")
    assert not browser.is_signed_in


@pytest.mark.parametrize("name", ["BrokenWallet", "BurningWallet"])
def test_a_hostile_wallet_is_a_refusal_and_no_accident(
    browser: Browser, chain: Any, anvil: str, cast: Any, name: str
) -> None:
    """S09, W05."""
    hostile = Owners(browser, wallets.put(anvil, wallets.init_code(name, [])), cast)
    message = hostile.ask()["message"]
    assert code_of(hostile.answer(message, b"\1" * 65)) == (403, "sign_in_wallet_refused")


# --- nobody to ask ---------------------------------------------------------------------------


@pytest.mark.parametrize("slow", [True, False])
def test_while_the_node_is_away_nothing_is_lost(owners: Owners, settings: Any, slow: bool) -> None:
    """W05: also the one try of a quick message is given back."""
    message = owners.ask(slow=slow)["message"]
    before = Challenge.objects.values("message", "tries_left").get()
    url, settings.CHAIN_RPC_URL = settings.CHAIN_RPC_URL, "http://127.0.0.1:9"
    answer = owners.answer(message, owners.both(message))
    assert code_of(answer) == (503, "node_silent")
    assert answer.json()["error"]["text"] == (
        "The network does not answer right now. Nothing was changed; try again in a minute."
    )
    assert Challenge.objects.values("message", "tries_left").get() == before
    assert not owners.browser.is_signed_in
    settings.CHAIN_RPC_URL = url
    assert owners.answer(message, owners.both(message)).status_code == 200


def test_a_key_signs_in_while_the_node_is_away(browser: Browser, cast: Any, settings: Any) -> None:
    """W05."""
    settings.CHAIN_RPC_URL = "http://127.0.0.1:9"
    assert browser.sign_in(cast.alice).status_code == 200


def approve(rpc_url: str, wallet: str, owner: str, approved: bytes) -> None:
    """An owner's approval by a call of his own."""
    from eth_utils.abi import function_signature_to_4byte_selector

    data = function_signature_to_4byte_selector("approve(bytes32)") + approved
    servers.rpc(rpc_url, "anvil_setBalance", owner, hex(10**18))
    servers.rpc(rpc_url, "anvil_impersonateAccount", owner)
    servers.rpc(
        rpc_url, "eth_sendTransaction", {"from": owner, "to": wallet, "data": "0x" + data.hex()}
    )
    servers.rpc(rpc_url, "anvil_mine", "0x1")


def head_of(rpc_url: str) -> Any:
    head: Any = servers.rpc(rpc_url, "eth_getBlockByNumber", "latest", False)
    return head["hash"], head["stateRoot"]
