"""What a wallet contract says of a signature, asked for signing in: there, not there yet, hostile, elsewhere, or nobody to ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.abi import function_signature_to_4byte_selector

from escrow.chain.build import FACTORY
from escrow.chain.contract_wallets import ERC6492_SUFFIX, Answer, ask_account, ask_contract
from escrow.chain.gateway import EIP1271_MAGIC, Gateway, NodeUnavailable
from stack import services
from tests.chain.escrow.nodes import running
from tests.drivers import wallets
from tests.drivers.wallets import SALT, signed_by, wrapped

DIGEST = bytes(range(32))
MAGIC = bytes.fromhex(EIP1271_MAGIC)


@pytest.fixture
def node(devnet: Any, anvil: str) -> Gateway:
    return Gateway(anvil, devnet.contract)


@pytest.fixture
def world(anvil: str) -> Any:
    """Everything on the chain that a read could have changed."""

    def look() -> tuple[Any, ...]:
        head: Any = services.rpc(anvil, "eth_getBlockByNumber", "latest", False)
        pool = services.rpc(anvil, "txpool_status")
        return (head["hash"], head["stateRoot"], str(pool))

    return look


def make_call(cast: Any) -> bytes:
    """The calldata with which a writing factory makes Alice's and Bob's wallet."""
    selector = function_signature_to_4byte_selector("make(bytes32,address,address)")
    return selector + encode(
        ["bytes32", "address", "address"], [SALT, cast.alice.address, cast.bob.address]
    )


# --- wallets that are there --------------------------------------------------------------------


def test_key_is_asked_first_and_needs_no_node(cast: Any, settings: Any) -> None:
    settings.CHAIN_RPC_URL = "http://127.0.0.1:9"
    account, signature = cast.alice.address, signed_by(DIGEST, cast.alice)
    assert ask_account(account, DIGEST, signature) is Answer.ACCEPTED


def test_two_owners_must_both_sign(node: Gateway, anvil: str, cast: Any) -> None:
    wallet = wallets.shared_wallet(anvil, cast.alice, cast.bob)
    for owners, answer in (
        ((cast.alice, cast.bob), Answer.ACCEPTED),
        ((cast.bob, cast.alice), Answer.REFUSED),
        ((cast.alice, cast.carol), Answer.REFUSED),
        ((cast.alice,), Answer.REFUSED),
        ((), Answer.REFUSED),
    ):
        assert ask_contract(node, wallet, DIGEST, signed_by(DIGEST, *owners)) is answer


@pytest.mark.parametrize(
    ("says", "answer"),
    [
        (MAGIC, Answer.ACCEPTED),  # true for everything: the wallet's own business
        (MAGIC + b"\xff" * 64, Answer.ACCEPTED),  # as the contract reads it: the first word
        (MAGIC[:31], Answer.REFUSED),
        (MAGIC[:4], Answer.REFUSED),
        (MAGIC[:31] + b"\1", Answer.REFUSED),
        (bytes(28) + MAGIC[:4], Answer.REFUSED),
        (b"\1".rjust(32, b"\0"), Answer.REFUSED),
        (b"", Answer.REFUSED),
    ],
)
def test_only_the_exact_word_is_a_yes(
    node: Gateway, anvil: str, says: bytes, answer: Answer
) -> None:
    """S09."""
    wallet = wallets.odd_wallet(anvil, says)
    assert ask_contract(node, wallet, DIGEST, b"\2" * 65) is answer


@pytest.mark.parametrize("name", ["BrokenWallet", "BurningWallet", "WritingWallet"])
def test_wallet_that_reverts_burns_or_writes(
    node: Gateway, anvil: str, world: Any, name: str
) -> None:
    """S09: one that writes when asked may say yes, but nothing of what it wrote stays."""
    wallet = wallets.put(anvil, wallets.init_code(name, []))
    before = world()
    answer = ask_contract(node, wallet, DIGEST, b"\2" * 65)
    assert answer is (Answer.ACCEPTED if name == "WritingWallet" else Answer.REFUSED)
    assert world() == before
    if name == "WritingWallet":
        call = {"to": wallet, "data": "0x" + function_signature_to_4byte_selector("asked()").hex()}
        assert int(str(services.rpc(anvil, "eth_call", call, "latest")), 16) == 0


def test_wallet_that_changes_its_answer_is_believed_at_the_moment_of_asking(
    node: Gateway, anvil: str
) -> None:
    """S09."""
    wallet = wallets.odd_wallet(anvil, MAGIC)
    assert ask_contract(node, wallet, DIGEST, b"") is Answer.ACCEPTED
    services.rpc(anvil, "anvil_setCode", wallet, "0x5f5ffd")
    assert ask_contract(node, wallet, DIGEST, b"") is Answer.REFUSED


# --- wallets that are not ------------------------------------------------------------------------


def test_account_without_code_is_not_there(node: Gateway, cast: Any) -> None:
    """S08."""
    for signature in (signed_by(DIGEST, cast.alice), b"", b"\1" * 130):
        assert ask_contract(node, cast.carol.address, DIGEST, signature) is Answer.NOT_THERE


def test_wallet_on_another_chain_is_not_there(node: Gateway, cast: Any, tmp_path: Path) -> None:
    """S02."""
    with running(900_011, tmp_path) as elsewhere:
        wallet = wallets.shared_wallet(elsewhere.url, cast.alice, cast.bob)
        signature = signed_by(DIGEST, cast.alice, cast.bob)
        there = Gateway(elsewhere.url, node.contract)
        assert ask_contract(there, wallet, DIGEST, signature) is Answer.ACCEPTED
        assert ask_contract(node, wallet, DIGEST, signature) is Answer.NOT_THERE


def test_wallet_that_is_not_there_yet_is_asked_and_still_not_there_afterwards(
    node: Gateway, anvil: str, cast: Any, world: Any
) -> None:
    """S11: the factory runs inside the question only."""
    code = wallets.shared_code(cast.alice, cast.bob)
    wallet, before = wallets.future_address(code), world()
    both = wrapped(signed_by(DIGEST, cast.alice, cast.bob), SALT + code)
    one = wrapped(signed_by(DIGEST, cast.alice), SALT + code)
    assert ask_contract(node, wallet, DIGEST, both) is Answer.ACCEPTED
    assert ask_contract(node, wallet, DIGEST, one) is Answer.REFUSED
    assert ask_contract(node, wallet, bytes(32), both) is Answer.REFUSED
    assert services.rpc(anvil, "eth_getCode", wallet, "latest") == "0x"
    assert world() == before


def test_factory_that_writes_leaves_no_trace(
    node: Gateway, anvil: str, cast: Any, world: Any
) -> None:
    """S11."""
    factory = wallets.put(anvil, wallets.init_code("WritingFactory", []))
    code = wallets.shared_code(cast.alice, cast.bob)
    wallet = wallets.future_address(code, factory)
    signature = wrapped(signed_by(DIGEST, cast.alice, cast.bob), make_call(cast), factory)
    before = world()
    assert ask_contract(node, wallet, DIGEST, signature) is Answer.ACCEPTED
    assert world() == before
    made = {"to": factory, "data": "0x" + function_signature_to_4byte_selector("made()").hex()}
    assert int(str(services.rpc(anvil, "eth_call", made, "latest")), 16) == 0
    assert services.rpc(anvil, "eth_getCode", wallet, "latest") == "0x"


def test_factory_that_makes_another_wallet_brings_nothing(
    node: Gateway, anvil: str, cast: Any
) -> None:
    """S11: a stranger brings a factory and a wallet of his own for Carol's address, and for one of nobody."""
    code = wallets.init_code("OddWallet", ["bytes"], MAGIC)
    mine = wrapped(b"\1" * 65, SALT + code)
    assert ask_contract(node, wallets.future_address(code), DIGEST, mine) is Answer.ACCEPTED
    for other in (cast.carol.address, "0x" + "ab" * 20):
        assert ask_contract(node, other, DIGEST, mine) is Answer.NOT_THERE


def test_factory_is_not_called_for_a_wallet_that_is_there(
    node: Gateway, anvil: str, cast: Any
) -> None:
    """S11: else a stranger's call to anything would run before the question. This one would burn its gas."""
    wallet = wallets.shared_wallet(anvil, cast.alice, cast.bob)
    both = signed_by(DIGEST, cast.alice, cast.bob)
    burning = wallets.put(anvil, wallets.init_code("BurningWallet", []))
    assert ask_contract(node, wallet, DIGEST, wrapped(both, b"", burning)) is Answer.ACCEPTED
    assert ask_contract(node, wallet, DIGEST, wrapped(b"", b"", burning)) is Answer.REFUSED


@pytest.mark.parametrize("name", ["BrokenWallet", "BurningWallet", None])
def test_factory_that_reverts_burns_or_is_none_brings_nothing(
    node: Gateway, anvil: str, cast: Any, name: str | None
) -> None:
    """S11."""
    factory = wallets.put(anvil, wallets.init_code(name, [])) if name else cast.carol.address
    wallet = wallets.future_address(wallets.shared_code(cast.alice, cast.bob), factory)
    signature = wrapped(signed_by(DIGEST, cast.alice, cast.bob), make_call(cast), factory)
    assert ask_contract(node, wallet, DIGEST, signature) is Answer.NOT_THERE


@pytest.mark.parametrize("name", ["BrokenWallet", "BurningWallet"])
def test_hostile_wallet_that_is_not_there_yet_says_no(node: Gateway, name: str) -> None:
    """S09, S11."""
    code = wallets.init_code(name, [])
    signature = wrapped(b"\1" * 65, SALT + code)
    assert ask_contract(node, wallets.future_address(code), DIGEST, signature) is Answer.REFUSED


@pytest.mark.parametrize("says", [MAGIC[:31], MAGIC[:31] + b"\1", b"\0" * 31 + b"\2", b""])
def test_only_the_exact_word_is_a_yes_of_a_wallet_that_is_not_there_yet(
    node: Gateway, says: bytes
) -> None:
    """S09, S11: nor does an answer pass for the asking contract's own."""
    code = wallets.init_code("OddWallet", ["bytes"], says)
    signature = wrapped(b"\1" * 65, SALT + code)
    assert ask_contract(node, wallets.future_address(code), DIGEST, signature) is Answer.REFUSED


@pytest.mark.parametrize(
    "inside", [b"", b"\1", b"\xff" * 96, encode(["address"], [FACTORY]), b"\0" * 95 + b"\xff"]
)
def test_wrapping_around_nothing_is_no_signature(node: Gateway, cast: Any, inside: bytes) -> None:
    """N13."""
    signature = inside + ERC6492_SUFFIX
    assert ask_contract(node, cast.carol.address, DIGEST, signature) is Answer.NOT_THERE


def test_long_signature_of_many_owners_is_still_asked(node: Gateway, anvil: str) -> None:
    """The price of its bytes is not taken from what the wallet gets."""
    wallet = wallets.odd_wallet(anvil, MAGIC)
    assert ask_contract(node, wallet, DIGEST, b"\xff" * 9_900) is Answer.ACCEPTED


def test_node_that_is_away_is_no_answer(cast: Any) -> None:
    away = Gateway("http://127.0.0.1:9", cast.carol.address, timeout_seconds=1)
    with pytest.raises(NodeUnavailable):
        ask_contract(away, cast.alice.address, DIGEST, b"")
