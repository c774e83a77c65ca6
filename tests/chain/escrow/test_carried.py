"""A signed step as a file or a QR code: everything anybody needs, nothing that can be changed on the way."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from escrow import relayer
from escrow.carried import FileRefused, calldata_of, carried, document_of, link_of
from escrow.chain.types import DISPUTED, NONE, PAID, ZERO_ADDRESS, TradeTerms
from escrow.models import Chain, RelayTransaction, SignedCall
from escrow.services import accept_signed_settle, accept_signed_withdrawal
from tests.chain.escrow.conftest import DAY, ETHER, FAR, Walker, follow
from tests.chain.escrow.relaying import EVIDENCE, accept, settle_down

pytestmark = pytest.mark.django_db
SCRIPT = Path(__file__).parents[3] / "docs" / "runbook" / "submit_step.py"
Bring = Callable[[SignedCall], None]


def file_of(call: SignedCall, **changes: Any) -> str:
    return json.dumps({**document_of(call), **changes})


@pytest.fixture
def bring(walker: Walker, tmp_path: Path) -> Bring:
    """A stranger sends what he was given by the script of the manual, knowing nothing but the file and a node."""

    def brought(call: SignedCall) -> None:
        assert not carried(file_of(call)).is_made
        saved = tmp_path / "step.json"
        saved.write_text(file_of(call), encoding="utf-8")
        assert "takes it now" in _script(walker, saved).stderr
        done = _script(walker, saved, "send")
        assert (done.returncode, done.stdout.startswith(f"{call.move}: done")) == (0, True), done

    return brought


def _script(walker: Walker, saved: Path, *wanted: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, walker.node.rpc.url, saved, *wanted],
        env={**os.environ, "KEY": "0x" + bytes(walker.stranger.key).hex()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def split_call(walker: Walker, terms: TradeTerms) -> SignedCall:
    half = {"toBuyer": ETHER // 2}
    return accept_signed_settle(
        trade=terms,
        funded_at=walker.node.escrow_state(terms.trade_id).funded_at,
        to_buyer=ETHER // 2,
        deadline=FAR,
        seller_signature=walker.signature("settle", terms, walker.seller, **half),
        buyer_signature=walker.signature("settle", terms, walker.buyer, **half),
    )


@pytest.mark.parametrize(
    ("status", "name", "role", "arguments", "after"),
    [
        ("FUNDED", "markPaid", "buyer", {}, PAID),
        ("PAID", "cancel", "buyer", {}, NONE),
        ("PAID", "release", "seller", {}, NONE),
        ("FUNDED", "grantTime", "seller", {"newPayBy": 0}, 1),
        ("PAID", "dispute", "buyer", {"evidence": EVIDENCE}, DISPUTED),
        ("DISPUTED", "rule", "arbitrator", {"toBuyer": 5, "evidence": EVIDENCE}, NONE),
    ],
)
def test_stranger_brings_any_signed_move(
    chain: Chain,
    walker: Walker,
    bring: Bring,
    status: str,
    name: str,
    role: str,
    arguments: dict[str, Any],
    after: int,
) -> None:
    """Then the relayer finds the step made, and its row is done without a transaction of its own."""
    terms = walker.funded(status)
    if "newPayBy" in arguments:
        arguments = {"newPayBy": walker.node.escrow_state(terms.trade_id).pay_by + 60}
    call = accept(walker, name, terms, getattr(walker, role), **arguments)
    bring(call)
    assert walker.node.escrow_state(terms.trade_id).status == after
    follow(chain)
    assert carried(file_of(call)).is_made
    settle_down(chain, walker)
    call.refresh_from_db()
    assert (call.status, call.reason) == ("DONE", "")
    assert RelayTransaction.objects.count() == 0


def test_stranger_brings_reclaim_split_and_withdrawal(
    chain: Chain, walker: Walker, bring: Bring
) -> None:
    unpaid, split = walker.funded(), walker.funded("PAID")
    walker.skip(1_801)
    bring(accept(walker, "reclaim", unpaid, walker.seller))
    bring(split_call(walker, split))
    owed_to = walker.funded("PAID")
    walker.rpc("anvil_setCode", walker.buyer.address, "0x5f5ffd")
    walker.move("release", owed_to, walker.seller)
    message = {
        "account": walker.buyer.address,
        "token": ZERO_ADDRESS,
        "amount": walker.node.credit(ZERO_ADDRESS, walker.buyer.address),
        "to": "0x000000000000000000000000000000000000bEEF",
        "deadline": FAR,
    }
    call = accept_signed_withdrawal(
        **message, signature=walker.sign(walker.buyer, "Withdraw", message)
    )
    bring(call)
    assert walker.node.balance(message["to"]) == message["amount"]
    follow(chain)
    assert carried(file_of(call)).is_made


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"chainId": 1}, "wrong_chain"),
        ({"chainId": "72731"}, "wrong_chain"),
        ({"contract": "0x" + "11" * 20}, "wrong_contract"),
        ({"move": "release"}, "malformed"),
        ({"move": "steal"}, "malformed"),
        ({"arguments": {"toBuyer": "1"}}, "malformed"),
        ({"arguments": []}, "malformed"),
        ({"fundedAt": "5"}, "wrong_signature"),
        ({"deadline": str(FAR + 1)}, "wrong_signature"),
        ({"deadline": "-1"}, "malformed"),
        ({"deadline": None}, "malformed"),
        ({"signer": "0x" + "22" * 20}, "malformed"),
        ({"signature": "0x" + "11" * 65}, "wrong_signature"),
        ({"signature": "<script>"}, "malformed"),
        ({"tradeId": "0x" + "00" * 32}, "malformed"),
        ({"trade": {}}, "malformed"),
        ({"format": 2}, "malformed"),
    ],
    ids=str,
)
def test_file_that_was_changed_is_refused_with_a_sentence(
    chain: Chain, walker: Walker, changes: dict[str, Any], code: str
) -> None:
    call = accept(walker, "markPaid", walker.funded(), walker.buyer)
    with pytest.raises(FileRefused, match="Nothing was sent") as refused:
        carried(file_of(call, **changes))
    assert refused.value.code == code


@pytest.mark.parametrize(
    "text", ["", "nonsense", "[]", "null", '{"move": "markPaid"}', "{" * 70_000]
)
def test_text_that_is_no_file_is_refused(chain: Chain, text: str) -> None:
    with pytest.raises(FileRefused, match="Nothing was sent"):
        carried(text)


def test_changed_trade_is_told_by_its_signature(chain: Chain, walker: Walker) -> None:
    """Another amount in the terms: another id, which the signature does not cover."""
    call = accept(walker, "release", walker.funded(), walker.seller)
    document = document_of(call)
    document["trade"] = {**document["trade"], "amount": "5"}
    del document["tradeId"]
    with pytest.raises(FileRefused) as refused:
        carried(json.dumps(document))
    assert refused.value.code == "wrong_signature"


def test_split_takes_both_signatures(chain: Chain, walker: Walker) -> None:
    call = split_call(walker, walker.funded("PAID"))
    for changes in ({"buyerSignature": call.signature}, {"buyerSignature": ""}):
        with pytest.raises(FileRefused):
            carried(file_of(call, **changes))
    assert not carried(file_of(call)).is_made


def test_step_that_does_not_fit_the_trade_any_more_says_why(chain: Chain, walker: Walker) -> None:
    """The contract's own words, and the deadline's before the node is asked."""
    terms = walker.funded("PAID")
    follow(chain)
    stale = accept(walker, "cancel", terms, walker.buyer)
    walker.move("release", terms, walker.seller)
    follow(chain)
    with pytest.raises(FileRefused) as refused:
        carried(file_of(stale))
    assert refused.value.code == "BadState"
    late = walker.funded()
    deadline = walker.node.head().time + 60
    signature = walker.signature("markPaid", late, walker.buyer, deadline=deadline)
    row = SignedCall(
        chain=chain,
        move="markPaid",
        terms=late.as_json(),
        trade_id=late.trade_id,
        funded_at=walker.node.escrow_state(late.trade_id).funded_at,
        deadline=deadline,
        signer=walker.buyer.address,
        signature=signature,
    )
    assert not carried(file_of(row)).is_made
    walker.skip(DAY)
    with pytest.raises(FileRefused, match="Sign again") as refused:
        carried(file_of(row))
    assert refused.value.code == "expired"


def test_link_holds_the_whole_file_behind_the_hash(chain: Chain, walker: Walker) -> None:
    """Short enough for a QR code; no server's log ever has it."""
    call = accept(walker, "markPaid", walker.funded(), walker.buyer)
    link = link_of(call)
    before, _, packed = link.partition("#")
    assert before.endswith("/submit/")
    assert len(link) < 1_000
    text = zlib.decompress(
        base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), -zlib.MAX_WBITS
    )
    assert not carried(text.decode()).is_made
    call.signature = "0x" + "a7" * 4_000
    assert len(link_of(call)) < 1_000, "a signature that repeats itself packs well"
    call.signature = "0x" + b"".join(number.to_bytes(2, "big") for number in range(7, 4_000)).hex()
    assert link_of(call) == ""


def test_relayer_and_stranger_send_the_same_bytes(chain: Chain, walker: Walker) -> None:
    call = accept(walker, "markPaid", walker.funded(), walker.buyer)
    relayer.run_once()
    assert RelayTransaction.objects.get().calldata == calldata_of(call)
