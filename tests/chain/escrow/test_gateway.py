"""Every move through the gateway, called and signed, on a real node."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi import encode
from eth_account import Account

from escrow.chain import typed_data
from escrow.chain.codec import artifact, encode_call
from escrow.chain.deploy import DeploymentBroken, WrongChain, deploy_devnet
from escrow.chain.errors import EscrowReverted
from escrow.chain.gateway import Gateway, NoContract, NodeUnavailable
from escrow.chain.moves import direct_calldata, message_of, permit_calldata
from escrow.chain.types import DISPUTED, FUNDED, NONE, PAID, ZERO_ADDRESS, Call
from tests.chain.escrow.conftest import DAY, ETHER, FAR, Walker

EVIDENCE = f"0x{99:064x}"
FEE = ETHER * 50 // 10_000


def test_id_of_the_contract_is_ours(walker: Walker) -> None:
    """S05: contract and Python hash the same Trade to the same id."""
    terms = walker.terms(amount=2**128 - 1, token=walker.usdc)
    call = {"to": walker.node.contract, "data": encode_call("idOf", terms.as_tuple())}
    assert walker.node.rpc.ask("eth_call", call, "latest") == terms.trade_id


def test_domain_of_the_contract_is_ours(walker: Walker) -> None:
    """S04."""
    _, message = message_of("release", walker.terms(), funded_at=1, arguments={}, deadline=2)
    document = typed_data.typed_message("Release", message, 72731, walker.node.contract)
    assert walker.node.domain() == tuple(document["domain"].values())


def test_funding_locks_the_coins_and_starts_the_clock(walker: Walker) -> None:
    terms = walker.terms()
    receipt = walker.fund(terms)
    state = walker.node.escrow_state(terms.trade_id)
    time = walker.node.block_always(receipt.block_number).time
    assert (state.status, state.since, state.funded_at, state.pay_by) == (
        FUNDED,
        time,
        time,
        time + 1_800,
    )
    assert walker.node.balance(walker.node.contract) == ETHER


def test_tokens_are_locked_by_allowance(walker: Walker) -> None:
    terms = walker.terms(token=walker.usdc, amount=250_000_000)
    walker.fund(terms)
    assert walker.node.token_balance(walker.usdc, walker.node.contract) == 250_000_000
    assert walker.node.allowance(walker.usdc, walker.seller.address) == 0


def test_tokens_are_locked_by_permit(walker: Walker) -> None:
    terms = walker.terms(token=walker.usdc, amount=250_000_000)
    mint = encode_call("mint", terms.seller, terms.amount, contract="TestUSDC")
    walker.send(walker.seller, Call(to=walker.usdc, data=mint))
    v, r, s = _permit(walker, terms.amount)
    walker.send(
        walker.seller, walker.node.call_of(permit_calldata(terms, deadline=FAR, v=v, r=r, s=s))
    )
    assert walker.node.escrow_state(terms.trade_id).status == FUNDED


# Each row: status the trade is walked to, move, who makes it, arguments, status after it.
MOVES = [
    ("FUNDED", "markPaid", "buyer", {}, PAID),
    ("FUNDED", "grantTime", "seller", {"newPayBy": "later"}, FUNDED),
    ("FUNDED", "release", "seller", {}, NONE),
    ("FUNDED", "cancel", "buyer", {}, NONE),
    ("PAID", "release", "seller", {}, NONE),
    ("PAID", "cancel", "buyer", {}, NONE),
    ("PAID", "dispute", "buyer", {"evidence": EVIDENCE}, DISPUTED),
    ("PAID", "dispute", "seller", {"evidence": EVIDENCE}, DISPUTED),
    ("DISPUTED", "release", "seller", {}, NONE),
    ("DISPUTED", "cancel", "buyer", {}, NONE),
    ("DISPUTED", "rule", "arbitrator", {"toBuyer": ETHER // 4, "evidence": EVIDENCE}, NONE),
]


@pytest.mark.parametrize("way", ["move", "relay"])
@pytest.mark.parametrize(("status", "name", "role", "arguments", "after"), MOVES)
def test_move_leads_to_its_status_called_and_signed(
    walker: Walker,
    way: str,
    status: str,
    name: str,
    role: str,
    arguments: dict[str, Any],
    after: int,
) -> None:
    terms = walker.funded(status)
    if "newPayBy" in arguments:
        arguments = {"newPayBy": walker.node.escrow_state(terms.trade_id).pay_by + 600}
    getattr(walker, way)(name, terms, getattr(walker, role), **arguments)
    state = walker.node.escrow_state(terms.trade_id)
    assert state.status == after
    if "newPayBy" in arguments:
        assert state.pay_by == arguments["newPayBy"]


@pytest.mark.parametrize("way", ["move", "relay"])
def test_reclaim_gives_all_back_after_pay_by(walker: Walker, way: str) -> None:
    terms = walker.funded(token=walker.usdc, amount=1_000_000)
    walker.skip(1_801)
    getattr(walker, way)("reclaim", terms, walker.seller)
    assert walker.balance(walker.seller, walker.usdc) == 1_000_000
    assert walker.node.escrow_state(terms.trade_id).status == NONE


def test_split_needs_both_signatures_and_takes_the_fee_on_the_buyers_part(walker: Walker) -> None:
    terms = walker.funded("PAID", token=walker.usdc, amount=1_000_000)
    half = {"toBuyer": 500_000}
    signatures = {
        "seller_signature": walker.signature("settle", terms, walker.seller, **half),
        "buyer_signature": walker.signature("settle", terms, walker.buyer, **half),
    }
    data = direct_calldata("settle", terms, half, deadline=FAR, **signatures)
    walker.send(walker.stranger, walker.node.call_of(data))
    assert walker.balance(walker.buyer, walker.usdc) == 497_500
    assert walker.balance(walker.seller, walker.usdc) == 500_000
    assert walker.node.fees(walker.usdc) == 2_500


@pytest.mark.parametrize(
    ("status", "wait", "to_buyer"),
    [
        ("FUNDED", DAY + 1_801, 0),
        ("PAID", 3 * DAY + 1, ETHER - FEE),
        ("DISPUTED", 14 * DAY + 1, ETHER // 2),
    ],
)
def test_anybody_ends_a_trade_whose_clock_ran_out(
    walker: Walker, status: str, wait: int, to_buyer: int
) -> None:
    terms = walker.funded(status)
    before = walker.balance(walker.buyer)
    walker.skip(wait)
    walker.move("timeout", terms, walker.stranger)
    assert walker.balance(walker.buyer) - before == to_buyer


def test_simulation_names_the_contracts_error_and_moves_nothing(walker: Walker) -> None:
    terms = walker.funded()
    call = walker.node.call_of(direct_calldata("markPaid", terms), sender=walker.stranger.address)
    with pytest.raises(EscrowReverted) as refused:
        walker.node.simulate(call)
    assert refused.value.name == "NotBuyer"
    assert refused.value.arguments == {"caller": walker.stranger.address}
    assert "Only the buyer" in str(refused.value)
    assert walker.node.escrow_state(terms.trade_id).status == FUNDED


def test_signature_of_another_funding_is_refused(walker: Walker) -> None:
    """S01: a signature binds fundedAt, so a second funding of the same id revives nothing."""
    terms = walker.funded()
    old = walker.signature("release", terms, walker.seller)
    walker.move("cancel", terms, walker.buyer)
    walker.skip(5)
    walker.fund(terms)
    walker.skip(2)
    data = encode_call("releaseBySig", terms.as_tuple(), FAR, bytes.fromhex(old[2:]))
    with pytest.raises(EscrowReverted) as refused:
        walker.node.simulate(walker.node.call_of(data, sender=walker.stranger.address))
    assert refused.value.name == "BadSignature"


def test_compact_and_long_signatures_are_both_ours_and_the_contracts(walker: Walker) -> None:
    """S06: 64 and 65 bytes are taken, the twin with a high s is not, by Python and contract alike."""
    terms = walker.funded()
    long = bytes.fromhex(walker.signature("markPaid", terms, walker.buyer)[2:])
    r, s, v = long[:32], int.from_bytes(long[32:64], "big"), long[64]
    compact = r + (s | ((v - 27) << 255)).to_bytes(32, "big")
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    twin = r + (order - s).to_bytes(32, "big") + bytes([55 - v])
    hashed = _mark_paid_digest(walker, terms)
    for signature, is_good in ((long, True), (compact, True), (twin, False), (long + b"\0", False)):
        assert _is_recovered(walker, hashed, signature) is is_good
        assert _is_taken(walker, terms, signature) is is_good


def test_signature_for_an_account_without_code_is_not_valid(walker: Walker) -> None:
    """S08: no code means no contract signature."""
    assert (
        walker.node.is_contract_signature(walker.stranger.address, b"\1" * 32, b"\2" * 65) is False
    )


@pytest.mark.parametrize(
    ("code", "is_valid"),
    [
        ("0x631626ba7e60e01b5f5260205ff3", True),  # answers the magic word
        ("0x5f5ffd", False),  # reverts
        ("0x60015f5260205ff3", False),  # answers one
        ("0x631626ba7e60e01b5f52601f5ff3", False),  # answers 31 bytes
        ("0x5b5f56", False),  # burns all gas
    ],
)
def test_contract_wallet_is_asked_within_limits(walker: Walker, code: str, is_valid: bool) -> None:
    """S09: only the exact magic word counts; hostile wallets are just not valid."""
    wallet = "0x00000000000000000000000000000000000A11ce"
    walker.rpc("anvil_setCode", wallet, code)
    assert walker.node.is_contract_signature(wallet, b"\1" * 32, b"\2" * 65) is is_valid


def test_price_feed_is_read_with_its_round(walker: Walker) -> None:
    feed = walker.node.read_feed(walker.deployment.feeds["EUR/USD"])
    assert (feed.answer, feed.decimals, feed.round_id) == (108_000_000, 8, 1)
    assert feed.updated_at > 0


def test_credit_waits_for_a_buyer_who_cannot_be_paid_and_is_withdrawn_by_signature(
    walker: Walker,
) -> None:
    terms = walker.funded("PAID")
    walker.rpc("anvil_setCode", walker.buyer.address, "0x5f5ffd")
    walker.move("release", terms, walker.seller)
    owed = walker.node.credit(ZERO_ADDRESS, walker.buyer.address)
    assert owed == ETHER - FEE
    target = "0x" + "b0b0b".zfill(40)
    message = {
        "account": walker.buyer.address,
        "token": ZERO_ADDRESS,
        "amount": owed,
        "to": target,
        "deadline": FAR,
    }
    signature = walker.sign(walker.buyer, "Withdraw", message)
    data = encode_call("withdrawBySig", *message.values(), bytes.fromhex(signature[2:]))
    walker.send(walker.stranger, walker.node.call_of(data))
    assert walker.node.balance(target) == owed
    assert walker.node.credit(ZERO_ADDRESS, walker.buyer.address) == 0


def test_deploying_again_changes_nothing(walker: Walker, anvil: str) -> None:
    before = walker.node.head().number
    again = deploy_devnet(anvil)
    assert again == walker.deployment
    assert walker.node.head().number == before


def test_older_contract_is_not_taken_for_ours(walker: Walker, anvil: str) -> None:
    """I09: other code at our address is refused with the one command that answers."""
    code = artifact("TestDAI")["deployedBytecode"]
    walker.rpc("anvil_setCode", walker.node.contract, code)
    with pytest.raises(DeploymentBroken, match="devnet reset"):
        deploy_devnet(anvil)


def test_deploying_to_another_chain_is_refused(walker: Walker, anvil: str) -> None:
    walker.rpc("anvil_setChainId", 1)
    try:
        with pytest.raises(WrongChain, match="serves chain 1"):
            deploy_devnet(anvil)
    finally:
        walker.rpc("anvil_setChainId", 72731)


def test_missing_contract_and_missing_node_have_names(anvil: str) -> None:
    """I09, I10: no code and no answer are errors, never "nothing there"."""
    nowhere = Gateway(anvil, "0x00000000000000000000000000000000000C0dE0")
    with pytest.raises(NoContract):
        nowhere.code_hash()
    with pytest.raises(NoContract):
        nowhere.escrow_state(f"0x{1:064x}")
    with pytest.raises(NodeUnavailable):
        Gateway("http://127.0.0.1:9", nowhere.contract, timeout_seconds=1).head()


def _mark_paid_digest(walker: Walker, terms: Any) -> bytes:
    funded_at = walker.node.escrow_state(terms.trade_id).funded_at
    message = {"trade": terms.as_typed(), "fundedAt": funded_at, "deadline": FAR}
    return typed_data.digest("MarkPaid", message, chain_id=72731, contract=walker.node.contract)


def _is_recovered(walker: Walker, hashed: bytes, signature: bytes) -> bool:
    try:
        return typed_data.recover(hashed, signature) == walker.buyer.address
    except typed_data.SignatureRefused:
        return False


def _is_taken(walker: Walker, terms: Any, signature: bytes) -> bool:
    data = encode_call("markPaidBySig", terms.as_tuple(), FAR, signature)
    try:
        walker.node.simulate(walker.node.call_of(data, sender=walker.stranger.address))
    except EscrowReverted as refused:
        return refused.name != "BadSignature"
    return True


def _permit(walker: Walker, amount: int) -> tuple[int, bytes, bytes]:
    domain = {
        "name": "Test USD Coin",
        "version": "1",
        "chainId": 72731,
        "verifyingContract": walker.usdc,
    }
    names = [
        "owner:address",
        "spender:address",
        "value:uint256",
        "nonce:uint256",
        "deadline:uint256",
    ]
    types = {
        "Permit": [dict(zip(("name", "type"), entry.split(":"), strict=True)) for entry in names]
    }
    message = {
        "owner": walker.seller.address,
        "spender": walker.node.contract,
        "value": amount,
        "nonce": 0,
        "deadline": FAR,
    }
    signed = Account.sign_typed_data(walker.seller.key, domain, types, message)
    return signed.v, encode(["uint256"], [signed.r]), encode(["uint256"], [signed.s])
