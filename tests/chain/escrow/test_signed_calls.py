"""What the hub takes from a signer, and what it refuses before it keeps anything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from escrow.chain.moves import UnknownMove
from escrow.models import Chain, SignedCall
from escrow.selectors import chain_clock
from escrow.services import (
    RelayBudgetSpent,
    SignatureExpired,
    SignatureWrong,
    ValueRefused,
    accept_signed_call,
    accept_signed_settle,
)
from tests.chain.escrow.conftest import DAY, FAR, Walker, follow
from tests.chain.escrow.relaying import accept

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"signer": "stranger"}, SignatureWrong),
        ({"signature": "0x" + "11" * 65}, SignatureWrong),
        ({"signature": "nonsense"}, SignatureWrong),
        ({"deadline": 1}, SignatureExpired),
        ({"deadline": 2**63}, ValueRefused),
        ({"deadline": -1}, ValueRefused),
        ({"funded_at": 2**40}, ValueRefused),
        ({"funded_at": 5}, SignatureWrong),
        ({"move": "release"}, SignatureWrong),
        ({"move": "settle", "arguments": {"toBuyer": 1}}, SignatureWrong),
        ({"move": "timeout"}, UnknownMove),
        ({"move": "steal"}, UnknownMove),
        ({"arguments": {"toBuyer": 1}}, UnknownMove),
    ],
    ids=str,
)
def test_call_that_is_not_signed_by_the_right_party_is_refused(
    chain: Chain, walker: Walker, change: dict[str, Any], error: type[Exception]
) -> None:
    """S16: nothing is kept of a call that its signer did not sign exactly."""
    terms = walker.funded()
    values: dict[str, Any] = {
        "trade": terms,
        "funded_at": walker.node.escrow_state(terms.trade_id).funded_at,
        "move": "markPaid",
        "arguments": {},
        "signer": walker.buyer.address,
        "deadline": FAR,
        "signature": walker.signature("markPaid", terms, walker.buyer),
    }
    if "signer" in change:
        change = {"signer": walker.stranger.address}
    with pytest.raises(error):
        accept_signed_call(**{**values, **change})
    assert SignedCall.objects.count() == 0


def test_split_with_one_wrong_signature_is_refused(chain: Chain, walker: Walker) -> None:
    terms = walker.funded("PAID")
    signature = walker.signature("settle", terms, walker.seller, toBuyer=1)
    with pytest.raises(SignatureWrong):
        accept_signed_settle(
            trade=terms,
            funded_at=walker.node.escrow_state(terms.trade_id).funded_at,
            to_buyer=1,
            deadline=FAR,
            seller_signature=signature,
            buyer_signature=signature,
        )
    assert SignedCall.objects.count() == 0


def test_daily_budget_is_per_account(chain: Chain, walker: Walker, settings: Any) -> None:
    settings.RELAYER_DAILY_CALLS = 2
    for _ in range(2):
        accept(walker, "markPaid", walker.funded(), walker.buyer)
    over = walker.funded()
    with pytest.raises(RelayBudgetSpent, match="your own wallet"):
        accept(walker, "markPaid", over, walker.buyer)
    assert accept(walker, "release", over, walker.seller).status == "WAITING"
    SignedCall.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))
    assert accept(walker, "markPaid", over, walker.buyer).status == "WAITING"


def test_clock_for_deadlines_is_the_chains(chain: Chain, walker: Walker) -> None:
    """S14, I25."""
    terms = walker.funded()
    walker.skip(400 * DAY)
    follow(chain)
    assert chain_clock() > timezone.now().timestamp() + 399 * DAY
    deadline = int(timezone.now().timestamp()) + DAY
    with pytest.raises(SignatureExpired):
        accept_signed_call(
            trade=terms,
            funded_at=walker.node.escrow_state(terms.trade_id).funded_at,
            move="markPaid",
            arguments={},
            signer=walker.buyer.address,
            deadline=deadline,
            signature=walker.signature("markPaid", terms, walker.buyer, deadline=deadline),
        )
