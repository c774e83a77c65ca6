"""What one stranger may submit for many: funding by Permit2, batches, and the arbitrator's dispute and ruling in one call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount

from escrow.chain.codec import encode_call
from escrow.chain.errors import EscrowReverted
from escrow.chain.moves import batch_calldata, dispute_and_rule_calldata
from escrow.chain.permit2 import PERMIT2, funding_calldata, funding_digest, funding_message
from escrow.chain.types import Call, TradeTerms
from escrow.models import Chain, ChainEvent
from escrow.selectors import escrow_for
from tests.chain.escrow.conftest import ETHER, FAR, Walker, follow

pytestmark = pytest.mark.django_db
EVIDENCE = f"0x{99:064x}"
FEE = ETHER * 50 // 10_000


def permitted(walker: Walker, terms: TradeTerms, *, nonce: int, by: LocalAccount) -> Call:
    """The call that funds the trade with `by`'s signature for Permit2."""
    mint = encode_call("mint", terms.seller, terms.amount, contract="TestUSDC")
    approve = encode_call("approve", PERMIT2, 2**256 - 1, contract="TestUSDC")
    for data in (mint, approve):
        walker.send(walker.seller, Call(to=terms.token, data=data))
    document = funding_message(
        terms,
        contract=walker.node.contract,
        nonce=nonce,
        deadline=FAR,
        chain_id=walker.deployment.chain_id,
    )
    signature = "0x" + bytes(by.unsafe_sign_hash(funding_digest(document)).signature).hex()
    return walker.node.call_of(
        funding_calldata(terms, nonce=nonce, deadline=FAR, signature=signature)
    )


def rows(walker: Walker, chain: Chain, *trades: TradeTerms) -> list[tuple[str, str, Any]]:
    """Status, outcome and the buyer's part of each trade, as followed."""
    walker.mine(2)
    follow(chain)
    found = [escrow_for(terms.trade_id) for terms in trades]
    return [(row.status, row.outcome, row.to_buyer) for row in found if row is not None]


def test_anybody_funds_with_the_sellers_permit2_signature(chain: Chain, walker: Walker) -> None:
    """S16: the seller sends nothing, and the hub follows it like any other funding."""
    terms = walker.terms(token=walker.usdc, amount=250_000_000)
    receipt = walker.send(walker.stranger, permitted(walker, terms, nonce=7, by=walker.seller))
    assert rows(walker, chain, terms) == [("FUNDED", "", None)]
    row = escrow_for(terms.trade_id)
    assert row is not None
    time = walker.node.block_always(receipt.block_number).time
    assert (row.funded_at, row.pay_by) == (time, time + terms.pay_window)


@pytest.mark.parametrize("signer", ["buyer", "stranger"])
def test_nobody_funds_with_another_signature(walker: Walker, signer: str) -> None:
    terms = walker.terms(token=walker.usdc, amount=250_000_000)
    call = permitted(walker, terms, nonce=8, by=getattr(walker, signer))
    with pytest.raises(EscrowReverted) as refused:
        walker.node.simulate(replace(call, sender=walker.stranger.address))
    assert refused.value.name == "InvalidSigner"
    assert "Nothing was locked" in str(refused.value)


def test_a_used_permit_funds_nothing_more(walker: Walker) -> None:
    """S01."""
    terms = walker.terms(token=walker.usdc, amount=250_000_000)
    call = permitted(walker, terms, nonce=9, by=walker.seller)
    walker.send(walker.stranger, call)
    walker.skip(2)
    walker.move("cancel", terms, walker.buyer)
    with pytest.raises(EscrowReverted) as refused:
        walker.node.simulate(replace(call, sender=walker.stranger.address))
    assert refused.value.name == "InvalidNonce"


@pytest.mark.parametrize("seller_is_first", [True, False])
def test_a_permit_withdrawn_in_the_block_of_its_use(
    chain: Chain, walker: Walker, seller_is_first: bool
) -> None:
    """S15: whichever is mined first counts; the other fails or changes nothing."""
    terms = walker.terms(token=walker.usdc, amount=250_000_000)
    use = walker.stranger, permitted(walker, terms, nonce=11, by=walker.seller)
    withdraw_data = encode_call("invalidateUnorderedNonces", 0, 1 << 11, contract="Permit2")
    withdraw = walker.seller, Call(to=PERMIT2, data=withdraw_data)
    walker.rpc("evm_setAutomine", False)
    try:
        # The node takes them in the order in which they came.
        hashes = [
            walker.rpc("eth_sendTransaction", _request(by, call))
            for by, call in ((withdraw, use) if seller_is_first else (use, withdraw))
        ]
        walker.mine()
    finally:
        walker.rpc("evm_setAutomine", True)
    receipts = [walker.node.receipt(tx_hash) for tx_hash in hashes]
    assert receipts[0] is not None
    assert receipts[1] is not None
    assert receipts[0].block_number == receipts[1].block_number
    assert [one.succeeded for one in receipts if one] == [True, not seller_is_first]
    assert rows(walker, chain, terms) == ([] if seller_is_first else [("FUNDED", "", None)])


def _request(by: LocalAccount, call: Call) -> dict[str, str]:
    """With a gas limit of its own: nobody tries it before it is mined."""
    return {"from": by.address, "to": call.to, "data": call.data, "gas": hex(500_000)}


def test_a_batch_does_what_it_can_and_every_trade_is_followed(chain: Chain, walker: Walker) -> None:
    """Marked paid, then released, in two transactions of a stranger; the one signed by the wrong account is passed over."""
    trades = [walker.funded() for _ in range(3)]
    for name, by, wrong in (
        ("markPaid", walker.buyer, walker.stranger),
        ("release", walker.seller, walker.buyer),
    ):
        signed = [
            (terms, FAR, walker.signature(name, terms, wrong if at == 1 else by))
            for at, terms in enumerate(trades)
        ]
        receipt = walker.send(walker.stranger, walker.node.call_of(batch_calldata(name, signed)))
        assert len(receipt.logs) == 2
    assert rows(walker, chain, *trades) == [
        ("CLOSED", "RELEASED", ETHER),
        ("FUNDED", "", None),
        ("CLOSED", "RELEASED", ETHER),
    ]


def test_dispute_and_ruling_in_one_call_are_two_events_of_one_trade(
    chain: Chain, walker: Walker
) -> None:
    terms = walker.funded("PAID")
    signature = walker.signature("dispute", terms, walker.seller, evidence=EVIDENCE)
    data = dispute_and_rule_calldata(
        terms,
        to_buyer=ETHER // 4,
        evidence=EVIDENCE,
        by=walker.seller.address,
        dispute_evidence=EVIDENCE,
        signature=signature,
        deadline=FAR,
    )
    walker.send(walker.arbitrator, walker.node.call_of(data))
    assert rows(walker, chain, terms) == [("CLOSED", "RULED", ETHER // 4)]
    events = ChainEvent.objects.filter(trade_id=terms.trade_id).order_by("log_index")
    names = list(events.values_list("name", flat=True))
    assert names[-2:] == ["Disputed", "Ruled"]
