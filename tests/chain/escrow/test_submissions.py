"""People's own transactions are intents: watched, explained, never believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from escrow.chain.moves import direct_calldata
from escrow.chain.types import Call
from escrow.models import Chain, Submission
from escrow.selectors import escrow_for, submissions
from escrow.services import TooManySubmissions, UnrelatedTransaction, record_submission
from escrow.submissions import watch_once
from tests.chain.escrow.conftest import ETHER, Walker, follow

pytestmark = pytest.mark.django_db
UNKNOWN = f"0x{12345:064x}"


def submit(walker: Walker, trade_id: str, tx_hash: str, move: str = "markPaid") -> Submission:
    return record_submission(
        account=walker.buyer.address, trade_id=trade_id, move=move, tx_hash=tx_hash
    )


def send_waiting(
    walker: Walker, data: str, *, gas: int = 300_000, price: int = 1, to: str = ""
) -> str:
    """A transaction of the buyer that no simulation has seen before; `price` times the usual fee, to outbid another."""
    node = walker.node
    max_fee, priority = node.gas_price()
    signed = node.sign(
        "0x" + bytes(walker.buyer.key).hex(),
        Call(to=to, data=data) if to else node.call_of(data),
        chain_id=72731,
        nonce=node.nonce_of(walker.buyer.address),
        gas=gas,
        max_fee=max_fee * price,
        priority_fee=priority * price,
    )
    return node.send_raw(signed.raw)


@contextmanager
def held_in_the_pool(walker: Walker) -> Iterator[None]:
    """Nothing is mined meanwhile; then one block."""
    walker.rpc("evm_setAutomine", False)
    try:
        yield
    finally:
        walker.rpc("evm_setAutomine", True)
    walker.mine()


def test_mined_transaction_is_seen_and_moves_nothing_by_itself(
    chain: Chain, walker: Walker
) -> None:
    terms = walker.funded()
    receipt = walker.move("markPaid", terms, walker.buyer)
    row = submit(walker, terms.trade_id, receipt.tx_hash)
    assert row.status == "PENDING"
    assert watch_once() == {terms.trade_id}
    # On its way until its event is read, so that no page loses sight of it in between.
    assert submissions(terms.trade_id)[0].status == "PENDING"
    follow(chain)
    assert watch_once() == {terms.trade_id}
    assert submissions(terms.trade_id)[0].status == "MINED"
    escrow = escrow_for(terms.trade_id)
    assert escrow is not None
    assert escrow.status == "FUNDED"


def test_same_hash_again_is_the_same_row(chain: Chain, walker: Walker) -> None:
    terms = walker.funded()
    first = submit(walker, terms.trade_id, UNKNOWN)
    assert submit(walker, terms.trade_id, UNKNOWN).pk == first.pk


def test_hash_of_an_unrelated_transaction_is_refused(chain: Chain, walker: Walker) -> None:
    """Another contract, another trade, another account or another move is not this step."""
    terms, other = walker.funded(), walker.funded()
    plain = walker.send(walker.buyer, Call(to=walker.stranger.address, data="0x", value=1))
    of_other = walker.move("markPaid", other, walker.buyer)
    by_seller = walker.move("release", terms, walker.seller)
    for tx_hash in (plain.tx_hash, of_other.tx_hash, by_seller.tx_hash):
        with pytest.raises(UnrelatedTransaction):
            submit(walker, terms.trade_id, tx_hash)
    with pytest.raises(UnrelatedTransaction):
        submit(walker, other.trade_id, of_other.tx_hash, move="release")
    with pytest.raises(ValidationError):
        submit(walker, terms.trade_id, "0x12")
    assert Submission.objects.count() == 0


def test_refused_transaction_has_its_decoded_reason(chain: Chain, walker: Walker) -> None:
    terms = walker.funded("PAID")
    tx_hash = send_waiting(walker, direct_calldata("markPaid", terms))
    submit(walker, terms.trade_id, tx_hash)
    watch_once()
    row = Submission.objects.get()
    assert (row.status, row.reason) == ("REVERTED", "BadState")
    assert "it is paid" in row.text


def test_waiting_transaction_is_known_by_sender_and_nonce(chain: Chain, walker: Walker) -> None:
    terms = walker.funded()
    walker.rpc("evm_setAutomine", False)
    try:
        submit(walker, terms.trade_id, send_waiting(walker, direct_calldata("markPaid", terms)))
        watch_once()
        row = Submission.objects.get()
        assert (row.status, row.sender) == ("PENDING", walker.buyer.address)
        assert row.nonce == walker.node.nonce_of(walker.buyer.address)
        walker.rpc("anvil_dropTransaction", row.tx_hash)
    finally:
        walker.rpc("evm_setAutomine", True)
    walker.send(walker.buyer, Call(to=walker.stranger.address, data="0x", value=1))
    watch_once()
    row.refresh_from_db()
    assert (row.status, row.reason) == ("REPLACED", "Replaced")


def test_transaction_that_never_appears_is_dropped_after_ten_minutes(
    chain: Chain, walker: Walker
) -> None:
    terms = walker.funded()
    row = submit(walker, terms.trade_id, UNKNOWN)
    assert watch_once() == frozenset()
    Submission.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert watch_once() == {terms.trade_id}
    row.refresh_from_db()
    assert (row.status, row.reason) == ("DROPPED", "Dropped")
    assert "Send it again" in row.text


def test_hash_that_turns_out_to_be_unrelated_is_dropped(chain: Chain, walker: Walker) -> None:
    terms = walker.funded()
    plain = walker.send(walker.buyer, Call(to=walker.stranger.address, data="0x", value=ETHER))
    Submission.objects.create(
        chain=chain,
        trade_id=terms.trade_id,
        account=walker.buyer.address,
        move="markPaid",
        tx_hash=plain.tx_hash,
    )
    watch_once()
    row = Submission.objects.get()
    assert (row.status, row.reason) == ("DROPPED", "Unrelated")


def test_mined_transaction_that_a_reorg_undid_waits_again(chain: Chain, walker: Walker) -> None:
    """I02."""
    terms = walker.funded()
    walker.mine(2)
    submit(walker, terms.trade_id, walker.move("markPaid", terms, walker.buyer).tx_hash)
    watch_once()
    walker.reorg(1)
    watch_once()
    assert Submission.objects.get().status == "PENDING"


def test_only_so_many_may_wait_for_one_trade(chain: Chain, walker: Walker) -> None:
    terms = walker.funded()
    for number in range(1, 11):
        submit(walker, terms.trade_id, f"0x{number:064x}")
    with pytest.raises(TooManySubmissions):
        submit(walker, terms.trade_id, UNKNOWN)


def test_sped_up_transaction_goes_on_under_its_new_hash(chain: Chain, walker: Walker) -> None:
    """N15: same nonce, dearer, the same step: it is that step going on, found by sender and nonce."""
    terms = walker.funded()
    mark_paid = direct_calldata("markPaid", terms)
    with held_in_the_pool(walker):
        row = submit(walker, terms.trade_id, send_waiting(walker, mark_paid))
        assert (row.sender, row.nonce is None) == (walker.buyer.address, False)
        faster = send_waiting(walker, mark_paid, price=2)
    # Many blocks later it is still found.
    walker.mine(40)
    assert watch_once() == {terms.trade_id}
    row.refresh_from_db()
    assert (row.status, row.replaced_by) == ("PENDING", faster), "its event is not read yet"
    follow(chain)
    watch_once()
    row.refresh_from_db()
    assert (row.status, row.replaced_by, row.reason) == ("MINED", faster, "")
    escrow = escrow_for(terms.trade_id)
    assert escrow is not None
    assert escrow.status == "PAID"


def test_cancelled_transaction_is_told_so(chain: Chain, walker: Walker) -> None:
    """N15: the wallet's cancel is an empty transaction to oneself with the same nonce."""
    terms = walker.funded()
    with held_in_the_pool(walker):
        row = submit(
            walker, terms.trade_id, send_waiting(walker, direct_calldata("markPaid", terms))
        )
        send_waiting(walker, "0x", price=2, to=walker.buyer.address)
    watch_once()
    row.refresh_from_db()
    assert (row.status, row.reason, row.replaced_by) == ("REPLACED", "Replaced", "")
    assert "cancelled" in row.text
    assert "send it again" in row.text
    assert walker.node.escrow_state(terms.trade_id).status == 1


def test_another_step_with_the_same_nonce_is_not_this_one(chain: Chain, walker: Walker) -> None:
    """N15: the person changed his mind and cancelled the trade instead of marking it paid."""
    terms = walker.funded()
    with held_in_the_pool(walker):
        row = submit(
            walker, terms.trade_id, send_waiting(walker, direct_calldata("markPaid", terms))
        )
        send_waiting(walker, direct_calldata("cancel", terms), price=2)
    watch_once()
    row.refresh_from_db()
    assert (row.status, row.reason) == ("REPLACED", "Replaced")


def test_sped_up_transaction_that_fails_has_its_reason(chain: Chain, walker: Walker) -> None:
    """N15: "paid" was recorded meanwhile; the contract's word comes with it."""
    terms = walker.funded("PAID")
    with held_in_the_pool(walker):
        row = submit(
            walker, terms.trade_id, send_waiting(walker, direct_calldata("markPaid", terms))
        )
        send_waiting(walker, direct_calldata("markPaid", terms), price=2)
    follow(chain)
    watch_once()
    row.refresh_from_db()
    assert (row.status, row.reason) == ("REVERTED", "BadState")


def test_transaction_that_ran_out_of_gas_is_told_so(chain: Chain, walker: Walker) -> None:
    """N15: a limit that somebody typed into the wallet."""
    terms = walker.funded()
    with held_in_the_pool(walker):
        tx_hash = send_waiting(walker, direct_calldata("markPaid", terms), gas=30_000)
        row = submit(walker, terms.trade_id, tx_hash)
    follow(chain)
    watch_once()
    row.refresh_from_db()
    assert (row.status, row.reason) == ("REVERTED", "OutOfGas")
    assert "used up the gas" in row.text


def test_dropped_transaction_that_was_seen_is_given_two_minutes(
    chain: Chain, walker: Walker
) -> None:
    """N15: a pool forgets it; nothing took its nonce."""
    terms = walker.funded()
    with held_in_the_pool(walker):
        row = submit(
            walker, terms.trade_id, send_waiting(walker, direct_calldata("markPaid", terms))
        )
        watch_once()
        walker.rpc("anvil_dropTransaction", row.tx_hash)
    watch_once()
    row.refresh_from_db()
    assert row.status == "PENDING"
    Submission.objects.update(seen_at=timezone.now() - timedelta(minutes=3))
    watch_once()
    row.refresh_from_db()
    assert (row.status, row.reason) == ("DROPPED", "Dropped")


def test_hash_that_a_peer_made_up_moves_nothing(chain: Chain, walker: Walker) -> None:
    """N16: a real transaction of somebody else, a real one of his own that is no step, one that does not exist."""
    terms = walker.funded()
    walker.mine(2)
    follow(chain)
    payment = walker.send(walker.stranger, Call(to=walker.seller.address, data="0x", value=ETHER))
    own = walker.send(walker.buyer, Call(to=walker.seller.address, data="0x", value=ETHER))
    for tx_hash in (payment.tx_hash, own.tx_hash):
        with pytest.raises(UnrelatedTransaction):
            submit(walker, terms.trade_id, tx_hash)
    row = submit(walker, terms.trade_id, UNKNOWN)
    watch_once()
    walker.mine(3)
    follow(chain)
    escrow = escrow_for(terms.trade_id)
    assert escrow is not None
    assert (escrow.status, escrow.amount) == ("FUNDED", ETHER)
    row.refresh_from_db()
    assert row.status == "PENDING"
